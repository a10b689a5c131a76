const SPACE = /\s*/y;
const NAME = /[^\s="]+=/y;
const QUOTED = /"(?:[^"\\]|\\.)*"(?=\s|$)/y;
const BARE = /[^\s"]*(?=\s|$)/y;

/**
 * The values of a line that consists of `name=value` and `name="quoted value"`, as logrus, go-kit and Heroku write it; undefined
 * where it holds anything else, or fewer than two of them.
 */
export function logfmtFields(line: string): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  let at = 0;
  const read = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const [text] = pattern.exec(line) ?? [];
    if (text !== undefined) at += text.length;
    return text;
  };
  read(SPACE);
  while (at < line.length) {
    const name = read(NAME)?.slice(0, -1);
    if (name === undefined) return undefined;
    const quoted = read(QUOTED);
    const value = quoted === undefined ? read(BARE) : unquoted(quoted);
    if (value === undefined) return undefined;
    if (name !== "__proto__") fields.set(name, value);
    read(SPACE);
  }
  return fields.size < 2 ? undefined : fields;
}

/** Go quotes nearly as JSON does. */
function unquoted(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "string") return value;
  } catch {
    // An escape that JSON does not have.
  }
  return text.slice(1, -1).replace(/\\(.)/g, "$1");
}

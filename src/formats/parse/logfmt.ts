const SPACE = /\s*/y;
const NAME = /[^\s="]+=/y;
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
    const end = quotedEnd(line, at);
    const value = end === undefined ? read(BARE) : unquoted(line.slice(at, end));
    if (value === undefined) return undefined;
    at = end ?? at;
    if (name !== "__proto__") fields.set(name, value);
    read(SPACE);
  }
  return fields.size < 2 ? undefined : fields;
}

/** Behind a quoted value that begins at `start`, and that a space or the line's end follows. An expression has no room for a very long one. */
function quotedEnd(line: string, start: number): number | undefined {
  if (line[start] !== '"') return undefined;
  let at = start + 1;
  while (at < line.length && line[at] !== '"') at += line[at] === "\\" ? 2 : 1;
  const end = at + 1;
  return at < line.length && (end === line.length || /\s/.test(line.charAt(end))) ? end : undefined;
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

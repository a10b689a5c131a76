/** What the log driver was told to note with each line: `labels`, `env` and `tag` of Docker's `log-opts`. */
export type Attributes = Readonly<Record<string, string>>;

/** Without a prefix of this form the engine has sent none. Go's `url.QueryEscape` leaves only these characters as they are. */
const PREFIX = /^(?:[\w.~%+-]*=[\w.~%+-]*(?:,(?!$)|$))*$/;

const NONE: Attributes = Object.freeze({});

/**
 * Reads what `details=1` puts before a line, up to its space: "k=v,k=v", escaped as in a query (moby,
 * `api/server/httputils/write_log_stream.go`). Undefined where it is none.
 */
export function parseAttributes(prefix: string): Attributes | undefined {
  if (prefix === "") return NONE;
  if (!PREFIX.test(prefix)) return undefined;
  const pairs = prefix.split(",").map((pair): [string, string] => {
    const equals = pair.indexOf("=");
    return [unescaped(pair.slice(0, equals)), unescaped(pair.slice(equals + 1))];
  });
  return Object.freeze(Object.fromEntries(pairs));
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    // Bytes that are no UTF-8 stay as they were sent.
    return text;
  }
}

const SPACE = 0x20;

/** Takes the attributes off texts. All lines of a container have the same ones as a rule: they share one object. */
export class AttributePrefix {
  #sent: string | undefined;
  #attributes: Attributes | undefined;

  /** What stands before the text, and where that begins; undefined where nothing does. */
  read(text: Buffer): { readonly attributes: Attributes; readonly textStart: number } | undefined {
    const space = text.indexOf(SPACE);
    if (space === -1) return undefined;
    const attributes = this.parse(text.toString("latin1", 0, space));
    return attributes && { attributes, textStart: space + 1 };
  }

  parse(sent: string): Attributes | undefined {
    if (sent !== this.#sent) {
      this.#sent = sent;
      this.#attributes = parseAttributes(sent);
    }
    return this.#attributes;
  }
}

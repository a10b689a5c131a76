import type { Attributes } from "../wire/attributes.ts";

export const NO_ATTRIBUTES: Attributes = Object.freeze({});

/** `,"attrs":` */
const KEY_BYTES = 9;

/** Reads the attributes of `json-file` lines. All lines of a log have the same ones as a rule: they share one object. */
export class NotedAttributes {
  /** As they stood in the last line of which that is known. */
  #noted: Buffer | undefined;
  #attributes: Attributes = NO_ATTRIBUTES;

  /** `noted`: as they stand in a line, with their key; empty where it has none. Undefined: they are no JSON. */
  of(noted: Buffer): Attributes | undefined {
    if (this.#noted?.equals(noted) === true) return this.#attributes;
    const value = noted.length === 0 ? {} : parsed(noted.toString("utf8", KEY_BYTES));
    if (value === undefined) return undefined;
    const attributes = this.shared(attributesOf(value));
    // The bytes are a buffer's that is used anew.
    this.#noted = Buffer.from(noted);
    return attributes;
  }

  /** The object that is known for them. */
  shared(attributes: Attributes): Attributes {
    if (!isSame(this.#attributes, attributes)) {
      this.#attributes = attributes;
      this.#noted = undefined;
    }
    return this.#attributes;
  }
}

/** In the order in which the API sends them (moby, `api/server/httputils/write_log_stream.go`): that of their bytes. */
export function attributesOf(attrs: unknown): Attributes {
  if (typeof attrs !== "object" || attrs === null) return NO_ATTRIBUTES;
  const pairs = Object.entries(attrs)
    .filter((pair): pair is [string, string] => typeof pair[1] === "string")
    .toSorted(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  return pairs.length === 0 ? NO_ATTRIBUTES : Object.freeze(Object.fromEntries(pairs));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSame(one: Attributes, other: Attributes): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}

import { types } from "node:util";

/** What a terminal or a log may obey: control characters, line ends, marks of direction, and what cannot be seen. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u200b\u2060-\u206f\ufeff]/gu;

/** A text of somebody else's as one line that can be shown anywhere: escaped, and cut at `max` characters. */
export function printable(text: string, max = 1_000): string {
  const start = text.length > max ? `${text.slice(0, max)}…` : text;
  return start.replace(unprintable, escaped);
}

const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(character: string): string {
  return named[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Longer texts are shown by their beginning: they may be a file's content, or a key. */
const MAX_SHOWN = 60;
const MAX_NAMES = 10;

/** A value of the caller's in a few words. Of an object, its keys: what they hold may be secret. */
export function show(value: unknown): string {
  if (typeof value === "string") return showText(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  try {
    if (Array.isArray(value)) return showList(value);
    return showObject(value);
  } catch {
    // A getter or a proxy of the caller's.
    return "an object that can't be shown";
  }
}

function showText(text: string): string {
  if (text.includes("-----BEGIN")) return "a PEM text";
  // Of an URL, no user, no password, no token.
  const safe = text.replace(/\/\/.*@/s, "//…@").replace(/(:\/\/[^?#]*)[?#].*$/s, "$1…");
  return printable(JSON.stringify(safe.length > MAX_SHOWN ? `${safe.slice(0, MAX_SHOWN)}…` : safe));
}

function showList(items: readonly unknown[]): string {
  if (items.length > MAX_NAMES) return `a list of ${items.length}`;
  return `[${items.map(showPart).join(", ")}]`;
}

function showObject(value: object): string {
  const type = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (types.isDate(value)) return Number.isNaN(value.getTime()) ? "an invalid Date" : "a Date";
  if (type !== "Object") return `a value of the type ${printable(type, MAX_SHOWN)}`;
  const keys = Object.keys(value);
  if (keys.length === 0) return "{}";
  const fields = keys
    .slice(0, MAX_NAMES)
    .map((key) => `${printable(key, MAX_SHOWN)}: ${showPart(Reflect.get(value, key))}`);
  return `{ ${fields.join(", ")}${keys.length > MAX_NAMES ? ", …" : ""} }`;
}

/** Texts and objects may hold secrets; numbers are mostly what is wrong. */
function showPart(part: unknown): string {
  if (typeof part === "string") return "a string";
  return typeof part === "object" && part !== null ? "an object" : show(part);
}

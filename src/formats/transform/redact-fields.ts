import { checkText } from "../../checks.ts";

/**
 * Replaces the values of named fields in a line. It looks for the names, and not for JSON: what is cut short, or stands in the midst of
 * a text, is found as well. Each character is looked at a few times at the most.
 */
export function fieldRedaction(fields: readonly string[], mark: string): (line: string) => string {
  for (const field of fields) checkText("fields", field);
  const names = fields.map((name) => name.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  const assigned = new RegExp(
    `(?<![\\w-])(?:${names.join("|")})(?:(\\\\?["'])?\\s*[:=]\\s*)`,
    "gi",
  );
  return (line) => {
    let text = "";
    let copied = 0;
    assigned.lastIndex = 0;
    for (let match = assigned.exec(line); match !== null; match = assigned.exec(line)) {
      const start = assigned.lastIndex;
      const nameQuote = match[1] ?? "";
      const { end, quote } = valueAt(line, start, nameQuote !== "");
      if (end === start) continue;
      const marks = quote === "" ? nameQuote : quote;
      text += `${line.slice(copied, start)}${marks}${quotable(mark, marks)}${marks}`;
      copied = end;
      assigned.lastIndex = end;
    }
    return copied === 0 ? line : text + line.slice(copied);
  };
}

/** The mark between quotes of JSON, or of JSON inside of JSON. */
function quotable(mark: string, quote: string): string {
  if (quote === '"') return JSON.stringify(mark).slice(1, -1);
  if (quote === '\\"') return JSON.stringify(JSON.stringify(mark).slice(1, -1)).slice(1, -1);
  return mark;
}

/** A value's end, at the latest the line's, and its quote: `"`, `'`, `\"`, or none. */
function valueAt(
  line: string,
  start: number,
  isJson: boolean,
): { readonly end: number; readonly quote: string } {
  const quote = /\\?["']/y;
  quote.lastIndex = start;
  const [mark] = quote.exec(line) ?? [];
  if (mark !== undefined) return { end: quotedEnd(line, start + mark.length, mark), quote: mark };
  const first = line[start];
  const end =
    first === "{" || first === "[" ? nestedEnd(line, start) : bareEnd(line, start, isJson);
  return { end, quote: "" };
}

/** Behind the closing quote. `from`: behind the opening one. */
function quotedEnd(line: string, from: number, quote: string): number {
  const isNested = quote.length === 2;
  for (let at = from; at < line.length; at++) {
    if (line.startsWith(quote, at)) return at + quote.length;
    if (line[at] !== "\\") continue;
    // An escape; inside of JSON inside of JSON it is "\\" and then a character, which may be escaped itself.
    if (isNested && line[at + 1] === "\\") at += line[at + 2] === "\\" ? 3 : 2;
    else at += 1;
  }
  return line.length;
}

/** Behind the bracket that closes the one at `start`, whatever stands in texts between them. */
function nestedEnd(line: string, start: number): number {
  let depth = 0;
  for (let at = start; at < line.length; at++) {
    const character = line[at];
    if (character === '"') at = quotedEnd(line, at + 1, '"') - 1;
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    if (depth === 0) return at + 1;
  }
  return line.length;
}

/** Of JSON a number, true, false or null. */
const JSON_WORD = /[^\s,}\]"'\\]*/y;
/** Of text all up to a space, since a secret may hold any character; of an `authorization` header, the scheme and what follows. */
const TEXT_WORD = /(?:(?:basic|bearer|digest|negotiate|token)\s+)?[^\s"'\\]*/iy;

function bareEnd(line: string, start: number, isJson: boolean): number {
  const word = isJson ? JSON_WORD : TEXT_WORD;
  word.lastIndex = start;
  return start + (word.exec(line)?.[0].length ?? 0);
}

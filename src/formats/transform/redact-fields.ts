import { checkText } from "../../checks.ts";

/** Colours, which some loggers put around a field's name. */
const COLOURS = String.raw`(?:\u001b\[[\d;]{0,20}m)`;
/** Not within another word: `my-password` is another name, and `--password` is not. */
const BEGINNING = String.raw`(?:(?<!\w-{0,2})|(?<=\u001b\[[\d;]{0,20}m))`;
/** Ruby, Perl and PHP write `=>`; Go's debuggers write `:=`. */
const ASSIGNMENT = String.raw`\s*(?:=>|:=|[:=])\s*`;

/**
 * Replaces the values of named fields in a line. It looks for the names, and not for JSON: what is cut short, or stands in the midst of
 * a text, is found as well. Each character is looked at a few times at the most.
 */
export function fieldRedaction(fields: readonly string[], mark: string): (line: string) => string {
  for (const field of fields) checkText("fields", field);
  const names = fields.map((name) => name.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|");
  // The name first: an expression that begins with a text is found several times as fast.
  const assigned = new RegExp(
    `(?:${names})(?<=${BEGINNING}(?:${names}))(\\\\*["'])?${COLOURS}{0,4}${ASSIGNMENT}${COLOURS}{0,4}`,
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

/** The mark between quotes of JSON, or of JSON inside of JSON, however often. */
function quotable(mark: string, quote: string): string {
  if (!quote.endsWith('"')) return mark;
  let text = mark;
  for (let level = Math.log2(quote.length); level >= 0; level--)
    text = JSON.stringify(text).slice(1, -1);
  return text;
}

/** A value's end, at the latest the line's, and its quote: `"`, `'`, `\"`, or none. */
function valueAt(
  line: string,
  start: number,
  isJson: boolean,
): { readonly end: number; readonly quote: string } {
  const quote = /\\*["']/y;
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
  // Each level of JSON doubles the backslashes before a quote, and puts one more there.
  const own = quote.length - 1;
  const escaped = 2 * quote.length;
  const [mark] = quote.slice(-1);
  let backslashes = 0;
  for (let at = from; at < line.length; at++) {
    const character = line[at];
    if (character === "\\") {
      backslashes++;
      continue;
    }
    if (character === mark && backslashes % escaped === own) return at + 1;
    backslashes = 0;
  }
  return line.length;
}

/** Behind the bracket that closes the one at `start`, whatever stands in texts between them. */
function nestedEnd(line: string, start: number): number {
  let depth = 0;
  for (let at = start; at < line.length; at++) {
    const character = line[at];
    if (character === '"') at = quotedEnd(line, at + 1, quoteAt(line, at)) - 1;
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    if (depth === 0) return at + 1;
  }
  return line.length;
}

/** A quote with the backslashes before it. */
function quoteAt(line: string, at: number): string {
  let start = at;
  while (line[start - 1] === "\\") start--;
  return line.slice(start, at + 1);
}

/** Of JSON a number, true, false or null. */
const JSON_WORD = /[^\s,}\]"'\\]*/y;
/**
 * Of text all up to a space or a closing quote, since a secret may hold any character: a quote before a letter or digit closes nothing, and a
 * backslash is its own, unless a quote follows. Of an `authorization` header, the scheme and what follows. Each run of backslashes is looked
 * at once: what a lookahead has found is not taken back.
 */
const TEXT_WORD =
  /(?:(?:basic|bearer|digest|negotiate|token)\s+)?(?:[^\s"'\\]+|(?=(\\+))\1(?!["'])|\\*["'](?=[\p{L}\p{N}]))*/iuy;

function bareEnd(line: string, start: number, isJson: boolean): number {
  const word = isJson ? JSON_WORD : TEXT_WORD;
  word.lastIndex = start;
  return start + (word.exec(line)?.[0].length ?? 0);
}

import { stripVTControlCharacters } from "node:util";
import { printable } from "../../printable.ts";

/** Characters of a line that are kept and shown. */
export const SHOWN_CHARACTERS = 4_000;

/** A line's beginning, which does not hold the rest of a long one in memory. */
export function beginning(line: string): string {
  if (line.length <= SHOWN_CHARACTERS) return line;
  return Buffer.from(line.slice(0, SHOWN_CHARACTERS)).toString();
}

/** A log's text as it is shown: colours and the like are taken out, what else may mislead is escaped. Line ends stay. */
export function shownText(text: string): string {
  return stripVTControlCharacters(text)
    .split("\n")
    .map((part) => printable(part.replaceAll("\t", "    "), Infinity))
    .join("\n");
}

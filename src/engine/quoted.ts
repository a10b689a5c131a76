import { printable } from "../printable.ts";

/** A peer's words in quotation marks, on one line, and cut where they are long. */
export function quoted(text: string, max: number): string {
  return printable(JSON.stringify(text.length > max ? `${text.slice(0, max)}…` : text));
}

import type { Entry } from "../wire/entry.ts";
import { PIECE_BYTES } from "../wire/frame-scan.ts";
import { NANOSECOND_UTC_LENGTH } from "../wire/timestamps.ts";

/** In a frame a timestamp and a space stand before the text. */
const FIRST_BYTES = PIECE_BYTES - NANOSECOND_UTC_LENGTH - 1;

/** A longer text may be more than one piece. */
export const LONGEST_TEXT: number = FIRST_BYTES - 1;

/** An entry in the pieces that the wire's decoder makes of a frame as long. */
export function inPieces(entry: Entry): Entry[] {
  const { text, ended } = entry;
  const bytes = text.length + (ended ? 1 : 0);
  if (bytes <= FIRST_BYTES) return [entry];
  const pieces: Entry[] = [{ ...entry, text: text.subarray(0, FIRST_BYTES), ended: false }];
  for (let at = FIRST_BYTES; at < bytes; at += PIECE_BYTES)
    pieces.push({
      ...entry,
      text: text.subarray(at, at + PIECE_BYTES),
      ended: ended && at + PIECE_BYTES >= bytes,
      isRest: true,
    });
  return pieces;
}

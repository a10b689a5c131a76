import { toUtc } from "../../src/wire/timestamps.ts";
import type { Decoded } from "./bytes.ts";

const PIECE_BYTES = 65_536;

/** What a stream is, read in the simplest way: all of its bytes at once, one frame after the other. */
export interface ReferenceLog {
  readonly entries: readonly Decoded[];
  /** Why nothing can be read behind them. */
  readonly fault: "header" | "timestamp" | { readonly message: string } | undefined;
  /** It ends within a frame; where that is within its header, a fault of it may show only with the rest. */
  readonly isCut: boolean;
}

export function referenceDecode(bytes: Buffer): ReferenceLog {
  const entries: Decoded[] = [];
  let at = 0;
  while (at < bytes.length) {
    const header = bytes.subarray(at, at + 8);
    if ((header[0] ?? 0) > 3 || [...header.subarray(1, 4)].some((byte) => byte !== 0))
      return { entries, fault: "header", isCut: header.length < 8 };
    if (header.length < 8) return { entries, fault: undefined, isCut: true };
    const length = header.readUInt32BE(4);
    const payload = bytes.subarray(at + 8, at + 8 + length);
    const isLong = length > PIECE_BYTES;
    if (payload.length < Math.min(length, PIECE_BYTES))
      return { entries, fault: undefined, isCut: true };
    const first = payload.subarray(0, PIECE_BYTES);
    if (header[0] === 3)
      return { entries, fault: { message: first.toString().trimEnd() }, isCut: false };
    const space = first.subarray(0, 36).indexOf(0x20);
    const stamp = first.toString("latin1", 0, Math.max(space, 0));
    // A time in the engine's own form is taken at its word.
    const isUsual = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(stamp);
    const timestamp = isUsual ? stamp : toUtc(stamp);
    if (timestamp === undefined) return { entries, fault: "timestamp", isCut: false };
    const stream = header[0] === 2 ? "stderr" : "stdout";
    const add = (text: Buffer, isLast: boolean): void => {
      const ended = isLast && text.at(-1) === 0x0a;
      const own = ended ? text.subarray(0, -1) : text;
      entries.push({ stream, timestamp, text: own.toString("latin1"), ended });
    };
    add(first.subarray(space + 1), !isLong);
    for (let from = PIECE_BYTES; from < length; from += PIECE_BYTES) {
      const end = Math.min(from + PIECE_BYTES, length);
      if (payload.length < end) return { entries, fault: undefined, isCut: true };
      add(payload.subarray(from, end), end === length);
    }
    at += 8 + length;
  }
  return { entries, fault: undefined, isCut: false };
}

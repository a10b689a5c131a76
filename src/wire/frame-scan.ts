import { isAscii } from "node:buffer";
import { MARKS, streamsOf, textMark } from "./entry-marks.ts";
import { FrameEntries } from "./frame-entries.ts";
import { NANOSECOND_UTC_LENGTH } from "./timestamps.ts";

/** Stream type, three zero bytes, big-endian length of what follows (Engine API, "ContainerAttach", stream format). */
export const HEADER_BYTES = 8;
/** A longer frame is handed on in pieces of this size, like the parts that engines cut long lines into. */
export const PIECE_BYTES: number = 64 * 1024;
const STAMP_BYTES = NANOSECOND_UTC_LENGTH + 1;
/** The shortest usual frame: an empty text. */
const LEAST_BYTES = HEADER_BYTES + STAMP_BYTES;
const STDOUT = 1;
const STDERR = 2;

/** How a scan ended: with the last frame whole; within a frame, of which `rest` is the beginning; or before something unusual. */
export type Scan =
  | { readonly kind: "whole"; readonly entries: FrameEntries | undefined }
  | {
      readonly kind: "cut";
      readonly entries: FrameEntries | undefined;
      /** Of a frame that goes on in the next span, or behind the last one. */
      readonly isLast: boolean;
      readonly from: number;
      readonly to: number;
      /** How many bytes the frame has, as far as is known. */
      readonly wanted: number;
    }
  | { readonly kind: "unusual" };

const unusual: Scan = { kind: "unusual" };

/** Used anew by each scan. */
let scratch = new Int32Array(4096);
let scratchBytes = Buffer.allocUnsafeSlow(2 * PIECE_BYTES);

/**
 * Finds the frames in the bytes within `spans`, as long as they are as the engine usually sends them: stdout and stderr, times in
 * nanoseconds and UTC, none longer than a piece. One pass, with nothing made for a line.
 */
export function scanFrames(bytes: Buffer, spans: readonly number[]): Scan {
  const base = spans[0] ?? 0;
  const capacity = MARKS * Math.ceil((bytes.length - base) / LEAST_BYTES);
  if (scratch.length < capacity) scratch = new Int32Array(capacity);
  const marks = scratch;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let count = 0;
  let isWhole = true;
  let isRising = true;
  let longest = 0;
  /** Where each stream's latest timestamp is. */
  let lastOut = -1;
  let lastErr = -1;
  /** Behind the last of them. */
  let seen = base;
  const entries = (): FrameEntries | undefined => {
    if (count === 0) return undefined;
    const own = marks.slice(0, count);
    const summary = { isWhole, isRising, longest, streams: streamsOf(own) };
    const chunk = bytes.subarray(base, seen);
    return new FrameEntries(chunk.toString("latin1"), keptBytes(chunk, own), own, summary);
  };
  for (let span = 0; span < spans.length; span += 2) {
    const end = spans[span + 1] ?? 0;
    let at = spans[span] ?? 0;
    while (at < end) {
      const left = end - at;
      const wanted = left < HEADER_BYTES ? HEADER_BYTES : HEADER_BYTES + view.getUint32(at + 4);
      if (left < 4 ? !isBeginning(bytes, at, end) : !isType(view.getUint32(at))) return unusual;
      if (left >= HEADER_BYTES && (wanted < LEAST_BYTES || wanted > PIECE_BYTES)) return unusual;
      if (wanted > left || left < HEADER_BYTES) {
        const isLast = span + 2 >= spans.length;
        return {
          kind: "cut",
          entries: isLast ? entries() : undefined,
          isLast,
          from: at,
          to: end,
          wanted,
        };
      }
      const stamp = at + HEADER_BYTES;
      if (!isUsualStamp(view, stamp)) return unusual;
      const next = at + wanted;
      const textStart = stamp + STAMP_BYTES;
      const ended = next > textStart && bytes[next - 1] === 0x0a;
      const textEnd = ended ? next - 1 : next;
      const isStderr = bytes[at] === STDERR;
      const last = isStderr ? lastErr : lastOut;
      if (isRising && last !== -1 && !isLater(view, stamp, last)) isRising = false;
      if (isStderr) lastErr = stamp;
      else lastOut = stamp;
      if (!ended) isWhole = false;
      if (textEnd - textStart > longest) longest = textEnd - textStart;
      marks[count++] = stamp - base;
      marks[count++] = textMark(textEnd - base, isStderr, ended);
      marks[count++] = textStart - base;
      at = next;
      seen = next;
    }
  }
  return { kind: "whole", entries: entries() };
}

/** A copy of `chunk`, where its texts are not all ASCII. A length in a header may well not be. */
function keptBytes(chunk: Buffer, marks: Int32Array): Buffer | undefined {
  if (isAscii(chunk)) return undefined;
  if (scratchBytes.length < chunk.length) scratchBytes = Buffer.allocUnsafeSlow(chunk.length);
  chunk.copy(scratchBytes);
  for (let index = 0; index < marks.length; index += MARKS) {
    const stamp = marks[index] ?? 0;
    scratchBytes[stamp - 1] = 0;
    scratchBytes[stamp - 2] = 0;
  }
  return isAscii(scratchBytes.subarray(0, chunk.length)) ? undefined : Buffer.from(chunk);
}

function isType(word: number): boolean {
  return word === STDOUT << 24 || word === STDERR << 24;
}

/** The first bytes of a usual frame, fewer than its type has. */
function isBeginning(bytes: Buffer, at: number, end: number): boolean {
  for (let index = at; index < end; index++)
    if (index === at ? bytes[index] !== STDOUT && bytes[index] !== STDERR : bytes[index] !== 0)
      return false;
  return true;
}

/** Nanoseconds in UTC and a space: digits and punctuation are where they should be, so that nothing else gets into a timestamp. */
export function isUsualStamp(view: DataView, at: number): boolean {
  return view.getUint16(at + 29) === 0x5a20 && isNanosecondTime(view, at);
}

/** Without its "Z". */
export function isNanosecondTime(view: DataView, at: number): boolean {
  // What makes a zero of each punctuation mark is the difference of the two.
  const month = view.getUint32(at + 4) ^ 0x1d00001d;
  const day = view.getUint32(at + 8) ^ 0x00006400;
  const minute = view.getUint32(at + 12) ^ 0x000a0000;
  const second = view.getUint32(at + 16) ^ 0x0a00001e;
  return (
    (month & 0xff0000ff) === 0x30000030 &&
    (day & 0xff00) === 0x3000 &&
    (minute & 0xff0000) === 0x300000 &&
    (second & 0xff0000ff) === 0x30000030 &&
    areDigits(view.getUint32(at)) &&
    areDigits(month) &&
    areDigits(day) &&
    areDigits(minute) &&
    areDigits(second) &&
    areDigits(view.getUint32(at + 20)) &&
    areDigits(view.getUint32(at + 24)) &&
    areDigits(view.getUint32(at + 25))
  );
}

/** Four of them. */
export function areDigits(word: number): boolean {
  return ((word & 0xf0f0f0f0) | (((word + 0x06060606) & 0xf0f0f0f0) >>> 4)) === 0x33333333;
}

/** The usual timestamp at `at` is later than the one at `before`. */
export function isLater(view: DataView, at: number, before: number): boolean {
  for (let offset = 0; offset < 28; offset += 4) {
    const own = view.getUint32(at + offset);
    const other = view.getUint32(before + offset);
    if (own !== other) return own > other;
  }
  return view.getUint16(at + 28) > view.getUint16(before + 28);
}

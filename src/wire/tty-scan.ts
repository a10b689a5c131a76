import { isAscii } from "node:buffer";
import { MARKS, streamsOf, textMark } from "./entry-marks.ts";
import { FrameEntries } from "./frame-entries.ts";
import { isLater, isUsualStamp } from "./frame-scan.ts";
import { NANOSECOND_UTC_LENGTH } from "./timestamps.ts";

const STAMP_BYTES = NANOSECOND_UTC_LENGTH + 1;
/** The shortest usual line: no text, and its newline. */
const LEAST_BYTES = STAMP_BYTES + 1;

/** How a scan ended: before `from`, where a line begins that is not all there; within a line that lies in several spans; before something unusual. */
export type TtyScan =
  | { readonly kind: "lines"; readonly entries: FrameEntries | undefined; readonly from: number }
  | { readonly kind: "scattered" }
  | { readonly kind: "unusual" };

/** Used anew by each scan. */
let scratch = new Int32Array(4096);

/**
 * Finds a terminal's lines in the bytes within `spans`, as long as they are as the engine usually sends them: times in nanoseconds and
 * UTC, each text shorter than `partBytes`. One pass, with nothing made for a line. What follows the last newline is left.
 */
export function scanTerminal(bytes: Buffer, spans: readonly number[], partBytes: number): TtyScan {
  const base = spans[0] ?? 0;
  const all = spans.at(-1) ?? 0;
  const capacity = MARKS * Math.ceil((all - base) / LEAST_BYTES);
  if (scratch.length < capacity) scratch = new Int32Array(capacity);
  const marks = scratch;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunk = bytes.subarray(base, all);
  const latin1 = chunk.toString("latin1");
  let count = 0;
  let isRising = true;
  let longest = 0;
  let last = -1;
  let from = all;
  for (let span = 0; span < spans.length; span += 2) {
    const end = spans[span + 1] ?? 0;
    let at = spans[span] ?? 0;
    while (at < end) {
      const textStart = at + STAMP_BYTES;
      const newline = textStart < end ? base + latin1.indexOf("\n", textStart - base) : -1;
      if (newline < textStart || newline >= end) {
        if (span + 2 < spans.length) return { kind: "scattered" };
        from = at;
        break;
      }
      const length = newline - textStart;
      if (length >= partBytes || !isUsualStamp(view, at)) return { kind: "unusual" };
      if (isRising && last !== -1 && !isLater(view, at, last)) isRising = false;
      last = at;
      if (length > longest) longest = length;
      marks[count++] = at - base;
      marks[count++] = textMark(newline - base, false, true);
      marks[count++] = textStart - base;
      at = newline + 1;
    }
  }
  if (count === 0) return { kind: "lines", entries: undefined, from };
  const own = marks.slice(0, count);
  const summary = { isWhole: true, isRising, longest, streams: streamsOf(own, "tty") };
  const kept = isAscii(chunk) ? undefined : Buffer.from(chunk);
  return { kind: "lines", entries: new FrameEntries(latin1, kept, own, summary, "tty"), from };
}

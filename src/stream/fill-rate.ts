import type { Entries } from "../wire/entry.ts";
import { textBytes } from "../wire/frame-entries.ts";
import { epochMs } from "../wire/timestamps.ts";

/** What an entry takes in the engine's file beside its text (`json-file`: quotes, names, time). */
const OVERHEAD_BYTES = 90;
/** Behind by this share of a file, the next change of files may come before the reader does. */
const SAFE_SHARE = 0.5;
/** The rate is the highest of late: a burst is what overtakes. */
const FADING = 0.98;
/** So much of a file that was written without a pause tells how fast a file can be filled. */
const BURST_SHARE = 0.25;
/** Behind a longer one another burst begins. */
const PAUSE_MS = 1;
/** A burst that came in one piece may have one timestamp. */
const LEAST_MS = 0.1;
/** In so many milliseconds without such a burst it counts half as much. */
const HALF_LIFE_MS = 10_000;

/** How fast a log fills the engine's files. */
export class FillRate {
  readonly #fileBytes: number;
  #bytesPerMs = 0;
  #bytes = 0;
  #from: number | undefined;
  /** The highest rate at which much of a file was written, and when. */
  #peak = { bytesPerMs: 0, at: 0 };
  #burst = { from: -Infinity, to: -Infinity, bytes: 0 };

  /** `fileBytes`: the size of one file; `Infinity` where none is ever full. */
  constructor(fileBytes: number) {
    this.#fileBytes = fileBytes;
  }

  /** What comes next may have been written long before. */
  begin(): void {
    this.#from = undefined;
    this.#bytes = 0;
  }

  /** These entries were written, in their order. */
  wrote(entries: Entries): void {
    const [first, last] = [entries.at(0), entries.at(-1)];
    if (first === undefined || last === undefined) return;
    const bytes = textBytes(entries) + OVERHEAD_BYTES * entries.length;
    const [fromMs, toMs] = [epochMs(first.timestamp), epochMs(last.timestamp)];
    this.#ofLate(Math.floor(fromMs), Math.floor(toMs), bytes);
    this.#atMost(fromMs, toMs, bytes);
  }

  /** At the rate of late much of a file may have been filled in so many milliseconds. */
  mayFill(ms: number): boolean {
    return ms * this.#bytesPerMs > this.#fileBytes * SAFE_SHARE;
  }

  /** In how many milliseconds much of a file may be filled at `at`, as fast as of late; `Infinity` where no burst tells. */
  leastMs(at: number): number {
    return (this.#fileBytes * SAFE_SHARE) / this.#peakAt(at);
  }

  #ofLate(fromMs: number, toMs: number, bytes: number): void {
    this.#bytes += bytes;
    // All that was there when a follow was opened may come in one piece.
    this.#from ??= fromMs;
    if (toMs <= this.#from) return;
    this.#bytesPerMs = Math.max(this.#bytes / (toMs - this.#from), this.#bytesPerMs * FADING);
    this.#from = toMs;
    this.#bytes = 0;
  }

  #atMost(fromMs: number, toMs: number, bytes: number): void {
    const burst = this.#burst;
    if (fromMs - burst.to > PAUSE_MS) Object.assign(burst, { from: fromMs, bytes: 0 });
    burst.to = toMs;
    burst.bytes += bytes;
    if (burst.bytes < this.#fileBytes * BURST_SHARE) return;
    const rate = burst.bytes / Math.max(LEAST_MS, toMs - burst.from);
    this.#peak = { bytesPerMs: Math.max(rate, this.#peakAt(toMs)), at: toMs };
    Object.assign(burst, { from: toMs, bytes: 0 });
  }

  #peakAt(ms: number): number {
    const { bytesPerMs, at } = this.#peak;
    return bytesPerMs * 0.5 ** (Math.max(0, ms - at) / HALF_LIFE_MS);
  }
}

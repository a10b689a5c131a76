import type { Entries } from "../wire/entry.ts";
import { epochMs } from "../wire/timestamps.ts";
import type { FillRate } from "./fill-rate.ts";

/** So late an engine's own reader may be on a busy machine: a file that is filled meanwhile is left out though nobody lags. */
const ENGINE_LATE_MS = 5;
/** Behind a doubt of such a file that was wrong there is no other one for so many times as long as it takes to be filled. */
const RESTS = 50;
/** In a longer pause the log was idle, and the engine's reader was not behind: what comes next stands in the file that it has open. */
const IDLE_MS = 100;

/**
 * Where a file can be filled in a moment the engine's own reader may come too late, though ours does not lag: any pause in which
 * the log can fill a file may be one that was left out.
 */
export class PauseDoubt {
  readonly #rate: FillRate;
  #isFollow = false;
  /** The latest entry that was taken, in milliseconds. */
  #takenTo: number | undefined;
  /** The latest one that was doubted; `-Infinity` where that was right. */
  #doubtedAt = -Infinity;
  /** It is to be seen whether that was right. */
  #isOpen = false;

  constructor(rate: FillRate) {
    this.#rate = rate;
  }

  /** A follow begins, or a plain read, which leaves out nothing. */
  begin(isFollow: boolean): void {
    this.#isFollow = isFollow;
  }

  /** These entries were taken, however they were read. */
  took(firstTimestamp: string, lastTimestamp: string): void {
    if (!this.#isFollow && this.#isOpen) {
      const isWrong = epochMs(firstTimestamp) === this.#doubtedAt;
      if (!isWrong) this.#doubtedAt = -Infinity;
      this.#isOpen = false;
    }
    this.#takenTo = epochMs(lastTimestamp);
  }

  /** The index of the first of these entries before which a file may be missing; their number where there is none. */
  firstBehind(entries: Entries): number {
    const first = entries.at(0);
    if (!this.#isFollow || first === undefined) return entries.length;
    const leastMs = this.#rate.leastMs(epochMs(first.timestamp));
    if (leastMs > ENGINE_LATE_MS) return entries.length;
    let previous = this.#takenTo ?? Infinity;
    let index = 0;
    for (const { timestamp } of entries) {
      const stamped = epochMs(timestamp);
      const hasRested = Math.abs(stamped - this.#doubtedAt) > RESTS * leastMs;
      const pauseMs = stamped - previous;
      if (pauseMs > leastMs && pauseMs < IDLE_MS && hasRested) {
        this.#doubtedAt = stamped;
        this.#isOpen = true;
        return index;
      }
      previous = stamped;
      index++;
    }
    return entries.length;
  }
}

import type { Entries } from "../wire/entry.ts";
import { textBytes } from "../wire/frame-entries.ts";

/** What an entry takes in the engine's file beside its text (`json-file`: quotes, names, time). */
const OVERHEAD_BYTES = 90;
/** Behind by this share of a file, the next change of files may come before the reader does. */
const SAFE_SHARE = 0.5;
const NO_LAG_MS = 5;
/** The rate is the highest of late: a burst is what overtakes. */
const FADING = 0.98;

/**
 * How far a follow is behind its log, by the timestamps of what it brings. Where it may be behind by as much as the engine
 * keeps in one file, the engine's own log rotation may overtake it, and says nothing when it does.
 */
export class Lag {
  readonly #maxFileBytes: number;
  /** The least difference of the clocks seen: the engine may be another machine. */
  #leastMs = Infinity;
  #bytesPerMs = 0;
  #bytes = 0;
  #from: number | undefined;

  /** `maxFileBytes`: undefined where the log is never rotated. */
  constructor(maxFileBytes: number = Infinity) {
    this.#maxFileBytes = maxFileBytes;
  }

  /** A follow begins at another place. */
  begin(): void {
    this.#from = undefined;
    this.#bytes = 0;
  }

  /** This machine's time by the engine's clock, as far as it is known, in epoch milliseconds. */
  engineTime(now: number): number {
    return Number.isFinite(this.#leastMs) ? now - this.#leastMs : now;
  }

  /** At the rate of late the log may have filled much of a file in so many milliseconds. */
  mayFillFile(ms: number): boolean {
    return ms * this.#bytesPerMs > this.#maxFileBytes * SAFE_SHARE;
  }

  /** Measures the log's rate by `entries[from..]`, however they were read. */
  measure(entries: Entries, from: number): void {
    const last = entries.at(-1);
    if (last === undefined || from >= entries.length || this.#maxFileBytes === Infinity) return;
    this.#bytes += textBytes(entries.slice(from)) + OVERHEAD_BYTES * (entries.length - from);
    const stamped = Date.parse(last.timestamp);
    this.#from ??= stamped;
    if (stamped > this.#from) {
      this.#bytesPerMs = Math.max(this.#bytes / (stamped - this.#from), this.#bytesPerMs * FADING);
      this.#from = stamped;
      this.#bytes = 0;
    }
  }

  /** Judges by `entries[from..]`, which a follow has just brought. */
  mayBeOvertaken(entries: Entries, from: number, now: number = Date.now()): boolean {
    const last = entries.at(-1);
    if (last === undefined || from >= entries.length || this.#maxFileBytes === Infinity)
      return false;
    const differenceMs = now - Date.parse(last.timestamp);
    this.#leastMs = Math.min(this.#leastMs, differenceMs);
    const lagMs = differenceMs - this.#leastMs;
    return lagMs > NO_LAG_MS && this.mayFillFile(lagMs);
  }
}

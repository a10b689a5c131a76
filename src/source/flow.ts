/** How long a moment of silence must be for the reader to be at the log's end. */
const CAUGHT_UP_AFTER_MS = 50;
const WINDOW_MS = 1_000;
/** Read again beside what is expected, for what a rate can't foretell. */
const SLACK_ENTRIES = 64;
/** What a log that is being written may have grown by, before its rate is known. */
const ACTIVE_ENTRIES = 1_000;
/** How much more than its measured rate a log is expected to have grown by. */
const MARGIN = 1.5;

/** Estimates how many entries a log has grown by since it was last read. */
export class Flow {
  #windowStart = 0;
  #inWindow = 0;
  #ratePerMs = 0;
  /** When the log's end was read, or so long ago as the last entry read is old. */
  #caughtUpAt = 0;
  #lastAt: number | undefined;
  /** How many entries followed the place when it was last found. */
  #behind = 0;
  #foundAt = 0;
  /** How fast the log has grown from one time that the place was found to the next. */
  #growthPerMs = 0;

  /** `count` entries came, the last of them stamped `stampedAt` (epoch milliseconds). */
  came(count: number, stampedAt: number, now: number = Date.now()): void {
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#ratePerMs = this.#inWindow / Math.max(1, now - this.#windowStart);
      this.#windowStart = now;
      this.#inWindow = 0;
    }
    this.#inWindow += count;
    this.#lastAt = now;
    this.#behind = Math.max(0, this.#behind - count);
    const lag = now - stampedAt;
    this.#caughtUpAt = lag > 0 && lag < 86_400_000 ? stampedAt : now;
  }

  /** The place was found, with at most `entries` behind it. */
  found(entries: number, now: number = Date.now()): void {
    const grown = Math.max(0, entries - this.#behind);
    this.#growthPerMs = this.#behind === 0 ? 0 : grown / Math.max(1, now - this.#foundAt);
    this.#behind = entries;
    this.#foundAt = now;
  }

  /** The stream is closed, not paused. Where it brought nothing lately it has been at the log's end. */
  closing(now: number = Date.now()): void {
    if (this.#lastAt !== undefined && now - this.#lastAt > CAUGHT_UP_AFTER_MS) this.ended(now);
  }

  /** The log, as far as one can tell, was read to its end. */
  ended(now: number = Date.now()): void {
    this.#caughtUpAt = now;
    this.#behind = 0;
  }

  /** Entries that may have come since, with slack. */
  expected(now: number = Date.now()): number {
    if (this.#lastAt === undefined) return SLACK_ENTRIES;
    const recent = this.#inWindow / Math.max(100, now - this.#windowStart);
    const rate = MARGIN * Math.max(recent, this.#ratePerMs);
    const guessed = rate * Math.max(0, now - this.#caughtUpAt);
    const isActive = now - this.#lastAt <= CAUGHT_UP_AFTER_MS;
    if (this.#behind > 0) {
      const grown = MARGIN * this.#growthPerMs * (now - this.#foundAt);
      return SLACK_ENTRIES + ACTIVE_ENTRIES + Math.ceil(this.#behind + grown);
    }
    return SLACK_ENTRIES + Math.ceil(Math.max(guessed, isActive ? ACTIVE_ENTRIES : 0));
  }
}

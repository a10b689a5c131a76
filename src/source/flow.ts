/** How long a moment of silence must be for the reader to be at the log's end. */
const CAUGHT_UP_AFTER_MS = 50;
const WINDOW_MS = 1_000;
/** Read again beside what is expected, for what a rate can't foretell. */
const SLACK_ENTRIES = 64;
/** More than this is not asked of a follow: catching up by plain reads has a definite end. */
const MAX_EXPECTED_ENTRIES = 16_384;

/** Estimates how many entries a log has grown by since it was last read. */
export class Flow {
  #windowStart = 0;
  #inWindow = 0;
  #ratePerMs = 0;
  #caughtUpAt = 0;
  #lastAt: number | undefined;

  /** `count` entries came, the last of them stamped `stampedAt` (epoch milliseconds). */
  came(count: number, stampedAt: number, now: number = Date.now()): void {
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#ratePerMs = this.#inWindow / Math.max(1, now - this.#windowStart);
      this.#windowStart = now;
      this.#inWindow = 0;
    }
    this.#inWindow += count;
    this.#lastAt = now;
    const lag = now - stampedAt;
    this.#caughtUpAt = lag > 0 && lag < 86_400_000 ? stampedAt : now;
  }

  /** The stream was open, not paused, and brought nothing: it has been at the log's end. */
  closing(now: number = Date.now()): void {
    if (this.#lastAt !== undefined && now - this.#lastAt > CAUGHT_UP_AFTER_MS) this.#caughtUpAt = now;
  }

  /** Entries that may have come since, with slack. */
  expected(now: number = Date.now()): number {
    if (this.#lastAt === undefined) return SLACK_ENTRIES;
    const recent = this.#inWindow / Math.max(100, now - this.#windowStart);
    const rate = Math.max(recent, this.#ratePerMs);
    const missed = Math.ceil(2 * rate * Math.max(0, now - this.#caughtUpAt));
    return SLACK_ENTRIES + Math.min(missed, MAX_EXPECTED_ENTRIES);
  }
}

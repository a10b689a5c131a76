/** A silence that shows the log's end: at the least, at the most, and as a share of how far the reader was behind. */
const SILENT_MS = 50;
const LONG_SILENT_MS = 500;
const SILENT_SHARE = 0.2;
/** Over how much of the log's own time its rate is measured. */
const SPAN_MS = 100;
const DAY_MS = 86_400_000;
/** Read again beside what is expected, for what a rate can't foretell. */
const SLACK_ENTRIES = 64;
/** What a log that is being written may have grown by, before its rate is known. */
const ACTIVE_ENTRIES = 1_000;
/** How much more than its measured rate a log is expected to have grown by. */
const MARGIN = 1.25;

/** Estimates how many entries a log has grown by since it was last read. All times are epoch milliseconds. */
export class TailSize {
  /** The log's own rate, by its timestamps: what arrives while the reader is behind tells nothing. */
  #ratePerMs = 0;
  #spanFrom: number | undefined;
  #spanTo = 0;
  #inSpan = 0;
  /** When the log's end was read, or so long ago as the last entry read is old. */
  #caughtUpAt = 0;
  #lastAt: number | undefined;
  #lagMs = 0;
  /** How many entries followed the place when it was last found. */
  #behind = 0;
  #foundAt = 0;
  /** How fast the log has grown from one time that the place was found to the next. */
  #growthPerMs = 0;

  /** `count` entries came, the last of them stamped `stampedAt`. */
  came(count: number, stampedAt: number, now: number = Date.now()): void {
    this.#inSpan += count;
    this.#spanTo = stampedAt;
    const span = stampedAt - (this.#spanFrom ??= stampedAt);
    if (span < 0 || span >= SPAN_MS) {
      if (span > 0) this.#ratePerMs = this.#inSpan / span;
      this.#spanFrom = stampedAt;
      this.#inSpan = 0;
    }
    this.#lastAt = now;
    this.#behind = Math.max(0, this.#behind - count);
    const lag = now - stampedAt;
    this.#lagMs = lag > 0 && lag < DAY_MS ? lag : 0;
    this.#caughtUpAt = now - this.#lagMs;
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
    const enough = Math.min(Math.max(SILENT_MS, SILENT_SHARE * this.#lagMs), LONG_SILENT_MS);
    if (this.#lastAt !== undefined && now - this.#lastAt > enough) this.ended(now);
  }

  /** The log, as far as one can tell, was read to its end. */
  ended(now: number = Date.now()): void {
    this.#caughtUpAt = now;
    this.#lagMs = 0;
    this.#behind = 0;
  }

  /** Entries that may have come since, with slack. */
  expected(now: number = Date.now()): number {
    if (this.#lastAt === undefined) return SLACK_ENTRIES;
    if (this.#behind > 0) {
      const grown = MARGIN * this.#growthPerMs * (now - this.#foundAt);
      return SLACK_ENTRIES + ACTIVE_ENTRIES + Math.ceil(this.#behind + grown);
    }
    const recent = this.#inSpan / Math.max(SPAN_MS, this.#spanTo - (this.#spanFrom ?? 0));
    const rate = MARGIN * Math.max(this.#ratePerMs, recent);
    const guessed = rate * Math.max(0, now - this.#caughtUpAt);
    const isActive = now - this.#lastAt <= SILENT_MS;
    return SLACK_ENTRIES + Math.ceil(Math.max(guessed, isActive ? ACTIVE_ENTRIES : 0));
  }
}

/** What comes after so long a silence has just been written. */
const LIVE_MS = 50;
/** A difference that is so much larger than before tells of a clock that was set. */
const SET_MS = 1_000;

/** The difference between this machine's clock and the one that stamps the log, by lines that have just been written. */
export class LogClock {
  #differenceMs: number | undefined;
  #lastAt = Infinity;

  /** A follow listens behind the place. */
  listens(now: number = Date.now()): void {
    this.#lastAt = now;
  }

  /** A follow brought entries, the last of them stamped `stampedAt`. */
  heard(stampedAt: number, now: number = Date.now()): void {
    const isLive = now - this.#lastAt >= LIVE_MS;
    this.#lastAt = now;
    if (!isLive || Number.isNaN(stampedAt)) return;
    const difference = now - stampedAt;
    const known = this.#differenceMs ?? Infinity;
    if (difference < known || difference > known + SET_MS) this.#differenceMs = difference;
  }

  /** A time of this machine, in epoch milliseconds, by the log's clock; as it is while nothing is known of that. */
  time(now: number): number {
    return now - (this.#differenceMs ?? 0);
  }
}

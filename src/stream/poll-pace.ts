/** Between two reads that bring lines: at first, and up to which it doubles while they go on bringing some. */
const FIRST_MS = 50;
const STEADY_MS = 400;
/** A read costs the engine about as long as it takes: a pause is so many times as long. */
const COST_SHARE = 10;
const LONGEST_MS = 1_000;

/** How long to wait between two plain reads of a log that is being written. */
export class PollPace {
  #stepMs = FIRST_MS;

  /** The pause after a read that took so long, in milliseconds. */
  next(tookMs: number): number {
    const ms = Math.min(Math.max(this.#stepMs, COST_SHARE * tookMs), LONGEST_MS);
    this.#stepMs = Math.min(2 * this.#stepMs, STEADY_MS);
    return ms;
  }

  /** Nothing comes. */
  reset(): void {
    this.#stepMs = FIRST_MS;
  }
}

/** Between two reads that bring lines: at first, and up to which it doubles while they go on bringing some. */
const FIRST_MS = 50;
const STEADY_MS = 400;
/** Where the log goes with the container's exit no pause is longer: Podman needs some 100 ms to remove it. */
const LONGEST_UNTIL_REMOVAL_MS = 50;
/** A read costs the engine about as long as it takes: a pause is so many times as long. */
const COST_SHARE = 10;
const LONGEST_MS = 1_000;

/** How long to wait between two plain reads of a log that is being written. */
export class PollPace {
  readonly #longestMs: number;
  #stepMs = FIRST_MS;

  /** `goesWithExit`: the engine removes the container, and its log, when it exits. */
  constructor(goesWithExit: boolean) {
    this.#longestMs = goesWithExit ? LONGEST_UNTIL_REMOVAL_MS : LONGEST_MS;
  }

  /** The pause after a read that took so long, in milliseconds. */
  next(tookMs: number): number {
    const ms = Math.min(Math.max(this.#stepMs, COST_SHARE * tookMs), this.#longestMs);
    this.#stepMs = Math.min(2 * this.#stepMs, STEADY_MS);
    return ms;
  }

  /** Nothing comes. */
  reset(): void {
    this.#stepMs = FIRST_MS;
  }
}

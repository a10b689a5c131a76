import type { EngineClock } from "../engine/engine-clock.ts";

/** How long a difference is used before it is asked for again. */
const KEPT_MS = 1_000;

/** The time by the clock that stamps the log: ours, as long as that may be the same. */
export class LogClock {
  readonly #engine: EngineClock;
  #differenceMs = 0;
  #askedAt = -Infinity;

  constructor(engine: EngineClock) {
    this.#engine = engine;
  }

  /** Epoch milliseconds. */
  now(ours: number = Date.now()): number {
    if (Math.abs(ours - this.#askedAt) > KEPT_MS) {
      this.#askedAt = ours;
      const difference = this.#engine.now(ours) - ours;
      const isCertain = Math.abs(difference) > this.#engine.errorMs(ours);
      this.#differenceMs = isCertain ? difference : 0;
    }
    return ours + this.#differenceMs;
  }
}

/** The engine's time: nanoseconds since 1970, never the same twice, never behind `Date.now()` where it is not set apart from it. */
export class Clock {
  #last = 0n;
  #aheadMs: number;

  constructor(aheadMs: number) {
    this.#aheadMs = aheadMs;
  }

  /** By how much it is ahead of this machine's, in milliseconds. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** A step back is one of the times that follow as well. */
  set aheadMs(aheadMs: number) {
    if (aheadMs < this.#aheadMs) this.#last = 0n;
    this.#aheadMs = aheadMs;
  }

  /** Epoch milliseconds. */
  now(): number {
    return Date.now() + this.#aheadMs;
  }

  next(): bigint {
    const milliseconds = Date.now();
    // Only digits below the millisecond come from the finer clock, which may drift from `Date`: a `since` that a test
    // takes from `Date` has to sort as it expects.
    const fraction = performance.timeOrigin + performance.now() - milliseconds;
    const nanoseconds = Math.floor((fraction - Math.floor(fraction)) * 999_999);
    const now = BigInt(milliseconds + Math.round(this.#aheadMs)) * 1_000_000n + BigInt(nanoseconds);
    this.#last = now > this.#last ? now : this.#last + 1n;
    return this.#last;
  }
}

/** The engine's time: nanoseconds since 1970, never the same twice, never behind `Date.now()`. */
export class Clock {
  #last = 0n;

  next(): bigint {
    const milliseconds = Date.now();
    // Only digits below the millisecond come from the finer clock, which may drift from `Date`: a `since` that a test
    // takes from `Date` has to sort as it expects.
    const fraction = performance.timeOrigin + performance.now() - milliseconds;
    const nanoseconds = Math.floor((fraction - Math.floor(fraction)) * 999_999);
    const now = BigInt(milliseconds) * 1_000_000n + BigInt(nanoseconds);
    this.#last = now > this.#last ? now : this.#last + 1n;
    return this.#last;
  }
}

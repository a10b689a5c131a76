import type { End } from "./buffer.ts";

export interface Iteration<T> {
  /** The next value where one is at hand; what was in hand before is delivered. */
  readonly take: () => T | undefined;
  readonly buffer: { readonly ended: End | undefined; available(): Promise<void> };
  /** The consumer has left: closes what feeds the buffer. */
  readonly leave: () => Promise<void>;
  /** Nothing more comes, and all is delivered. */
  readonly ended: () => Promise<void>;
}

/**
 * Iterates without a generator, whose `yield` costs three times as much per record as a resolved promise (see
 * docs/performance.md). Calls of `next()` that overlap are answered in their order.
 */
export class BufferIterator<T> implements AsyncIterator<T, undefined> {
  readonly #iteration: Iteration<T>;
  #waiting: Promise<unknown> | undefined;
  #left = false;

  constructor(iteration: Iteration<T>) {
    this.#iteration = iteration;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#waiting === undefined && !this.#left) {
      const value = this.#iteration.take();
      if (value !== undefined) return Promise.resolve({ done: false, value });
    }
    const before = this.#waiting ?? Promise.resolve();
    const own = before.then(() => this.#wait());
    const settled = own.then(
      () => undefined,
      () => undefined,
    );
    this.#waiting = settled;
    void settled.then(() => {
      if (this.#waiting === settled) this.#waiting = undefined;
    });
    return own;
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#left = true;
    await this.#iteration.leave();
    return { done: true, value: undefined };
  }

  async #wait(): Promise<IteratorResult<T, undefined>> {
    const { take, buffer, ended: finish } = this.#iteration;
    while (!this.#left) {
      const value = take();
      if (value !== undefined) return { done: false, value };
      const { ended } = buffer;
      if (ended === undefined) {
        await buffer.available();
        continue;
      }
      this.#left = true;
      await finish();
      if (ended.failure !== undefined) throw ended.failure.error;
    }
    return { done: true, value: undefined };
  }
}

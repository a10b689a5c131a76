import type { BatchReader } from "./batch-reader.ts";
import type { End } from "./buffer.ts";

export interface Iteration<T> {
  /** The next values, where some are at hand. What was in hand before is delivered. */
  readonly take: () => BatchReader<T> | undefined;
  readonly queue: { readonly ended: End | undefined; available(): Promise<void> };
  /** The consumer has left the loop: closes what feeds the queue. */
  readonly leave: () => Promise<void>;
  /** Nothing more comes, and all is delivered. */
  readonly ended: () => Promise<void>;
}

/**
 * Iterates without a generator, whose `yield` costs three times as much per record as a resolved promise (see
 * docs/maintainers/performance.md). Calls of `next()` that overlap are answered in their order.
 */
export class QueueIterator<T> implements AsyncIterator<T, undefined> {
  readonly #iteration: Iteration<T>;
  #reader: BatchReader<T> | undefined;
  /** Calls of `next()` that wait, and the end of the last of them. */
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();
  #left = false;

  constructor(iteration: Iteration<T>) {
    this.#iteration = iteration;
  }

  /** The consumer waits for a value. */
  get isAsking(): boolean {
    return this.#waiting > 0;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#waiting === 0 && !this.#left) {
      const value = this.#take();
      if (value !== undefined) return Promise.resolve({ done: false, value });
    }
    this.#waiting++;
    const next = this.#last.then(() => this.#wait());
    this.#last = next.then(
      () => undefined,
      () => undefined,
    );
    return next;
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#left = true;
    await this.#iteration.leave();
    return { done: true, value: undefined };
  }

  async #wait(): Promise<IteratorResult<T, undefined>> {
    const { queue, ended: finish } = this.#iteration;
    try {
      while (!this.#left) {
        const value = this.#take();
        if (value !== undefined) return { done: false, value };
        const { ended } = queue;
        if (ended === undefined) {
          await queue.available();
          continue;
        }
        this.#left = true;
        await finish();
        if (ended.failure !== undefined) throw ended.failure.error;
      }
      return { done: true, value: undefined };
    } finally {
      // Before the caller hears of it, so that its next call finds nobody waiting.
      this.#waiting--;
    }
  }

  /** The next value, where one is at hand. */
  #take(): T | undefined {
    const value = this.#reader?.next();
    if (value !== undefined) return value;
    this.#reader = this.#iteration.take();
    return this.#reader?.next();
  }
}

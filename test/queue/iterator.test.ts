import { describe, expect, it } from "vitest";
import { QueueIterator } from "../../src/queue/iterator.ts";
import { BatchReader } from "../../src/queue/batch-reader.ts";
import { turns } from "../support/fake-follow.ts";

/** An iterator over batches that are given later; the most turns of the microtask queue that a `next()` took. */
class Supply {
  readonly #readers: BatchReader<number>[] = [];
  #wake: () => void = () => {};
  waits = 0;
  readonly iterator: QueueIterator<number> = new QueueIterator<number>({
    take: () => this.#readers.shift(),
    queue: {
      ended: undefined,
      available: () => {
        this.waits++;
        return new Promise((resolve) => {
          this.#wake = resolve;
        });
      },
    },
    leave: () => Promise.resolve(),
    ended: () => Promise.resolve(),
  });

  give(...values: readonly number[]): void {
    this.#readers.push(new BatchReader(values));
    this.#wake();
  }
}

/** Turns of the microtask queue until `promise` has settled. */
async function turnsOf(promise: Promise<unknown>): Promise<number> {
  const state = { isSettled: false };
  const settle = (): void => {
    state.isSettled = true;
  };
  promise.then(settle, settle);
  let count = 0;
  while (!state.isSettled && count < 100) {
    await Promise.resolve();
    count++;
  }
  return count;
}

describe("what is at hand", () => {
  it("comes with the next turn of the microtask queue, also right behind what was waited for", async () => {
    const supply = new Supply();
    const first = supply.iterator.next();
    await turns(3);
    expect(supply.waits).toBe(1);
    supply.give(...Array.from({ length: 50 }, (_, index) => index));
    expect(await first).toEqual({ done: false, value: 0 });
    for (let index = 1; index < 50; index++) {
      const next = supply.iterator.next();
      expect(await turnsOf(next)).toBe(1);
      expect(await next).toEqual({ done: false, value: index });
    }
    expect(supply.waits).toBe(1);
  });

  it("answers calls that overlap in their order", async () => {
    const supply = new Supply();
    const answers = Array.from({ length: 5 }, () => supply.iterator.next());
    supply.give(1, 2);
    await answers[1];
    supply.give(3);
    await answers[2];
    supply.give(4, 5);
    const values = (await Promise.all(answers)).map(({ value }) => value);
    expect(values).toEqual([1, 2, 3, 4, 5]);
  });
});

import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { BatchBuffer } from "../../src/queue/buffer.ts";
import { ByteBudget } from "../../src/queue/byte-budget.ts";
import { heapBytes } from "../support/heap.ts";

const WAITS = 20_000;
/** What a race leaves on a promise that does not settle takes several times as much. */
const BYTES_A_WAIT = 100;

it("a buffer that waits for shared room again and again keeps nothing of waits that are over", async () => {
  const budget = new ByteBudget(2);
  const buffer = new BatchBuffer(1_000, { budget });
  const { signal } = new AbortController();
  const wait = async (): Promise<void> => {
    budget.take(2);
    const room = buffer.room(signal);
    budget.give(2);
    await room;
  };
  for (let index = 0; index < WAITS / 10; index++) await wait();
  const before = await heapBytes();
  for (let index = 0; index < WAITS; index++) await wait();
  expect((await heapBytes()) - before).toBeLessThan(WAITS * BYTES_A_WAIT);
});

it("a buffer that ignores the shared limit goes on at once, and leaves its place to others", async () => {
  const budget = new ByteBudget(1);
  const buffer = new BatchBuffer(1_000, { budget });
  budget.take(1);
  const room = buffer.room(new AbortController().signal);
  expect(budget.isAwaited).toBe(true);
  buffer.ignoreSharedLimit();
  await room;
  expect(budget.isAwaited).toBe(false);
  await buffer.room(new AbortController().signal);
});

it("a wait for shared room ends with the signal's reason", async () => {
  const budget = new ByteBudget(1);
  const buffer = new BatchBuffer(1_000, { budget });
  const controller = new AbortController();
  budget.take(1);
  const room = buffer.room(controller.signal);
  await turn();
  controller.abort("closed");
  await expect(room).rejects.toBe("closed");
  expect(budget.isAwaited).toBe(false);
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BatchBuffer } from "../../src/queue/buffer.ts";
import { Consumer } from "../../src/queue/consumer.ts";
import { LOG_START } from "../../src/resume/position.ts";
import { Trail } from "../../src/resume/trail.ts";
import { steadyNow } from "../../src/lifetime/steady-clock.ts";
import { batchOf } from "../support/delivery-supply.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe.each([
  ["acknowledge()", (consumer: Consumer) => consumer.acknowledge()],
  ["the next batch", (consumer: Consumer) => void consumer.nextBatch()],
  ["a sink that takes them", (consumer: Consumer) => consumer.acknowledgeNext(2)],
])("a batch that is delivered by %s", (_, deliver) => {
  it("moves the position, says when, and counts in the buffer no longer", () => {
    const buffer = new BatchBuffer(100);
    const moves: number[] = [];
    const consumer = new Consumer(buffer, () => moves.push(consumer.delivered));
    const trail = new Trail("by-timestamp", LOG_START);
    consumer.begin(trail.clone());
    buffer.push(batchOf(trail, ["1", "2"], 20));
    consumer.takeBatch();
    expect([moves, consumer.lastDeliveryAt, buffer.bytes]).toEqual([[0], undefined, 20]);
    expect(consumer.isSettled).toBe(false);
    deliver(consumer);
    const deliveredAt = steadyNow();
    expect([moves, consumer.lastDeliveryAt, buffer.bytes]).toEqual([[0, 2], deliveredAt, 0]);
    expect(consumer.position).toEqual(trail.position);
    expect(consumer.isSettled).toBe(true);
    vi.advanceTimersByTime(1_000);
    // There is nothing more to deliver.
    consumer.acknowledge();
    expect([moves, consumer.lastDeliveryAt]).toEqual([[0, 2], deliveredAt]);
  });
});

describe("the time of the oldest record that is not delivered", () => {
  const timeOf = (line: string): string => `2026-11-23T15:58:0${line}.000000000Z`;
  const times = ["1", "2", "3", "4"].map(timeOf);

  function filled(): Consumer {
    const buffer = new BatchBuffer(100);
    const consumer = new Consumer(buffer);
    const trail = new Trail("by-timestamp", LOG_START);
    consumer.begin(trail.clone());
    buffer.push(batchOf(trail, ["1", "2"], 20, timeOf));
    buffer.push(batchOf(trail, ["3", "4"], 20, timeOf));
    return consumer;
  }

  it("is that of the buffer's first one, then that of what is in hand, then none", () => {
    const consumer = filled();
    expect(consumer.undeliveredFrom).toBe(times[0]);
    consumer.takeBatch();
    consumer.takeBatch();
    for (const time of times) {
      expect(consumer.undeliveredFrom).toBe(time);
      consumer.acknowledgeNext(1);
    }
    expect(consumer.undeliveredFrom).toBeUndefined();
  });

  it("is, in a loop, that of the record in hand", () => {
    const consumer = filled();
    const seen: (string | undefined)[] = [];
    for (const batch of [consumer.nextRecords(), consumer.nextRecords()])
      for (let record = batch?.next(); record !== undefined; record = batch?.next())
        seen.push(consumer.undeliveredFrom);
    consumer.nextRecords();
    expect(seen).toEqual(times);
    expect(consumer.undeliveredFrom).toBeUndefined();
  });
});

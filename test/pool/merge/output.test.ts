import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { steadyNow } from "../../../src/lifetime/steady-clock.ts";
import { Feed } from "../../../src/pool/merge/feed.ts";
import { Output } from "../../../src/pool/merge/output.ts";
import { RoundRobin } from "../../../src/pool/merge/round-robin.ts";
import { TimeOrder } from "../../../src/pool/merge/time-order.ts";
import { BatchBuffer } from "../../../src/queue/buffer.ts";
import { Consumer } from "../../../src/queue/consumer.ts";
import { LOG_START } from "../../../src/resume/position.ts";
import { Trail } from "../../../src/resume/trail.ts";
import type { Capture } from "../../../src/source/capture.ts";
import { batchOf, recordOf } from "../../support/delivery-supply.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function passed(): number {
  vi.advanceTimersByTime(1_000);
  return steadyNow();
}

/** One container of the pool. */
class Container {
  readonly buffer = new BatchBuffer(100);
  readonly consumer = new Consumer(this.buffer);
  readonly #trail = new Trail("by-timestamp", LOG_START);
  readonly #output: Output;
  readonly #feed: Feed;

  constructor(output: Output, name: string) {
    this.#output = output;
    const info = { ...recordOf("x").container, id: name.repeat(64), name };
    const parts = { buffer: this.buffer, consumer: this.consumer, info };
    this.#feed = new Feed(parts as unknown as Capture);
    output.add(this.#feed, info);
  }

  brings(...lines: readonly string[]): void {
    this.buffer.push(batchOf(this.#trail, lines, 10 * lines.length));
    this.#output.ready(this.#feed);
  }

  ends(): void {
    this.buffer.end({});
    this.#output.ready(this.#feed);
  }
}

describe.each([
  ["in rounds", () => new RoundRobin()],
  ["by timestamp", () => new TimeOrder(0)],
])("records of a pool, %s, that nobody takes", (_, merge) => {
  it("are told since the oldest came or the last one was delivered, with what all buffers hold", () => {
    const output = new Output(merge());
    const [a, b] = [new Container(output, "a"), new Container(output, "b")];
    expect(output.untaken).toBeUndefined();
    const cameAt = passed();
    a.brings("a1");
    passed();
    expect(output.untaken).toEqual({ since: cameAt, bufferedBytes: 10 });
    expect(output.nextBatch()?.[0]).toMatchObject({ line: "a1" });
    expect(output.untaken).toBeUndefined();
    const nextAt = passed();
    b.brings("b1", "b2");
    passed();
    expect(output.untaken).toEqual({ since: nextAt, bufferedBytes: 30 });
    output.acknowledge();
    expect(output.untaken).toEqual({ since: nextAt + 1_000, bufferedBytes: 20 });
    const deliveredAt = passed();
    while (output.nextBatch() !== undefined);
    output.acknowledge();
    expect(output.untaken).toBeUndefined();
    b.ends();
    a.brings("a2");
    expect(output.untaken).toEqual({ since: deliveredAt, bufferedBytes: 10 });
  });
});

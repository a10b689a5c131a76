import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { Delivery } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { Collector, forever, refuseUnhandled, timers, write } from "../support/delivery-sinks.ts";
import { eager, eventually, nothingOpen, toLines, turns } from "../support/fake-follow.ts";

const never = 2 ** 30;
const reason = new Error("enough");

let fake: FakeEngine;
let web: FakeContainer;
let timersBefore = 0;
refuseUnhandled();
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  write(web, 10);
  timersBefore = timers();
});
afterEach(() => fake.close());

const open = {
  source: (signal: AbortSignal) =>
    new ContainerLogSource("web", { engine: fake.engine, ...eager, signal }),
  pool: (signal: AbortSignal) =>
    new StreamPool({ engine: fake.engine, source: eager, from: "start", signal }),
};

interface Scene {
  readonly consumer: ContainerLogSource | StreamPool;
  readonly collector: Collector;
  readonly delivery: Delivery;
}

/** A delivery, brought to some point of its life. */
const moments: Readonly<
  Record<string, (consumer: Scene["consumer"]) => Promise<Omit<Scene, "consumer">>>
> = {
  "before reading begins": async (consumer) => {
    const collector = new Collector();
    return { collector, delivery: consumer.deliver(collector.sink) };
  },
  "while nothing is at hand": async (consumer) => {
    const collector = new Collector();
    const delivery = consumer.deliver(collector.sink, { maxWaitMs: 0 });
    await collector.has(10);
    return { collector, delivery };
  },
  "while a batch fills": async (consumer) => {
    const collector = new Collector();
    const delivery = consumer.deliver(collector.sink, { maxWaitMs: never });
    await eventually(() => consumer.stats.lines === 10, "all read");
    return { collector, delivery };
  },
  "while a sink runs": async (consumer) => {
    const collector = new Collector(() => forever);
    const delivery = consumer.deliver(collector.sink, { maxWaitMs: 0, maxRecords: 3 });
    await collector.called(1);
    return { collector, delivery };
  },
  "while a sink waits for its signal": async (consumer) => {
    const collector = new Collector(
      (_, { signal }) =>
        new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
    );
    const delivery = consumer.deliver(collector.sink, { maxWaitMs: 0, maxRecords: 3 });
    await collector.called(1);
    return { collector, delivery };
  },
  "between two attempts": async (consumer) => {
    const collector = new Collector(() => Promise.reject(new Error("refused")));
    const retry = { minDelayMs: never, maxDelayMs: never };
    const delivery = consumer.deliver(collector.sink, { maxWaitMs: 0, retry });
    await collector.called(1);
    await turns(3);
    return { collector, delivery };
  },
  "while a dead letter is written": async (consumer) => {
    const collector = new Collector(() => Promise.reject(new Error("refused")));
    const dead = new Collector(() => forever);
    const delivery = consumer.deliver(collector.sink, {
      maxWaitMs: 0,
      retry: { attempts: 1 },
      deadLetter: (records) => dead.sink(records, { attempt: 1, signal: AbortSignal.any([]) }),
    });
    await dead.called(1);
    return { collector, delivery };
  },
  "while it is being stopped": async (consumer) => {
    const collector = new Collector(() => forever);
    const delivery = consumer.deliver(collector.sink, { maxWaitMs: 0, maxRecords: 3 });
    await collector.called(1);
    delivery.stop().catch(() => {});
    return { collector, delivery };
  },
  "while close() waits for it": async (consumer) => {
    const collector = new Collector(() => forever);
    const delivery = consumer.deliver(collector.sink, { maxWaitMs: 0, maxRecords: 3 });
    await collector.called(1);
    consumer.close().catch(() => {});
    await turns(3);
    return { collector, delivery };
  },
};

describe.each(Object.entries(open))("an abort of a %s", (_, make) => {
  it.each(Object.entries(moments))(
    "%s rejects with its reason and leaves nothing",
    async (__, reach) => {
      const controller = new AbortController();
      const { signal } = controller;
      const consumer = make(signal);
      const { collector, delivery } = await reach(consumer);
      const underWay = collector.running > 0 ? collector.calls.at(-1) : undefined;
      const flushed = delivery.flush();
      controller.abort(reason);
      for (const promise of [delivery.done, flushed, delivery.stop(), delivery.flush()])
        await expect(promise).rejects.toBe(reason);
      if (underWay !== undefined) expect(underWay.context.signal.reason).toBe(reason);
      await nothingOpen(fake);
      const calls = collector.calls.length;
      write(web, 3, 10);
      await eventually(() => consumer.stats.tasks === 0, "no task");
      await consumer.close().catch(() => {});
      await eventually(() => getEventListeners(signal, "abort").length === 0, "no listener");
      await eventually(() => timers() <= timersBefore, "no timer");
      expect(collector.calls).toHaveLength(calls);
      expect(consumer.stats.bufferedBytes).toBeGreaterThanOrEqual(0);
      expect(collector.of(web)).toEqual(toLines(web.written).slice(0, collector.records.length));
    },
  );

  it("that came before reads and delivers nothing", async () => {
    const consumer = make(AbortSignal.abort(reason));
    const collector = new Collector();
    for (const sink of [collector.sink, collector.sink])
      await expect(consumer.deliver(sink).done).rejects.toBe(reason);
    await consumer.close();
    expect([collector.calls, fake.requests]).toEqual([[], []]);
  });
});

describe("a signal that many share", () => {
  it.each(Object.entries(open))("hears no more of a %s that is closed", async (_, make) => {
    const { signal } = new AbortController();
    const consumers = Array.from({ length: 30 }, () => make(signal));
    const collectors = consumers.map(() => new Collector());
    for (const [index, consumer] of consumers.entries()) {
      const { sink } = collectors[index] ?? new Collector();
      const delivery = consumer.deliver(sink, { maxWaitMs: 0 });
      consumer.deliver(() => {}, { maxWaitMs: 0 });
      for (let round = 0; round < 100; round++) await delivery.flush();
    }
    for (const collector of collectors) await collector.has(10);
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await Promise.all(consumers.map((consumer) => consumer.close()));
    expect(getEventListeners(signal, "abort")).toEqual([]);
    for (const collector of collectors) expect(collector.of(web)).toEqual(toLines(web.written));
    await nothingOpen(fake);
    await eventually(() => timers() <= timersBefore, "no timer");
  });

  it("hears no more of a sink that was stopped or has failed", async () => {
    const { signal } = new AbortController();
    const source = open.source(signal);
    const before = getEventListeners(signal, "abort").length;
    for (let round = 0; round < 200; round++) {
      const delivery = source.deliver(() => turns(1), { maxWaitMs: 0, maxRecords: 2 });
      await delivery.flush();
      await delivery.stop();
    }
    expect(getEventListeners(signal, "abort")).toHaveLength(before);
    const failing = source.deliver(() => Promise.reject(reason), {
      maxWaitMs: 0,
      retry: { attempts: 1 },
    });
    write(web, 1, 10);
    await expect(failing.done).rejects.toMatchObject({ code: "SINK_FAILED" });
    await source.ended;
    await eventually(() => getEventListeners(signal, "abort").length === 0, "no listener");
    await nothingOpen(fake);
    await eventually(() => timers() <= timersBefore, "no timer");
  });
});

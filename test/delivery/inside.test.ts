import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { Delivery } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import {
  Collector,
  forever,
  gate,
  outcome,
  refuseUnhandled,
  write,
} from "../support/delivery-sinks.ts";
import { eager, eventually, failure, nothingOpen, toLines, turns } from "../support/fake-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
refuseUnhandled();
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  write(web, 20);
});
afterEach(async () => {
  await nothingOpen(fake);
  await fake.close();
});

interface Limits {
  readonly rotateTimeoutMs?: number;
  readonly bufferBytes?: number;
}

const source = (limits: Limits = {}): ContainerLogSource =>
  new ContainerLogSource("web", { engine: fake.engine, ...eager, ...limits });
const pool = (limits: Limits = {}): StreamPool =>
  new StreamPool({ engine: fake.engine, from: "start", source: { ...eager, ...limits } });
const consumers = Object.entries({ source, pool });
type Consumer = ContainerLogSource | StreamPool;

/** How a sink comes to call something, and awaits it. */
const ways: Readonly<Record<string, (act: () => Promise<unknown>) => Promise<unknown>>> = {
  "at once": (act) => act(),
  "after some awaits": async (act) => {
    await turns(2);
    await Promise.resolve();
    return act();
  },
  "in a timer of its own": (act) =>
    new Promise((resolve, reject) => {
      setTimeout(() => void act().then(resolve, reject), 2);
    }),
};

/** What leaves the sink where it is. */
const mild: Readonly<Record<string, (consumer: Consumer, delivery: Delivery) => Promise<unknown>>> =
  {
    "flush()": (_, delivery) => delivery.flush(),
    "rotate()": (consumer) => consumer.rotate(),
  };
/** What ends it. */
const final: Readonly<
  Record<string, (consumer: Consumer, delivery: Delivery) => Promise<unknown>>
> = {
  "close()": (consumer) => consumer.close(),
  "close(), twice": (consumer) => Promise.all([consumer.close(), consumer.close()]),
  disposal: (consumer) => consumer[Symbol.asyncDispose](),
  "stop()": (_, delivery) => delivery.stop(),
  "stop() and close()": async (consumer, delivery) => {
    await delivery.stop();
    await consumer.close();
  },
};

describe.each(consumers)("a %s's sink", (_consumer, open) => {
  describe.each(Object.entries(ways))("%s", (_, way) => {
    it.each(Object.entries(mild))("may await %s", async (__, act) => {
      const consumer = open({ bufferBytes: 200 });
      let inside = 0;
      const collector = new Collector(async () => {
        await way(() => act(consumer, delivery));
        inside++;
      });
      const delivery = consumer.deliver(collector.sink, { maxRecords: 4, maxWaitMs: 5 });
      await collector.has(20);
      write(web, 5, 20);
      await collector.has(25);
      expect(collector.of(web)).toEqual(toLines(web.written));
      expect(collector.calls).toHaveLength(inside);
      await consumer.close();
      await delivery.done;
    });

    it.each(Object.entries(final))("may await %s", async (__, act) => {
      const consumer = open();
      const collector = new Collector(async (_records, _context, call) => {
        if (call === 0) await eventually(() => consumer.stats.lines === 20, "all read");
        if (call === 1) await way(() => act(consumer, delivery));
      });
      const delivery = consumer.deliver(collector.sink, { maxRecords: 4, maxWaitMs: 60_000 });
      await delivery.done;
      expect(collector.attempts).toEqual([1, 1, 1, 1, 1]);
      expect(collector.of(web)).toEqual(toLines(web.written).slice(0, 20));
      await consumer.close();
    });
  });

  it("may await close() from its dead letter", async () => {
    const consumer = open();
    const collector = new Collector(() => Promise.reject(new Error("refused")));
    const dead = new Collector(() => consumer.close());
    const { done } = consumer.deliver(collector.sink, {
      maxWaitMs: 0,
      retry: { attempts: 1 },
      deadLetter: (records) => dead.sink(records, { attempt: 1, signal: AbortSignal.any([]) }),
    });
    await done;
    expect(dead.of(web)).toEqual(toLines(web.written));
  });

  it("may await close() while another one does, and somebody else, who waits for both", async () => {
    const consumer = open();
    const met = [gate(), gate()];
    const blocked = gate();
    const collectors = [0, 1].map(
      (own) =>
        new Collector(async () => {
          met[own]?.open();
          await Promise.all(met.map(({ opened }) => opened));
          await consumer.close();
          await blocked.opened;
        }),
    );
    const deliveries = collectors.map(({ sink }) => consumer.deliver(sink, { maxWaitMs: 0 }));
    for (const collector of collectors) await collector.called(1);
    const closed = consumer.close();
    await eventually(() => fake.open.follows === 0, "no stream");
    expect(await outcome(closed)).toBe("pending");
    blocked.open();
    await closed;
    for (const { done } of deliveries) expect(await outcome(done)).toBe("resolved");
    for (const collector of collectors)
      expect(collector.of(web)).toEqual(toLines(web.written).slice(0, consumer.stats.lines));
  });

  it.each(["close", "flush", "stop"] as const)(
    "that has returned is none any more: a timer of its waits in %s() for the one that runs",
    async (name) => {
      const consumer = open();
      const [ran, blocked] = [gate(), gate()];
      let called: Promise<void> | undefined;
      const collector = new Collector((_records, _context, call) => {
        if (call === 1) return blocked.opened;
        if (call === 0)
          setTimeout(() => {
            called = name === "close" ? consumer.close() : delivery[name]();
            ran.open();
          }, 20);
        return undefined;
      });
      const delivery = consumer.deliver(collector.sink, { maxRecords: 4, maxWaitMs: 60_000 });
      await collector.called(2);
      await ran.opened;
      await eventually(() => fake.open.follows === (name === "close" ? 0 : 1), "the stream");
      if (called === undefined) throw new Error("not called");
      expect(await outcome(called)).toBe("pending");
      blocked.open();
      await called;
      expect(collector.of(web)).toEqual(toLines(web.written));
      await consumer.close();
    },
  );

  it.each([
    ["never settles", () => forever],
    ["fails for ever", () => Promise.reject(new Error("refused"))],
  ])("that %s after its close() has no more time than any other", async (_, act) => {
    const consumer = open({ rotateTimeoutMs: 50 });
    let isClosed = false;
    const { done } = consumer.deliver(
      async () => {
        await consumer.close();
        isClosed = true;
        return act();
      },
      { maxWaitMs: 0, retry: { minDelayMs: 1, maxDelayMs: 1 } },
    );
    const error = await failure(done, "TASKS_STILL_RUNNING");
    expect(error.message).toContain("sink");
    expect(isClosed).toBe(true);
    expect(consumer.stats.tasks).toBe(0);
    await consumer.close().catch(() => {});
  });

  it("may await what another consumer's sink does, which closes the first one", async () => {
    const consumer = open();
    const inner = new Collector(() => consumer.close());
    const collector = new Collector(async (_records, _context, call) => {
      if (call > 0) return;
      const other = new ContainerLogSource("web", { engine: fake.engine, follow: false });
      await other.deliver(inner.sink, { maxWaitMs: 0 }).done;
    });
    const { done } = consumer.deliver(collector.sink, { maxRecords: 4, maxWaitMs: 0 });
    await done;
    expect(inner.of(web)).toEqual(toLines(web.written));
    expect(collector.attempts.every((attempt) => attempt === 1)).toBe(true);
  });
});

describe("a pool's sink", () => {
  it("may await detach() and attach() of what its lines are of", async () => {
    const consumer = pool();
    const collector = new Collector(async (records, _context, call) => {
      if (call > 3) return;
      const { id } = records[0]?.container ?? {};
      if (id === undefined) throw new Error("no container");
      await consumer.detach(id);
      await consumer.attach(id, { from: "start" });
    });
    const { done } = consumer.deliver(collector.sink, { maxRecords: 7, maxWaitMs: 0 });
    // Five times: it is read from its start each time, in the order in which it was attached.
    await eventually(() => collector.calls.length > 4, "detached and attached");
    await eventually(() => collector.records.length >= 20, "lines");
    await consumer.close();
    await done;
    expect(collector.attempts.every((attempt) => attempt === 1)).toBe(true);
    expect(collector.of(web).slice(0, 20)).toEqual(toLines(web.written));
  });

  it("may await detach() while the container waits for room", async () => {
    const consumer = pool({ bufferBytes: 50 });
    const db = fake.create({ name: "db" });
    write(db, 100);
    const collector = new Collector(async (_records, _context, call) => {
      if (call === 0) await consumer.detach("db");
    });
    const { done } = consumer.deliver(collector.sink, { maxRecords: 2, maxWaitMs: 0 });
    await eventually(() => collector.of(web).length === 20, "all of the other one");
    await consumer.close();
    await done;
    const lines = collector.of(db);
    expect(lines).toEqual(toLines(db.written).slice(0, lines.length));
    expect(collector.attempts.every((attempt) => attempt === 1)).toBe(true);
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { Cursor, LogBatch, PoolOptions, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { Collector, gate, refuseUnhandled, write } from "../support/delivery-sinks.ts";
import {
  eager,
  eventually,
  Follower,
  nothingOpen,
  thrown,
  toLines,
  turns,
} from "../support/fake-follow.ts";

/** Nothing comes by waiting. */
const patient = { maxWaitMs: 2 ** 31 - 1 };

let fake: FakeEngine;
let web: FakeContainer;
let opened: (ContainerLogSource | StreamPool)[];
refuseUnhandled();
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((one) => one.close()));
  await nothingOpen(fake);
  await fake.close();
});

function source(options: SourceOptions = {}): ContainerLogSource {
  const made = new ContainerLogSource("web", { engine: fake.engine, ...eager, ...options });
  opened.push(made);
  return made;
}

function pool(options: PoolOptions = {}): StreamPool {
  const made = new StreamPool({ engine: fake.engine, source: eager, from: "start", ...options });
  opened.push(made);
  return made;
}

const consumers = { source, pool: (options?: object) => pool(options) };

/** What a source that goes on at a cursor reads. */
async function linesBehind(cursor: Cursor | undefined): Promise<string[]> {
  if (cursor === undefined) throw new Error("no cursor");
  const follower = new Follower(source({ resume: cursor, follow: false }));
  await follower.finished();
  return follower.texts;
}

describe.each(Object.entries(consumers))("a %s's sink", (_, open) => {
  it("gets full batches at once, and the rest by flush(), when nothing comes by waiting", async () => {
    write(web, 13);
    const collector = new Collector();
    const consumer = open();
    const delivery = consumer.deliver(collector.sink, { ...patient, maxRecords: 5 });
    await collector.has(10);
    await turns(20);
    expect(collector.sizes).toEqual([5, 5]);
    await delivery.flush();
    expect(collector.sizes).toEqual([5, 5, 3]);
    expect(collector.of(web)).toEqual(toLines(web.written));
    write(web, 4, 13);
    await eventually(() => consumer.stats.lines === 17, "all read");
    await delivery.flush();
    expect(collector.of(web)).toEqual(toLines(web.written));
  });

  it("gets a lone line though its batch is not full", async () => {
    const collector = new Collector();
    open().deliver(collector.sink, { maxRecords: 1_000, maxWaitMs: 20 });
    write(web, 1);
    await collector.has(1);
    write(web, 1, 1);
    await collector.has(2);
    expect(collector.of(web)).toEqual(toLines(web.written));
  });

  it("gets one batch at a time, in order, while others get theirs", async () => {
    const slow = new Collector(() => turns(2));
    const [one, other] = [gate(), gate()];
    const met: string[] = [];
    const meets = (name: string, own: { open: () => void }, theirs: Promise<void>) =>
      new Collector(async (_records, _context, call) => {
        if (call > 0) return;
        own.open();
        // Neither returns before the other was called.
        await theirs;
        met.push(name);
      });
    const sinks = [meets("one", one, other.opened), meets("other", other, one.opened), slow];
    const consumer = open();
    for (const [index, { sink }] of sinks.entries())
      consumer.deliver(sink, { maxRecords: index + 1, maxWaitMs: 0 });
    write(web, 60);
    for (const collector of sinks) await collector.has(60);
    expect(met.toSorted()).toEqual(["one", "other"]);
    for (const collector of sinks) {
      expect(collector.mostRunning).toBe(1);
      expect(collector.of(web)).toEqual(toLines(web.written));
    }
    expect(Math.max(...slow.sizes)).toBe(3);
  });

  it("that is given in the tick of the first, or one behind it, gets line one too", async () => {
    write(web, 3);
    const consumer = open();
    const collectors = [new Collector(), new Collector(), new Collector()];
    const deliver = (collector: Collector | undefined): void => {
      if (collector !== undefined) consumer.deliver(collector.sink, { maxWaitMs: 0 });
    };
    deliver(collectors[0]);
    deliver(collectors[1]);
    await Promise.resolve();
    deliver(collectors[2]);
    for (const collector of collectors) await collector.has(3);
    for (const collector of collectors) expect(collector.of(web)).toEqual(toLines(web.written));
  });

  it("that joins later gets what no other has got yet, and all from then on", async () => {
    write(web, 7);
    const consumer = open();
    const first = new Collector();
    consumer.deliver(first.sink, { maxWaitMs: 0 });
    await first.has(7);
    const later = new Collector();
    consumer.deliver(later.sink, { maxWaitMs: 0 });
    write(web, 9, 7);
    await first.has(16);
    await later.has(9);
    expect(later.of(web)).toEqual(toLines(web.written).slice(7));
    expect(first.of(web)).toEqual(toLines(web.written));
  });

  it("keeps others from iterating, and the other way round", async () => {
    const consumer = open();
    thrown(() => consumer.deliver(() => {}, { maxRecords: 0 }), "INVALID_OPTION");
    const delivery = consumer.deliver(() => {});
    thrown(() => consumer[Symbol.asyncIterator](), "ALREADY_CONSUMED");
    thrown(() => consumer.batches()[Symbol.asyncIterator](), "ALREADY_CONSUMED");
    await consumer.close();
    await delivery.done;
    thrown(() => consumer[Symbol.asyncIterator](), "ALREADY_CONSUMED");
    const iterated = open();
    // Options that were refused have consumed nothing.
    thrown(() => iterated.deliver(() => {}, { timeoutMs: 0 }), "INVALID_OPTION");
    const iterator = iterated[Symbol.asyncIterator]();
    thrown(() => iterated.deliver(() => {}), "ALREADY_CONSUMED");
    await iterator.return?.();
    thrown(() => iterated.deliver(() => {}), "ALREADY_CONSUMED");
  });

  it("has what it is given in hand, whatever acknowledge() says", async () => {
    write(web, 3);
    const held = gate();
    let inHand = 0;
    const consumer = open();
    const sink = (records: LogBatch): Promise<void> => {
      inHand = records.length;
      return held.opened;
    };
    consumer.deliver(sink, { maxRecords: 3, ...patient });
    await eventually(() => inHand === 3);
    consumer.acknowledge();
    const [followed] = consumer instanceof StreamPool ? consumer.sources.values() : [consumer];
    expect(followed?.stats.delivered).toBe(0);
    held.open();
    await eventually(() => followed?.stats.delivered === 3);
  });

  it("with batches larger than the buffer gets them when reading waits for room", async () => {
    const small = { bufferBytes: 1 };
    const consumer = open === source ? source(small) : pool({ source: { ...eager, ...small } });
    const collector = new Collector();
    consumer.deliver(collector.sink, { maxRecords: 1_000, maxWaitMs: 60_000 });
    write(web, 200);
    await collector.has(200);
    expect(collector.of(web)).toEqual(toLines(web.written));
  });

  it("likewise where there are few lines and large ones", async () => {
    const limited = { bufferBytes: 100_000 };
    const consumer = open === source ? source(limited) : pool(limited);
    const collector = new Collector();
    const delivery = consumer.deliver(collector.sink, { maxRecords: 2, maxWaitMs: 60_000 });
    const sizes = [20_000, 20_000, 60_000];
    for (let index = 0; index < 60; index++)
      web.write(`${index} `.padEnd(sizes[index % 3] ?? 0, "x"));
    // What is left may be less than the buffer holds.
    await collector.has(54);
    await eventually(() => consumer.stats.lines === 60, "all read");
    await delivery.flush();
    expect(collector.of(web)).toEqual(toLines(web.written));
  });
});

describe("a source's position", () => {
  it("moves behind a line when the slowest of its sinks has it", async () => {
    write(web, 10);
    const blocked = [gate(), gate()];
    const slow = new Collector((_records, _context, call) => blocked[call]?.opened);
    const quick = new Collector();
    const one = source();
    one.deliver(quick.sink, { maxWaitMs: 0 });
    one.deliver(slow.sink, { maxRecords: 4, ...patient });
    await quick.has(10);
    await slow.called(1);
    await turns(5);
    expect(one.stats.delivered).toBe(0);
    expect(await linesBehind(one.cursor)).toHaveLength(10);
    blocked[0]?.open();
    await slow.called(2);
    expect(one.stats.delivered).toBe(4);
    expect(await linesBehind(one.cursor)).toEqual(web.written.slice(4).map(({ line }) => line));
    blocked[1]?.open();
    await slow.has(8);
    await turns(5);
    expect(one.stats.delivered).toBe(8);
    expect(await linesBehind(one.cursor)).toEqual(["line 8", "line 9"]);
    expect(quick.of(web)).toEqual(toLines(web.written));
  });
});

describe("a pool's sinks", () => {
  it("get every container's lines in its order, in batches of several containers", async () => {
    const containers = [web, fake.create({ name: "db" }), fake.create({ name: "cache" })];
    for (const container of containers) write(container, 50);
    const collectors = [new Collector(), new Collector(() => turns(1))];
    const consumer = pool();
    const deliveries = collectors.map(({ sink }) => consumer.deliver(sink, { ...patient }));
    await eventually(() => consumer.stats.lines === 150, "all read");
    await Promise.all(deliveries.map((delivery) => delivery.flush()));
    for (const collector of collectors) {
      for (const container of containers)
        expect(collector.of(container)).toEqual(toLines(container.written));
      expect(collector.records).toHaveLength(150);
      const ids = collector.batches.map(
        (batch) => new Set(batch.map((record) => record.container.id)),
      );
      expect(Math.max(...ids.map(({ size }) => size))).toBeGreaterThan(1);
    }
  });

  it("get the lines of all in the order of time, where that is asked for", async () => {
    const containers = [web, fake.create({ name: "db" }), fake.create({ name: "cache" })];
    for (let index = 0; index < 90; index++) {
      const timestamp = new Date(Date.UTC(2026, 10, 23, 15, 0, index)).toISOString();
      containers[index % 3 === 0 ? 0 : (index % 7) % 3]?.write(`line ${index}`, { timestamp });
    }
    const collector = new Collector();
    const consumer = pool({ order: { byTimestamp: true, latenessMs: 300 } });
    const delivery = consumer.deliver(collector.sink, { maxRecords: 7, maxWaitMs: 60_000 });
    await eventually(() => consumer.stats.lines === 90, "all read");
    await delivery.flush();
    expect(collector.texts).toEqual(Array.from({ length: 90 }, (_, index) => `line ${index}`));
  });

  it("are the only ones who get a source's lines", async () => {
    const consumer = pool();
    const collector = new Collector();
    consumer.deliver(collector.sink, { maxWaitMs: 0 });
    write(web, 1);
    await collector.has(1);
    const inside = consumer.sources.get(web.id);
    thrown(() => inside?.deliver(() => {}), "ALREADY_CONSUMED");
    thrown(() => inside?.[Symbol.asyncIterator](), "ALREADY_CONSUMED");
  });
});

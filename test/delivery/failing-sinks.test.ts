import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { PoolOptions, PoolStatus, SourceOptions, SourceStatus } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { Collector, gate, outcome, refuseUnhandled, write } from "../support/delivery-sinks.ts";
import {
  eager,
  eventually,
  failure,
  Follower,
  nothingOpen,
  toLines,
  turns,
} from "../support/fake-follow.ts";

const KIB = 1_024;
/** A read brings no more at once; a line may end behind it. */
const CHUNK_BYTES = 64 * KIB + 1_000;
const atOnce = { maxWaitMs: 0, retry: { minDelayMs: 1, maxDelayMs: 1 } };
const refused = new Error("refused");

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

function statusesOf(consumer: ContainerLogSource): SourceStatus[] {
  const statuses: SourceStatus[] = [];
  consumer.on("status", (status) => statuses.push(status));
  return statuses;
}

function poolStatusesOf(consumer: StreamPool): PoolStatus[] {
  const statuses: PoolStatus[] = [];
  consumer.on("status", (status) => statuses.push(status));
  return statuses;
}

type Retry = Extract<SourceStatus, { type: "delivery-retry" }>;

function retriesOf(statuses: readonly SourceStatus[]): Retry[] {
  return statuses.filter((status): status is Retry => status.type === "delivery-retry");
}

describe("a failed attempt that is made again", () => {
  it("shows in a source's statuses", async () => {
    write(web, 3);
    const collector = new Collector((_records, { attempt }) => {
      if (attempt < 4) throw refused;
    });
    const one = source();
    const statuses = statusesOf(one);
    one.deliver(collector.sink, { ...atOnce, name: "files" });
    await collector.has(3);
    const retry = { type: "delivery-retry", sink: "files", error: refused };
    expect(retriesOf(statuses).slice(0, 3)).toEqual(
      [1, 2, 3].map((attempt) => ({ ...retry, attempt, delayMs: expect.any(Number) as unknown })),
    );
    expect(collector.of(web)).toEqual(toLines(web.written));
  });

  it("shows in a pool's statuses, once for each container of the batch", async () => {
    const db = fake.create({ name: "db" });
    const quiet = fake.create({ name: "quiet" });
    for (const container of [web, db]) write(container, 2);
    const consumer = pool();
    const statuses = poolStatusesOf(consumer);
    const collector = new Collector((_records, { attempt }) => {
      if (attempt < 3) throw refused;
    });
    const options = { ...atOnce, maxWaitMs: 60_000, name: "files" };
    const delivery = consumer.deliver(collector.sink, options);
    await eventually(() => consumer.stats.lines === 4 && consumer.sources.size === 3, "all read");
    const own = [web, db, quiet].map(({ id }) => {
      const one = consumer.sources.get(id);
      if (one === undefined) throw new Error("not followed");
      return statusesOf(one);
    });
    await delivery.flush();
    const retries = statuses.flatMap((status) =>
      status.type === "source" && status.status.type === "delivery-retry"
        ? [`${status.container.name} ${status.status.sink} ${status.status.attempt}`]
        : [],
    );
    const expected = [1, 2].flatMap((attempt) => [`db files ${attempt}`, `web files ${attempt}`]);
    expect(retries.toSorted()).toEqual(expected.toSorted());
    const attempts = own.map((seen) => retriesOf(seen).map(({ attempt }) => attempt));
    expect(attempts).toEqual([[1, 2], [1, 2], []]);
  });

  it("shows, also where the lines are of a container that is gone", async () => {
    write(web, 2);
    const consumer = pool();
    const statuses = poolStatusesOf(consumer);
    const removed = gate();
    const collector = new Collector(async (_records, { attempt }, call) => {
      if (call === 0) await removed.opened;
      if (attempt < 3) throw refused;
    });
    consumer.deliver(collector.sink, atOnce);
    await collector.called(1);
    web.remove();
    await eventually(() => consumer.sources.size === 0, "detached");
    removed.open();
    await collector.has(2);
    const retries = statuses.flatMap((status) =>
      status.type === "source" && status.status.type === "delivery-retry"
        ? [[status.container.id, status.status.attempt]]
        : [],
    );
    expect(retries.slice(0, 2)).toEqual([
      [web.id, 1],
      [web.id, 2],
    ]);
  });
});

describe("while a sink is tried again", () => {
  it.each(["source", "pool"] as const)("a %s pauses its socket and drops nothing", async (kind) => {
    const bufferBytes = 128 * KIB;
    const isBack = { now: false };
    const collector = new Collector(() => {
      if (!isBack.now) throw refused;
    });
    const consumer = kind === "source" ? source({ bufferBytes }) : pool({ bufferBytes });
    consumer.deliver(collector.sink, { ...atOnce, maxRecords: 50 });
    for (let index = 0; index < 6_000; index++) web.write(`line ${index} `.padEnd(800, "x"));
    await eventually(() => consumer.stats.bufferedBytes >= bufferBytes, "a full buffer");
    await collector.called(30);
    const { lines } = consumer.stats;
    await collector.called(60);
    // Nothing was read in between.
    expect(consumer.stats.lines).toBe(lines);
    expect(lines * 800).toBeLessThan(bufferBytes + CHUNK_BYTES);
    expect(consumer.stats.bufferedBytes).toBeLessThan(bufferBytes + CHUNK_BYTES);
    expect(fake.open.follows).toBe(1);
    isBack.now = true;
    await collector.has(6_000);
    expect(collector.of(web)).toEqual(toLines(web.written));
    expect(new Set(collector.calls.slice(0, 60).map(({ records }) => records[0]?.id)).size).toBe(1);
  });
});

describe("a sink that gives up", () => {
  /** Takes two batches of four lines. */
  const failing = (): Collector =>
    new Collector((_records, _context, call) => {
      if (call >= 2) throw refused;
    });
  const options = { maxRecords: 4, maxWaitMs: 0, name: "files", retry: { attempts: 1 } };

  it("ends its source: reading stops, the position stays before the batch", async () => {
    write(web, 20);
    const collector = failing();
    const blocked = gate();
    const other = new Collector((_records, _context, call) =>
      call === 0 ? blocked.opened : undefined,
    );
    const one = source();
    const statuses = statusesOf(one);
    const { done } = one.deliver(collector.sink, options);
    const theirs = one.deliver(other.sink, { maxWaitMs: 0 });
    const error = await failure(done, "SINK_FAILED");
    expect(error.cause).toBe(refused);
    expect(error.container).toBe(web.id);
    expect(await one.ended).toEqual({ kind: "failed", error });
    expect(statuses.at(-1)).toEqual({ type: "ended", reason: { kind: "failed", error } });
    await nothingOpen(fake);
    const read = one.stats.lines;
    write(web, 5, 20);
    await turns(20);
    expect([one.stats.lines, one.stats.delivered]).toEqual([read, 0]);
    expect(await outcome(theirs.done)).toBe("pending");
    blocked.open();
    expect(await failure(theirs.done, "SINK_FAILED")).toBe(error);
    expect(other.of(web)).toEqual(toLines(web.written).slice(0, read));
    expect(collector.of(web)).toEqual(toLines(web.written).slice(0, 8));
    expect(one.stats.delivered).toBe(8);
    const { cursor } = one;
    if (cursor === undefined) throw new Error("no cursor");
    const follower = new Follower(source({ resume: cursor, follow: false }));
    await follower.finished();
    expect(follower.lines).toEqual(toLines(web.written).slice(8));
    await one.close();
  });

  it("ends its pool and all that is in it", async () => {
    const db = fake.create({ name: "db" });
    for (const container of [web, db]) write(container, 20);
    const consumer = pool();
    const statuses = poolStatusesOf(consumer);
    const other = new Collector(() => turns(2));
    const collector = failing();
    const { done } = consumer.deliver(collector.sink, options);
    const theirs = consumer.deliver(other.sink, { maxWaitMs: 0 });
    const error = await failure(done, "SINK_FAILED");
    expect(await failure(theirs.done, "SINK_FAILED")).toBe(error);
    await nothingOpen(fake);
    await eventually(() => consumer.sources.size === 0, "no source");
    const ends = statuses.flatMap((status) => (status.type === "detached" ? [status.reason] : []));
    expect(ends.length).toBeGreaterThan(0);
    for (const reason of ends) expect(reason).toEqual({ kind: "failed", error });
    const read = consumer.stats.lines;
    for (const container of [web, db]) {
      write(container, 5, 20);
      const lines = other.of(container);
      expect(lines).toEqual(toLines(container.written).slice(0, lines.length));
    }
    expect(other.records).toHaveLength(read);
    expect(collector.records).toHaveLength(8);
    await turns(20);
    expect(consumer.stats.lines).toBe(read);
    expect(consumer.stats.tasks).toBe(0);
    await consumer.close();
  });

  it.each(["source", "pool"] as const)(
    "of a %s that nobody looks at is no unhandled rejection",
    async (kind) => {
      write(web, 20);
      const consumer = kind === "source" ? source() : pool();
      consumer.deliver(failing().sink, options);
      consumer.deliver(() => {}, { maxWaitMs: 0 });
      await eventually(() => fake.open.maxFollows > 0, "begun");
      await nothingOpen(fake);
      await eventually(() => consumer.stats.tasks === 0, "over");
    },
  );

  it.each(["source", "pool"] as const)(
    "of a %s takes no longer over others that fail for ever than close()",
    async (kind) => {
      write(web, 20);
      const own = { rotateTimeoutMs: 50 };
      const consumer = kind === "source" ? source(own) : pool({ source: { ...eager, ...own } });
      const { done } = consumer.deliver(failing().sink, options);
      const never = consumer.deliver(() => Promise.reject(refused), atOnce);
      await failure(done, "SINK_FAILED");
      await eventually(() => consumer.stats.tasks === 0, "over");
      await expect(never.done).rejects.toBeInstanceOf(Error);
      await consumer.close().catch(() => {});
      opened = [];
    },
  );
});

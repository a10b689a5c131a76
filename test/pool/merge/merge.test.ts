import { setTimeout as after } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StreamPool } from "../../../src/index.ts";
import type { LogBatch, LogRecord, PoolOptions } from "../../../src/index.ts";
import { Feed } from "../../../src/pool/merge/feed.ts";
import { RoundRobin } from "../../../src/pool/merge/round-robin.ts";
import { TimeOrder } from "../../../src/pool/merge/time-order.ts";
import { LOG_START } from "../../../src/resume/position.ts";
import { Trail } from "../../../src/resume/trail.ts";
import { Batch } from "../../../src/queue/batch.ts";
import { BatchBuffer } from "../../../src/queue/buffer.ts";
import type { Capture } from "../../../src/source/capture.ts";
import { Consumer } from "../../../src/queue/consumer.ts";
import { FakeEngine } from "../../../src/testing.ts";
import type { FakeContainer } from "../../../src/testing.ts";
import { LineRecord } from "../../../src/wire/records.ts";
import { eager, eventually, thrown, toLines, turns } from "../../support/fake-follow.ts";
import { PoolFollower } from "../../support/pool-follow.ts";

const KIB = 1024;
/** What a feed may hand out in each round. */
const QUANTUM_BYTES = 16 * KIB;
/** Chunks that wait are joined up to so many bytes. */
const JOINED_BYTES = 64 * KIB;

const info = {
  id: "ab".repeat(32),
  name: "web",
  image: "web:1",
  labels: {},
  tty: false,
  logDriver: "json-file",
  engine: "default",
};

/** A container's lines, as if they were read. */
class Source {
  readonly name: string;
  readonly buffer: BatchBuffer;
  readonly consumer: Consumer;
  readonly feed: Feed;
  /** One log, without a gap. */
  readonly #trail = new Trail("by-timestamp", LOG_START);

  constructor(name: string, joinWithinMs: number) {
    this.name = name;
    this.buffer = new BatchBuffer(Infinity, { joinWithinMs });
    this.consumer = new Consumer(this.buffer);
    const parts = { buffer: this.buffer, consumer: this.consumer, info: undefined };
    // Of a capture no more than this is used.
    this.feed = new Feed(parts as unknown as Capture);
  }

  /** Lines by their seconds, which came in one chunk of `bytes`, and may be `joined` to what waits. */
  brings(
    seconds: readonly number[],
    { bytes = 100, joined = false }: { bytes?: number; joined?: boolean } = {},
  ): void {
    const entries = seconds.map((second) => ({
      stream: "stdout" as const,
      timestamp: stamp(second),
      text: Buffer.from(`${this.name}${second}`),
      ended: true,
    }));
    const records = entries.map(
      ({ stream, timestamp, text }) =>
        new LineRecord(info, stream, timestamp, String(text), false, text, 0),
    );
    const ends = entries.map((_, index) => index + 1);
    const trail = joined ? this.#trail : this.#trail.clone();
    const place = { entries, trail, before: this.#trail.clone(), bytes };
    this.buffer.push(new Batch({ records, ends }, place));
  }
}

function stamp(second: number): string {
  return new Date(Date.UTC(2026, 0, 1) + second * 1_000).toISOString();
}

function sourcesOf(names: string, joinWithinMs = Infinity): Source[] {
  return Array.from(names, (name) => new Source(name, joinWithinMs));
}

describe("round robin", () => {
  /** Takes the next batch; whose it is, and what was left of its source. */
  function take(merge: RoundRobin, sources: readonly Source[]): Source | undefined {
    const feed = merge.next();
    if (feed === undefined) return undefined;
    feed.takeBatch();
    feed.acknowledge();
    return sources.find((source) => source.feed === feed);
  }

  it("has nothing to hand out where nothing came", () => {
    const merge = new RoundRobin();
    const [a] = sourcesOf("a");
    expect(merge.next()).toBeUndefined();
    if (a !== undefined) merge.ready(a.feed);
    expect(merge.next()).toBeUndefined();
    expect(merge.dueInMs).toBeUndefined();
  });

  it("hands out no more than a round's share of others before a line that has come", () => {
    const merge = new RoundRobin();
    const loud = sourcesOf("ABC");
    const [quiet] = sourcesOf("q");
    if (quiet === undefined) throw new Error("no source");
    const all = [...loud, quiet];
    const batchBytes = 6 * KIB;
    for (let round = 0; round < 50; round++) {
      for (const source of loud) {
        while (source.buffer.bytes < 20 * batchBytes) {
          source.brings([round], { bytes: batchBytes });
          merge.ready(source.feed);
        }
      }
      // At any place of the others' rounds.
      for (let batches = 0; batches < round % 7; batches++) take(merge, all);
      quiet.brings([round]);
      merge.ready(quiet.feed);
      let before = 0;
      for (let next = take(merge, all); next !== quiet; next = take(merge, all))
        before += batchBytes;
      expect(before).toBeLessThanOrEqual(loud.length * (QUANTUM_BYTES + batchBytes));
    }
  });

  it("hands out as many bytes of each, whatever the size of their batches", () => {
    const merge = new RoundRobin();
    const sizes = new Map([
      ["a", 100],
      ["b", 5 * KIB],
      ["c", 64 * KIB],
      ["d", 1_024 * KIB],
    ]);
    const sources = sourcesOf("abcd");
    const handed = new Map<string, number>();
    const total = 8 * 1_024 * KIB;
    const refill = ({ name, buffer, feed }: Source, brings: () => void): void => {
      while (buffer.isEmpty) brings();
      merge.ready(feed);
      if (!sizes.has(name)) throw new Error(`no size of ${name}`);
    };
    for (let sum = 0; sum < total;) {
      for (const source of sources) {
        const bytes = sizes.get(source.name) ?? 0;
        refill(source, () => source.brings([0], { bytes }));
      }
      const source = take(merge, sources);
      const bytes = sizes.get(source?.name ?? "") ?? 0;
      sum += bytes;
      handed.set(source?.name ?? "", (handed.get(source?.name ?? "") ?? 0) + bytes);
    }
    const counts = [...handed.values()];
    expect(counts).toHaveLength(4);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(
      2 * (1_024 * KIB + QUANTUM_BYTES),
    );
  });

  it("finishes a batch that it has begun before another's", () => {
    const merge = new RoundRobin();
    const [a, b] = sourcesOf("ab");
    if (a === undefined || b === undefined) throw new Error("no source");
    a.brings([1, 2, 3], { bytes: 40 * KIB });
    b.brings([1, 2, 3], { bytes: 40 * KIB });
    for (const { feed } of [a, b]) merge.ready(feed);
    const lines: (string | undefined)[] = [];
    for (let feed = merge.next(); feed !== undefined; feed = merge.next())
      lines.push(feed.takeRecord()?.line);
    expect(lines).toEqual(["a1", "a2", "a3", "b1", "b2", "b3"]);
  });

  it("forgets who is over, also while it is in the middle of its batch", () => {
    const merge = new RoundRobin();
    const [a, b] = sourcesOf("ab");
    if (a === undefined || b === undefined) throw new Error("no source");
    a.brings([1, 2]);
    b.brings([1]);
    for (const { feed } of [a, b]) merge.ready(feed);
    expect(merge.next()?.takeRecord()?.line).toBe("a1");
    merge.remove(a.feed);
    expect(merge.next()?.takeRecord()?.line).toBe("b1");
    merge.remove(b.feed);
    expect(merge.next()).toBeUndefined();
  });

  it("leaves out who has to wait for another, until it need not", () => {
    const merge = new RoundRobin();
    const [old, heir] = sourcesOf("oh");
    if (old === undefined || heir === undefined) throw new Error("no source");
    heir.feed.predecessor = old.feed;
    heir.brings([1]);
    for (const { feed } of [heir, old]) merge.ready(feed);
    expect(merge.next()).toBeUndefined();
    old.brings([2]);
    merge.ready(old.feed);
    expect(merge.next()?.takeRecord()?.line).toBe("o2");
    expect(merge.next()).toBeUndefined();
    heir.feed.predecessor = undefined;
    merge.ready(heir.feed);
    expect(merge.next()?.takeRecord()?.line).toBe("h1");
  });
});

describe("order by time", () => {
  const LATENESS_MS = 500;
  /** What comes within it may be handed out together. */
  const ONE_MOMENT_MS = 5;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** What may come now. */
  function drain(merge: TimeOrder): string[] {
    const lines: string[] = [];
    for (let feed = merge.next(); feed !== undefined; feed = merge.next())
      lines.push(feed.takeRecord()?.line ?? "nothing");
    return lines;
  }

  function merging(names: string): { merge: TimeOrder; sources: readonly Source[] } {
    const merge = new TimeOrder(LATENESS_MS);
    const sources = sourcesOf(names, 5);
    for (const { feed } of sources) merge.ready(feed);
    return { merge, sources };
  }

  function brings(
    merge: TimeOrder,
    source: Source | undefined,
    seconds: readonly number[],
    joined = false,
  ): void {
    source?.brings(seconds, { joined });
    if (source !== undefined) merge.ready(source.feed);
  }

  it("hands out the earliest line as soon as every container shows one", () => {
    const { merge, sources } = merging("abc");
    const [a, b, c] = sources;
    brings(merge, a, [1, 4, 7]);
    brings(merge, b, [2, 5, 8]);
    expect(drain(merge)).toEqual([]);
    brings(merge, c, [3, 6, 9]);
    expect(drain(merge)).toEqual(["a1", "b2", "c3", "a4", "b5", "c6", "a7"]);
    brings(merge, a, [8.5]);
    expect(drain(merge)).toEqual(["b8"]);
  });

  it("waits for who shows none until the line is late, and not longer", () => {
    const { merge, sources } = merging("ab");
    const [a, b] = sources;
    brings(merge, a, [5]);
    expect(drain(merge)).toEqual([]);
    expect(merge.dueInMs).toBe(LATENESS_MS);
    vi.advanceTimersByTime(LATENESS_MS - 1);
    expect(drain(merge)).toEqual([]);
    expect(merge.dueInMs).toBe(1);
    brings(merge, b, [4]);
    expect(drain(merge)).toEqual(["b4"]);
    vi.advanceTimersByTime(1);
    expect(drain(merge)).toEqual(["a5"]);
    expect(merge.dueInMs).toBeUndefined();
    // What comes later than that comes out of order, rather than never.
    brings(merge, b, [3]);
    vi.advanceTimersByTime(LATENESS_MS);
    expect(drain(merge)).toEqual(["b3"]);
  });

  it("holds each line back for its own time, also one that came while others waited", () => {
    const { merge, sources } = merging("ab");
    const [a, b] = sources;
    brings(merge, a, [1], true);
    vi.advanceTimersByTime(LATENESS_MS - 10);
    brings(merge, a, [9], true);
    vi.advanceTimersByTime(10);
    expect(drain(merge)).toEqual(["a1"]);
    brings(merge, b, [8]);
    expect(drain(merge)).toEqual(["b8"]);
    vi.advanceTimersByTime(LATENESS_MS);
    expect(drain(merge)).toEqual(["a9"]);
  });

  it("holds lines that came in one moment back together, for as long as the last of them", () => {
    const { merge, sources } = merging("ab");
    const [a, b] = sources;
    // One after the other, for far longer than a moment.
    for (let ms = 0; ms < 40; ms++) {
      brings(merge, a, [ms + 10], true);
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(LATENESS_MS - 40 + ONE_MOMENT_MS);
    const first = drain(merge);
    // Those of the first moment, and none that came after the next one.
    expect(first).toContain("a10");
    expect(first.length).toBeLessThanOrEqual(2 * ONE_MOMENT_MS + 2);
    brings(merge, b, [1]);
    expect(drain(merge)).toEqual(["b1"]);
    vi.advanceTimersByTime(40);
    const rest = drain(merge);
    expect([...first, ...rest]).toEqual(Array.from({ length: 40 }, (_, ms) => `a${ms + 10}`));
  });

  it("waits for nothing at the end", () => {
    const { merge, sources } = merging("abc");
    brings(merge, sources[0], [3, 4]);
    brings(merge, sources[1], [2, 5]);
    expect(drain(merge)).toEqual([]);
    merge.end();
    expect(drain(merge)).toEqual(["b2", "a3", "a4", "b5"]);
  });

  it("waits for nobody who is over", () => {
    const { merge, sources } = merging("abc");
    const [a, b, c] = sources;
    brings(merge, a, [3]);
    brings(merge, b, [2]);
    if (c !== undefined) merge.remove(c.feed);
    expect(drain(merge)).toEqual(["b2"]);
    if (b !== undefined) merge.remove(b.feed);
    expect(drain(merge)).toEqual(["a3"]);
    if (a !== undefined) merge.remove(a.feed);
    expect([merge.next(), merge.dueInMs]).toEqual([undefined, undefined]);
  });

  it("compares timestamps of any precision", () => {
    const { merge, sources } = merging("ab");
    brings(merge, sources[0], [1.002, 1.004, 2]);
    brings(merge, sources[1], [1.001, 1.003, 1.5]);
    expect(drain(merge)).toEqual(["b1.001", "a1.002", "b1.003", "a1.004", "b1.5"]);
  });

  it("is that of each container, however its clock runs, and the earliest of what each shows first", () => {
    const log = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 12 });
    const logs = fc.array(fc.array(log, { maxLength: 4 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(logs, (all) => {
        const { merge, sources } = merging("abcdefghi".slice(0, all.length));
        const queues = all.map((chunks) => chunks.flat());
        for (const [index, chunks] of all.entries())
          for (const chunk of chunks)
            if (chunk.length > 0) brings(merge, sources[index], chunk, chunk.length % 2 === 0);
        merge.end();
        const came = drain(merge);
        for (const line of came) {
          const heads = queues.flatMap(([head]) => head ?? []);
          const second = queues["abcdefghi".indexOf(line.charAt(0))]?.shift();
          expect(line.slice(1)).toBe(String(second));
          expect(second).toBe(Math.min(...heads));
        }
        expect(queues.flat()).toEqual([]);
      }),
    );
  });
});

let fake: FakeEngine;
let pools: StreamPool[];
beforeEach(async () => {
  fake = await FakeEngine.start();
  pools = [];
});
afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  await fake.close();
});

function open(options: PoolOptions = {}): StreamPool {
  const pool = new StreamPool({
    engine: fake.engine,
    source: eager,
    from: "start",
    rotation: false,
    ...options,
  });
  pools.push(pool);
  return pool;
}

function follow(
  options: PoolOptions = {},
  visit?: ConstructorParameters<typeof PoolFollower>[1],
): PoolFollower {
  return new PoolFollower(open(options), visit);
}

function create(count: number, prefix = "c"): FakeContainer[] {
  return Array.from({ length: count }, (_, index) => fake.create({ name: `${prefix}${index}` }));
}

function padded(text: string, bytes: number): string {
  return text.padEnd(bytes, ".");
}

/** All that is written by now was read. */
async function allRead({ pool }: { readonly pool: StreamPool }, lines: number): Promise<void> {
  await eventually(() => pool.stats.lines === lines, `${lines} lines read`);
}

/** A door that is closed until it is opened. */
function door(): { readonly passed: Promise<void>; open(): void } {
  let unlock = (): void => {};
  const passed = new Promise<void>((resolve) => {
    unlock = resolve;
  });
  return { passed, open: () => unlock() };
}

describe("one that writes as fast as it can beside 49 that write now and then", () => {
  it("comes with no more than a round's share before a line of theirs that is there", async () => {
    const loud = fake.create({ name: "loud" });
    const quiet = create(49, "quiet");
    const pool = open();
    /** Bytes of the loud one since a quiet one's line was at hand. */
    const since = new Map<string, number>();
    let most = 0;
    let backlog = 0;
    const follower = new PoolFollower(pool, async ({ container: { id }, line }, index) => {
      if (id === loud.id) {
        for (const [waiting, bytes] of since) since.set(waiting, bytes + line.length);
      } else {
        most = Math.max(most, since.get(id) ?? 0);
        since.delete(id);
      }
      if (index % 16 !== 0) return;
      await turns();
      backlog = Math.max(backlog, pool.sources.get(loud.id)?.stats.bufferedBytes ?? 0);
      for (const container of quiet) {
        const source = pool.sources.get(container.id);
        // The line in hand counts as buffered until the next is asked for.
        const isAtHand =
          source !== undefined && source.stats.lines > follower.lines(container).length;
        if (isAtHand && !since.has(container.id)) since.set(container.id, 0);
      }
    });
    await follower.streaming(loud, ...quiet);
    for (let round = 0; round < 30; round++) {
      for (let line = 0; line < 150; line++) loud.write(padded(`${round}.${line}`, KIB));
      for (const [index, container] of quiet.entries())
        if (index % 10 === round % 10) container.write(`now and then ${round}`);
      await turns(2);
    }
    for (const container of [loud, ...quiet]) await follower.expectAll(container);
    await follower.end();
    for (const container of [loud, ...quiet]) follower.expectExactly(container);
    // Else it proves nothing.
    expect(backlog).toBeGreaterThan(500 * KIB);
    // What is left of the batch in hand, and the loud one's share of a round.
    expect(most).toBeLessThanOrEqual(2 * JOINED_BYTES + QUANTUM_BYTES);
  });
});

describe("`bufferBytes`", () => {
  const bufferBytes = 128 * KIB;
  const lineBytes = KIB;
  /** What the fake engine and the socket hand over at once is read whole. */
  const chunkBytes = 64 * KIB;

  it.each([
    ["each with a stream", 8, 8],
    ["that share streams", 8, 3],
  ])(
    "bounds what is read ahead of a slow consumer, of containers %s",
    async (_, count, maxStreams) => {
      const containers = create(count);
      for (const container of containers)
        for (let line = 0; line < 150; line++) container.write(padded(`${line}`, lineBytes));
      const pool = open({ bufferBytes, maxStreams });
      let most = 0;
      const follower = new PoolFollower(pool, async (record, index) => {
        expect(record.line).toHaveLength(lineBytes);
        if (index % 4 === 0) await turns();
        most = Math.max(most, pool.stats.bufferedBytes);
      });
      for (const container of containers) await follower.expectAll(container);
      expect(most).toBeGreaterThanOrEqual(bufferBytes / 2);
      expect(most).toBeLessThanOrEqual(bufferBytes + maxStreams * chunkBytes);
      await eventually(() => pool.stats.bufferedBytes === 0, "nothing buffered at the end");
      await follower.end();
      for (const container of containers) follower.expectExactly(container);
    },
  );

  it.each([6, 2])(
    "stops reading while a consumer takes nothing, over %j streams",
    async (maxStreams) => {
      const containers = create(6);
      const pause = door();
      const pool = open({ bufferBytes, maxStreams, timeSliceMs: 20 });
      const follower = new PoolFollower(pool, (_, index) =>
        index === 0 ? pause.passed : undefined,
      );
      await follower.attached(...containers);
      const write = (round: number): void => {
        for (const container of containers)
          for (let line = 0; line < 10; line++)
            container.write(padded(`${round}.${line}`, lineBytes));
      };
      for (let round = 0; round < 20; round++) {
        write(round);
        await turns(5);
      }
      await eventually(() => pool.stats.bufferedBytes >= bufferBytes, "as much as may be buffered");
      await turns(100);
      const { lines, bufferedBytes } = pool.stats;
      for (let round = 20; round < 40; round++) {
        write(round);
        await turns(5);
      }
      // No more than what a reader had in its hands.
      expect(bufferedBytes).toBeLessThanOrEqual(bufferBytes + maxStreams * chunkBytes);
      expect(pool.stats.bufferedBytes).toBeLessThanOrEqual(bufferBytes + maxStreams * chunkBytes);
      expect(pool.stats.lines).toBeLessThan(6 * 400);
      expect(pool.stats.lines).toBeLessThanOrEqual(lines + (maxStreams * chunkBytes) / lineBytes);
      expect(follower.records).toHaveLength(1);
      pause.open();
      for (const container of containers) await follower.expectAll(container);
      await follower.end();
      for (const container of containers) follower.expectExactly(container);
      expect(fake.open.maxFollows).toBeLessThanOrEqual(maxStreams);
    },
  );

  it("of a single byte still lets every line come", async () => {
    const containers = create(5);
    const follower = follow({ bufferBytes: 1, maxStreams: 2, timeSliceMs: 10 });
    for (let round = 0; round < 5; round++) {
      for (const container of containers) container.write(padded(`${round}`, 40 * KIB));
      for (const container of containers) container.write(`${round}`, { stream: "stderr" });
    }
    await follower.attached(...containers);
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(follower.records).toHaveLength(50);
  });

  it("ends with what is buffered: a close with a slow consumer loses none of it", async () => {
    const containers = create(5);
    for (const container of containers)
      for (let line = 0; line < 40; line++) container.write(padded(`${line}`, 100));
    const pause = door();
    const follower = follow({}, (_, index) => (index === 0 ? pause.passed : undefined));
    await allRead(follower, 200);
    await follower.pool.close();
    pause.open();
    await follower.done;
    for (const container of containers) follower.expectExactly(container);
    expect(follower.pool.stats.bufferedBytes).toBe(0);
  });
});

describe("`order` by timestamp", () => {
  const START = Date.UTC(2026, 10, 23);
  /** Longer than any test: what comes out of order then came so for another reason than the time it took. */
  const ENDLESS_MS = 600_000;

  function at(ms: number): string {
    return new Date(START + ms).toISOString();
  }

  it("merges the lines of all containers, in whatever order they arrive", async () => {
    const containers = create(10);
    const order = { byTimestamp: true, latenessMs: ENDLESS_MS } as const;
    const follower = follow({ order });
    await follower.streaming(...containers);
    // In bursts: each container is far ahead of the others in its turn.
    let count = 0;
    for (let burst = 0; burst < 6; burst++) {
      for (const [index, container] of containers.entries()) {
        for (let line = 0; line < 10; line++) {
          const timestamp = at(burst * 1_000 + line * 20 + ((index * 7) % 10));
          container.write(`${count++}`, { timestamp });
        }
        await turns(3);
      }
    }
    await allRead(follower, count);
    // Some are certain, some could still be overtaken.
    await follower.until(() => follower.records.length > 500, "most of them");
    expect(follower.records.length).toBeLessThan(count);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    const times = follower.records.map(({ timestamp }) => Date.parse(timestamp));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times).toHaveLength(count);
  });

  it("keeps each container's own order, also where its clock goes backward", async () => {
    const containers = create(4);
    const follower = follow({ order: { byTimestamp: true, latenessMs: 20 } });
    await follower.attached(...containers);
    for (let line = 0; line < 60; line++) {
      for (const [index, container] of containers.entries()) {
        const timestamp = at(index % 2 === 0 ? 60_000 - line * 1_000 : ((line * 7) % 60) * 1_000);
        container.write(`line ${line}`, { timestamp });
      }
      if (line % 9 === 0) await turns(5);
    }
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(follower.records).toHaveLength(240);
  });

  it.each([0, 30])(
    "waits for a container that never writes for %j ms, and not for ever",
    async (latenessMs) => {
      const containers = create(5);
      const silent = fake.create({ name: "silent" });
      const follower = follow({ order: { byTimestamp: true, latenessMs } });
      await follower.streaming(silent, ...containers);
      for (let round = 0; round < 5; round++) {
        for (const container of containers) container.write(`round ${round}`);
        for (const container of containers) await follower.expectAll(container);
      }
      expect(follower.lines(silent)).toEqual([]);
      await follower.end();
      for (const container of containers) follower.expectExactly(container);
    },
  );

  it("holds each line back for its own time, not for that of those before it", async () => {
    const [steady, other] = [fake.create({ name: "steady" }), fake.create({ name: "other" })];
    const latenessMs = 1_000;
    const pool = open({ order: { byTimestamp: true, latenessMs } });
    const follower = new PoolFollower(pool, ({ line }) => {
      // Long before the last line, which came shortly before this one was due.
      if (line === "first") other.write("between", { timestamp: at(5_000) });
    });
    await follower.streaming(steady, other);
    steady.write("first", { timestamp: at(1_000) });
    await allRead({ pool }, 1);
    await after(0.7 * latenessMs);
    steady.write("last", { timestamp: at(9_000) });
    for (const container of [steady, other]) await follower.expectAll(container);
    await follower.until(() => follower.records.length === 3, "all three");
    await follower.end();
    expect(follower.records.map(({ line }) => line)).toEqual(["first", "between", "last"]);
  });

  it("loses nothing that comes too late", async () => {
    const [fast, slow] = [fake.create({ name: "fast" }), fake.create({ name: "slow" })];
    const follower = follow({ order: { byTimestamp: true, latenessMs: 1 } });
    await follower.streaming(fast, slow);
    fast.write("later", { timestamp: at(10_000) });
    await follower.expectAll(fast);
    slow.write("earlier", { timestamp: at(1_000) });
    await follower.expectAll(slow);
    await follower.end();
    expect(follower.records.map(({ line }) => line)).toEqual(["later", "earlier"]);
  });

  it("waits for containers that take turns, too, and for none that is gone", async () => {
    const containers = create(6);
    const gone = fake.create({ name: "gone" });
    const follower = follow({
      maxStreams: 2,
      order: { byTimestamp: true, latenessMs: ENDLESS_MS },
    });
    await follower.attached(gone, ...containers);
    for (const [index, container] of containers.entries())
      for (let line = 0; line < 20; line++)
        container.write(`line ${line}`, { timestamp: at(line * 100 + index) });
    await allRead(follower, 120);
    await turns(20);
    expect(follower.records).toEqual([]);
    gone.remove();
    await follower.until(() => follower.records.length >= 100, "what is certain");
    await follower.end();
    const times = follower.records.map(({ timestamp }) => Date.parse(timestamp));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    for (const container of containers) follower.expectExactly(container);
  });
});

/** Takes batches until the pool is closed, and lets `visit` say when the next may come. */
async function batchesOf(
  pool: StreamPool,
  visit: (batch: LogBatch, index: number) => Promise<void> | void,
): Promise<LogBatch[]> {
  const batches: LogBatch[] = [];
  for await (const batch of pool.batches()) {
    batches.push(batch);
    await visit(batch, batches.length - 1);
  }
  return batches;
}

/** All that a container wrote came, in its order, and nothing else of it. */
function expectBatches(batches: readonly LogBatch[], container: FakeContainer): void {
  const records = batches.flat().filter((record) => record.container.id === container.id);
  expect(toLines(records)).toEqual(toLines(container.written));
}

function containersOf(batch: LogBatch): Set<string> {
  return new Set(batch.map(({ container: { id } }) => id));
}

describe("batches()", () => {
  it("are of one container each, and hold what waits together", async () => {
    const containers = create(4);
    const pool = open();
    const pause = door();
    const isBegun = door();
    const done = batchesOf(pool, (_, index) => {
      isBegun.open();
      return index === 0 ? pause.passed : undefined;
    });
    containers[0]?.write("first");
    await isBegun.passed;
    await eventually(() => pool.sources.size === containers.length, "all attached");
    for (let round = 0; round < 100; round++) {
      for (const container of containers) container.write(`round ${round}`);
      await turns();
    }
    await allRead({ pool }, 401);
    pause.open();
    await pool.close();
    const batches = await done;
    for (const batch of batches) {
      expect(batch.length).toBeGreaterThan(0);
      expect(containersOf(batch).size).toBe(1);
    }
    for (const container of containers) expectBatches(batches, container);
    // The first, and what waited of each container.
    expect(batches.length).toBeLessThanOrEqual(1 + containers.length);
    expect(pool.stats.bufferedBytes).toBe(0);
  });

  it("come of one container after the other, also where one has far more", async () => {
    const [loud, ...quiet] = create(4);
    if (loud === undefined) throw new Error("no container");
    for (let line = 0; line < 600; line++) loud.write(padded(`${line}`, KIB));
    for (const container of quiet) container.write("one");
    const pool = open();
    const pause = door();
    const done = batchesOf(pool, (_, index) => (index === 0 ? pause.passed : undefined));
    await allRead({ pool }, 603);
    pause.open();
    await pool.close();
    const batches = await done;
    for (const container of [loud, ...quiet]) expectBatches(batches, container);
    const ids = new Set(quiet.map(({ id }) => id));
    const last = batches.findLastIndex(([record]) => ids.has(record?.container.id ?? ""));
    const before = batches.slice(0, last).flat();
    const loudBytes = before.reduce(
      (sum, { container, line }) => sum + (container.id === loud.id ? line.length : 0),
      0,
    );
    expect(loudBytes).toBeLessThanOrEqual(2 * JOINED_BYTES + QUANTUM_BYTES);
  });

  it("with an order hold lines of many containers, in that order", async () => {
    const containers = create(5);
    const pool = open({ order: { byTimestamp: true, latenessMs: 600_000 } });
    const done = batchesOf(pool, () => {});
    await eventually(
      () =>
        [...pool.sources.values()].filter(({ stats }) => stats.state === "streaming").length === 5,
      "all streaming",
    );
    const start = Date.UTC(2026, 10, 23);
    for (const [index, container] of containers.entries())
      for (let line = 0; line < 500; line++) {
        const timestamp = new Date(start + line * 10 + index).toISOString();
        container.write(`line ${line}`, { timestamp });
      }
    await allRead({ pool }, 2_500);
    await pool.close();
    const batches = await done;
    const records: LogRecord[] = batches.flat();
    const times = records.map(({ timestamp }) => Date.parse(timestamp));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    for (const container of containers) expectBatches(batches, container);
    expect(Math.max(...batches.map((batch) => containersOf(batch).size))).toBe(5);
    expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(1_000);
    expect(batches.length).toBeLessThan(200);
    expect(pool.stats.bufferedBytes).toBe(0);
  });
});

describe("what counts as delivered", () => {
  function deliveredOf(pool: StreamPool): number {
    let sum = 0;
    for (const { stats } of pool.sources.values()) sum += stats.delivered;
    return sum;
  }

  it("is a record when the next one is asked for, or by acknowledge()", async () => {
    const containers = create(3);
    for (const container of containers) for (const line of ["one", "two"]) container.write(line);
    const pool = open();
    const counts: number[] = [];
    const follower = new PoolFollower(pool, (_, index) => {
      counts.push(deliveredOf(pool));
      if (index % 2 === 0) pool.acknowledge();
      if (index % 2 === 0) counts.push(deliveredOf(pool));
    });
    for (const container of containers) await follower.expectAll(container);
    expect(counts).toEqual([0, 1, 1, 2, 3, 3, 4, 5, 5]);
    await eventually(() => deliveredOf(pool) === 6, "the last one");
    await follower.end();
  });

  it("is not the record in hand where the loop is left, but for acknowledge()", async () => {
    for (const isAcknowledged of [false, true]) {
      const web = fake.create({ name: `web${String(isAcknowledged)}` });
      for (const line of ["one", "two", "three"]) web.write(line);
      const pool = open({ select: { names: [`web${String(isAcknowledged)}`] } });
      let source: { readonly stats: { readonly delivered: number } } | undefined;
      for await (const { line } of pool) {
        source = pool.sources.get(web.id);
        if (line !== "two") continue;
        if (isAcknowledged) pool.acknowledge();
        break;
      }
      expect(source?.stats.delivered).toBe(isAcknowledged ? 2 : 1);
    }
  });

  it.each([
    ["of one container each", undefined],
    ["of all, in order", { byTimestamp: true, latenessMs: 5 } as const],
  ])("is a batch likewise: %s", async (_, order) => {
    const containers = create(3);
    for (const container of containers)
      for (const line of ["one", "two", "three"]) container.write(line);
    const pool = open(order === undefined ? {} : { order });
    let handed = 0;
    const done = batchesOf(pool, (batch, index) => {
      expect(deliveredOf(pool)).toBe(handed);
      handed += batch.length;
      if (index % 2 === 0) pool.acknowledge();
      expect(deliveredOf(pool)).toBe(index % 2 === 0 ? handed : handed - batch.length);
    });
    await eventually(() => handed === 9 && deliveredOf(pool) === 9, "all delivered");
    await pool.close();
    const batches = await done;
    for (const container of containers) expectBatches(batches, container);
  });
});

describe("a second reader", () => {
  it("is refused, whichever way it reads, and the first goes on", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    const follower = follow();
    await follower.expectAll(web);
    const { pool } = follower;
    thrown(() => pool[Symbol.asyncIterator](), "ALREADY_CONSUMED");
    thrown(() => pool.batches()[Symbol.asyncIterator](), "ALREADY_CONSUMED");
    web.write("two");
    await follower.expectAll(web);
    await follower.end();
    const error = thrown(() => pool[Symbol.asyncIterator](), "ALREADY_CONSUMED");
    expect(error.message).toContain("pool");
  });

  it("is refused after batches(), too; asking for batches() alone reads nothing", async () => {
    const pool = open();
    const batches = pool.batches();
    expect(fake.requests).toEqual([]);
    const iterator = batches[Symbol.asyncIterator]();
    thrown(() => pool[Symbol.asyncIterator](), "ALREADY_CONSUMED");
    thrown(() => batches[Symbol.asyncIterator](), "ALREADY_CONSUMED");
    await pool.close();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });
});

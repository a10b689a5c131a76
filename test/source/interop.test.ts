import { on, once } from "node:events";
import type { EventEmitter } from "node:events";
import { Readable, Writable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { LogRecord, SourceOptions, SourceStatus } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, eventually, nothingOpen, texts, turns } from "../support/fake-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
const LINES = Array.from({ length: 100 }, (_, line) => `line ${line}`);
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  for (const line of LINES) web.write(line);
});
afterEach(() => fake.close());

const open = (options: SourceOptions = {}): ContainerLogSource =>
  new ContainerLogSource("web", { engine: fake.engine, ...eager, ...options });

/** It has ended, nothing of it runs, and nothing is open at the engine. */
async function expectClosed(source: ContainerLogSource, kind = "closed"): Promise<void> {
  expect((await source.ended).kind).toBe(kind);
  await eventually(() => source.stats.tasks === 0 && source.stats.sockets === 0, "no task");
  await nothingOpen(fake);
}

/** What it delivers, up to `count`; then it is left, with the last one in hand. */
async function take<T>(values: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const value of values) if (taken.push(value) === count) break;
  return taken;
}

const lines = (records: readonly unknown[]): string[] => texts(records as readonly LogRecord[]);

describe("Readable.from(source)", () => {
  it("has every line, in order, and ends with the source", async () => {
    const source = open({ follow: false });
    expect(lines(await Readable.from(source).toArray())).toEqual(LINES);
    await expectClosed(source, "finished");
  });

  it("closes the source when its loop is left", async () => {
    const source = open();
    expect(lines(await take(Readable.from(source), 3))).toEqual(LINES.slice(0, 3));
    await expectClosed(source);
  });

  it("closes the source when it is destroyed, also while it waits for a line", async () => {
    const source = open();
    const stream = Readable.from(source);
    const seen: LogRecord[] = [];
    stream.on("data", (record: LogRecord) => seen.push(record));
    await eventually(() => seen.length === LINES.length, "all lines");
    stream.destroy();
    await once(stream, "close");
    await expectClosed(source);
  });

  it("can be piped, and a pipe that breaks closes the source", async () => {
    const seen: string[] = [];
    const sink = new Writable({
      objectMode: true,
      write: ({ line }: LogRecord, _, done) => {
        seen.push(line);
        done(line === "line 9" ? new Error("disk full") : null);
      },
    });
    const source = open();
    await expect(pipeline(Readable.from(source), sink)).rejects.toThrow("disk full");
    expect(seen).toEqual(LINES.slice(0, 10));
    await expectClosed(source);
  });

  it("fails as the source does", async () => {
    const source = new ContainerLogSource("nobody", { engine: fake.engine });
    const stream = Readable.from(source);
    await expect(stream.toArray()).rejects.toMatchObject({ code: "CONTAINER_NOT_FOUND" });
    await nothingOpen(fake);
  });

  it("takes batches", async () => {
    const source = open({ follow: false });
    const batches = (await Readable.from(source.batches()).toArray()) as LogRecord[][];
    expect(lines(batches.flat())).toEqual(LINES);
    const left = open();
    const [first] = await take(Readable.from(left.batches()), 1);
    expect(lines(first as LogRecord[]).slice(0, 1)).toEqual(["line 0"]);
    await expectClosed(left);
  });

  it("takes a pool", async () => {
    const pool = new StreamPool({ engine: fake.engine, from: "start" });
    expect(lines(await take(Readable.from(pool), 3))).toEqual(LINES.slice(0, 3));
    await eventually(() => pool.stats.tasks === 0 && pool.stats.sockets === 0, "no task");
    await nothingOpen(fake);
  });
});

describe("ReadableStream.from(source)", () => {
  it("has every line, in order", async () => {
    const source = open({ follow: false });
    expect(lines(await take(ReadableStream.from(source), Infinity))).toEqual(LINES);
    await expectClosed(source, "finished");
  });

  it("closes the source when its loop is left", async () => {
    const source = open();
    expect(lines(await take(ReadableStream.from(source), 3))).toEqual(LINES.slice(0, 3));
    await expectClosed(source);
  });

  it("closes the source when it is cancelled", async () => {
    const source = open();
    const reader = ReadableStream.from(source).getReader();
    expect((await reader.read()).value?.line).toBe("line 0");
    await reader.cancel("enough");
    await expectClosed(source);
  });
});

describe("pipeline(source, …)", () => {
  it("runs through a generator, and ends with the source", async () => {
    const seen: string[] = [];
    const source = open({ follow: false });
    await pipeline(
      source,
      async function* upper(records: AsyncIterable<LogRecord>) {
        for await (const { line } of records) yield line.toUpperCase();
      },
      async (texted: AsyncIterable<string>) => {
        for await (const line of texted) seen.push(line);
      },
    );
    expect(seen).toEqual(LINES.map((line) => line.toUpperCase()));
    await expectClosed(source, "finished");
  });

  it("closes the source when a stage fails", async () => {
    const source = open();
    const failing = pipeline(source, async (records: AsyncIterable<LogRecord>) => {
      for await (const { line } of records) if (line === "line 5") throw new Error("refused");
    });
    await expect(failing).rejects.toThrow("refused");
    await expectClosed(source);
  });

  it.each(["the source's, too", "of a Readable"])("is aborted by a signal (%s)", async (how) => {
    const controller = new AbortController();
    const { signal } = controller;
    const source = how === "of a Readable" ? open() : open({ signal });
    // Node leaves an iterable that waits for its next value where it is.
    const first = how === "of a Readable" ? Readable.from(source) : source;
    const seen: string[] = [];
    const running = pipeline(
      first,
      async (records: AsyncIterable<LogRecord>) => {
        for await (const { line } of records)
          if (seen.push(line) === LINES.length) setImmediate(() => controller.abort());
      },
      { signal },
    );
    await expect(running).rejects.toThrow("abort");
    expect(seen).toEqual(LINES);
    await expectClosed(source, how === "of a Readable" ? "closed" : "aborted");
  });
});

describe("AbortSignal.any([…])", () => {
  it.each([0, 1])("as `signal` ends the source by each of its signals (%d)", async (which) => {
    const controllers = [new AbortController(), new AbortController()] as const;
    const signal = AbortSignal.any(controllers.map((controller) => controller.signal));
    const source = open({ signal });
    const reason = new Error("enough");
    const seen: string[] = [];
    const loop = (async () => {
      for await (const { line } of source) {
        seen.push(line);
        if (seen.length === 3) controllers[which]?.abort(reason);
      }
    })();
    await expect(loop).rejects.toBe(reason);
    expect(seen).toEqual(LINES.slice(0, 3));
    expect(await source.ended).toEqual({ kind: "aborted", reason });
    await expectClosed(source, "aborted");
  });
});

describe("`status`", () => {
  /** To node:events all that has `on`, `once` and `removeListener` is an emitter; to its types more is needed. */
  const emitter = (source: ContainerLogSource): EventEmitter => source as unknown as EventEmitter;

  it("is awaited with `once` of node:events", async () => {
    const source = open();
    const first = once(emitter(source), "status");
    await take(source, 1);
    expect(await first).toEqual([{ type: "opened", generation: 1, aligned: "first" }]);
    expect(source.listenerCount("status")).toBe(0);
  });

  it("is iterated with `on` of node:events, whose loop is left at the end", async () => {
    const source = open();
    const statuses = on(emitter(source), "status") as AsyncIterable<[SourceStatus]>;
    await take(source, 1);
    const types: string[] = [];
    for await (const [{ type }] of statuses) {
      types.push(type);
      if (type === "ended") break;
    }
    expect(types).toEqual(["opened", "ended"]);
    expect(source.listenerCount("status")).toBe(0);
  });
});

describe("`await using`", () => {
  it("closes the source at the end of its block, also by a throw", async () => {
    let kept: ContainerLogSource | undefined;
    const block = async (): Promise<void> => {
      await using source = open();
      kept = source;
      const iterator = source[Symbol.asyncIterator]();
      await iterator.next();
      throw new Error("refused");
    };
    await expect(block()).rejects.toThrow("refused");
    if (kept === undefined) throw new Error("not opened");
    await expectClosed(kept);
  });
});

describe("what a stream has read ahead of its consumer", () => {
  /** How many are delivered by the time that the loop's body is at line 9. */
  async function deliveredAtNine(
    values: (source: ContainerLogSource) => AsyncIterable<unknown>,
  ): Promise<number> {
    const source = open();
    let index = 0;
    let delivered = 0;
    for await (const _ of values(source)) {
      if (index++ < 9) continue;
      // By then it has read what it reads ahead.
      await turns(100);
      ({ delivered } = source.stats);
      break;
    }
    await expectClosed(source);
    return delivered;
  }

  it("counts as delivered, the one in hand included, with Readable.from", async () => {
    for (const highWaterMark of [1, 4, 16]) {
      const delivered = await deliveredAtNine((source) => Readable.from(source, { highWaterMark }));
      expect(delivered).toBe(9 + highWaterMark);
    }
    // Its default is 1.
    expect(await deliveredAtNine((source) => Readable.from(source))).toBe(10);
  });

  it("is nothing in a loop over the source, and over ReadableStream.from(source)", async () => {
    expect(await deliveredAtNine((source) => source)).toBe(9);
    expect(await deliveredAtNine((source) => ReadableStream.from(source))).toBe(9);
  });

  /** Takes what it is given, and fails at line 9. */
  function failing(seen: string[]): Writable {
    return new Writable({
      objectMode: true,
      write: ({ line }: LogRecord, _, done) => {
        if (line === "line 9") return void setTimeout(() => done(new Error("disk full")), 20);
        seen.push(line);
        return done();
      },
    });
  }

  /** Where the next process goes on: the first line that it gets. */
  async function nextAfter(source: ContainerLogSource): Promise<string | undefined> {
    const { cursor } = source;
    if (cursor === undefined) throw new Error("no cursor");
    const [next] = await take(open({ resume: cursor, follow: false }), 1);
    return next?.line;
  }

  it.each<[string, (source: ContainerLogSource) => AsyncIterable<LogRecord>]>([
    ["pipeline(source, sink)", (source) => source],
    ["pipeline(Readable.from(source), sink)", (source) => Readable.from(source)],
  ])("is lost to the next process with %s, up to the sink's highWaterMark", async (_, values) => {
    const source = open();
    const seen: string[] = [];
    const sink = failing(seen);
    await expect(pipeline(values(source), sink)).rejects.toThrow("disk full");
    await expectClosed(source);
    expect(seen).toEqual(LINES.slice(0, 9));
    const next = LINES.indexOf((await nextAfter(source)) ?? "");
    expect(next).toBeGreaterThan(9);
    expect(next).toBeLessThanOrEqual(9 + 1 + sink.writableHighWaterMark);
  });

  it("is nothing where a loop awaits each write: the next process begins with what failed", async () => {
    const source = open();
    const seen: string[] = [];
    const sink = failing(seen);
    sink.on("error", () => {});
    const loop = async (): Promise<void> => {
      for await (const record of source)
        await new Promise<void>((resolve, reject) => {
          sink.write(record, (error) => (error ? reject(error) : resolve()));
        });
    };
    await expect(loop()).rejects.toThrow("disk full");
    await expectClosed(source);
    expect(seen).toEqual(LINES.slice(0, 9));
    expect(await nextAfter(source)).toBe("line 9");
  });
});

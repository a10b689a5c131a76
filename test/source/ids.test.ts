import { execFile } from "node:child_process";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { Cursor, LogRecord, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { programPath } from "../support/program-path.ts";
import type { FakeContainer, FakeEngineOptions } from "../../src/testing.ts";
import { arbitraryLog, clocks } from "../support/arbitrary-log.ts";
import { eager, Follower, turns } from "../support/fake-follow.ts";
import { known, LogReading } from "../support/multiline-reading.ts";
import { PoolFollower } from "../support/pool-follow.ts";

const run = promisify(execFile);

let fake: FakeEngine;
let web: FakeContainer;
async function start(options: FakeEngineOptions = {}): Promise<void> {
  fake = await FakeEngine.start(options);
  web = fake.create({ name: "web" });
}
beforeEach(() => start());
afterEach(() => fake.close());

async function read(options: SourceOptions = {}): Promise<readonly LogRecord[]> {
  const source = new ContainerLogSource("web", { engine: fake.engine, follow: false, ...options });
  const follower = new Follower(source);
  await follower.finished();
  return follower.records;
}

const ids = (records: readonly LogRecord[]): string[] => records.map(({ id }) => id);

function expectDistinct(records: readonly LogRecord[]): void {
  expect(new Set(ids(records)).size).toBe(records.length);
}

/** Equal and different lines, both streams, long ones, characters of several bytes, some under one timestamp. */
function writeMuch(): void {
  const times = ["2026-11-23T15:58:34.1Z", "2026-11-23T15:58:34.2Z", "2026-11-23T15:58:34.2Z"];
  for (const [index, timestamp] of times.entries()) {
    for (const stream of ["stdout", "stderr"] as const) {
      for (const line of ["tick", "tick", "tock", "", "", "ä€😀", `tick ${"x".repeat(40_000)}`])
        web.write(line, { stream, timestamp });
      web.write(`line ${index}`, { stream, timestamp });
    }
  }
}

describe("the id of a line", () => {
  it("is 22 characters of base64url, a part of its JSON, and no two lines' is the same", async () => {
    writeMuch();
    const records = await read();
    expect(records).toHaveLength(web.written.length);
    for (const record of records) {
      expect(record.id).toMatch(/^[A-Za-z0-9_-]{22}$/);
      expect(record.toJSON()["id"]).toBe(record.id);
    }
    expectDistinct(records);
  });

  it("is the same in each reading, and in another process", async () => {
    writeMuch();
    const first = await read();
    expect(ids(await read())).toEqual(ids(first));
    const { socketPath = "" } = fake.engine;
    const { stdout } = await run(
      process.execPath,
      [programPath("test/source/fixtures/multiline-ids.ts"), socketPath],
      {
        maxBuffer: 1e8,
        timeout: 60_000,
      },
    );
    const others = stdout.trimEnd().split("\n");
    expect(others.map((line): unknown => JSON.parse(line))).toEqual(
      first.map((record) => JSON.parse(JSON.stringify(record)) as unknown),
    );
  });

  it("is the same with rotations between lines, and while they are written", async () => {
    const source = new ContainerLogSource("web", { engine: fake.engine, ...eager });
    const follower = new Follower(source);
    await follower.status("opened");
    for (let round = 0; round < 10; round++) {
      web.write("tick", { timestamp: "2026-11-23T15:58:34Z" });
      web.write("tick", { timestamp: "2026-11-23T15:58:34Z", stream: "stderr" });
      await turns(round);
      await source.rotate();
    }
    await follower.has(20);
    await source.close();
    const reread = await read();
    expect(ids(follower.records)).toEqual(ids(reread));
    expectDistinct(reread);
  });

  it.each<SourceOptions>([
    { maxLineBytes: 1 },
    { maxLineBytes: 16_384 },
    { maxLineBytes: 17_000, encoding: "latin1" },
    { encoding: "latin1" },
    { streams: ["stdout", "stderr"], bufferBytes: 1 },
  ])("is the same with %j", async (options) => {
    writeMuch();
    expect(ids(await read(options))).toEqual(ids(await read()));
  });

  it.each(["stdout", "stderr"] as const)("is the same where only %s is read", async (stream) => {
    writeMuch();
    const both = await read();
    const own = both.filter((record) => record.stream === stream);
    expect(ids(await read({ streams: [stream] }))).toEqual(ids(own));
  });

  it("is the same whatever the engine is called", async () => {
    writeMuch();
    const records = await read();
    for (const options of [{ engine: fake.engine }, { engines: { a: fake.engine } }]) {
      const pool = new StreamPool({ ...options, from: "start" });
      const follower = new PoolFollower(pool);
      await follower.until(() => follower.records.length === records.length, "all");
      await follower.end();
      expect(follower.records[0]?.container.engine).toBe("engine" in options ? "default" : "a");
      expect(ids(follower.records)).toEqual(ids(records));
    }
  });

  it("is another in another container, on another stream, under another time", async () => {
    const timestamp = "2026-11-23T15:58:34.5Z";
    web.write("tick", { timestamp });
    web.write("tick", { timestamp, stream: "stderr" });
    web.write("tick", { timestamp: "2026-11-23T15:58:34.6Z" });
    fake.create({ name: "other" }).write("tick", { timestamp });
    const other = new Follower(
      new ContainerLogSource("other", { engine: fake.engine, follow: false }),
    );
    await other.finished();
    expectDistinct([...(await read()), ...other.records]);
  });

  it("is another where only what was cut off differs", async () => {
    const timestamp = "2026-11-23T15:58:34.5Z";
    for (const end of ["a", "b", "a"]) web.write("x".repeat(50_000) + end, { timestamp });
    const records = await read({ maxLineBytes: 10 });
    expect(records.map(({ line, truncated }) => [line, truncated])).toEqual(
      Array.from({ length: 3 }, () => ["x".repeat(10), true]),
    );
    expectDistinct(records);
    expect(ids(records)).toEqual(ids(await read()));
  });
});

describe("equal lines under one timestamp", () => {
  /** Reads `count` records; where the next process goes on. */
  async function cursorBehind(count: number): Promise<Cursor> {
    const source = new ContainerLogSource("web", { engine: fake.engine });
    const follower = new Follower(source, (_, index) => {
      if (index + 1 < count) return undefined;
      source.acknowledge();
      return "break";
    });
    await follower.done;
    return JSON.parse(JSON.stringify(source.cursor)) as Cursor;
  }

  it.each([
    ["nanoseconds", {}],
    ["whole seconds", { timestamps: "s" }],
    ["an offset", { timestamps: "offset" }],
    ["Podman's way", { flavour: "podman" }],
  ] as const)("keep an id each where another process resumes among them (%s)", async (_, way) => {
    await fake.close();
    await start(way);
    for (let line = 0; line < 300; line++) {
      web.write(line % 7 === 3 ? "tock" : "tick", {
        timestamp: "2026-11-23T15:58:34.5Z",
        stream: line % 3 === 0 ? "stderr" : "stdout",
      });
    }
    web.write("tick");
    const records = await read();
    expect(records).toHaveLength(301);
    expectDistinct(records);
    for (const count of [1, 2, 3, 150, 299, 300]) {
      const resume = await cursorBehind(count);
      expect(known(await read({ resume }))).toEqual(known(records.slice(count)));
    }
  });

  it("keep an id each where another process resumes with one stream only", async () => {
    for (let line = 0; line < 60; line++)
      web.write("tick", {
        timestamp: "2026-11-23T15:58:34.5Z",
        stream: line % 3 === 0 ? "stderr" : "stdout",
      });
    const records = await read();
    const resume = await cursorBehind(30);
    const rest = records.slice(30).filter(({ stream }) => stream === "stderr");
    expect(ids(await read({ resume, streams: ["stderr"] }))).toEqual(ids(rest));
  });
});

describe.each(clocks)("in any log, with a clock that is %s,", (clock) => {
  // Timestamps that come again on a backward clock are remembered for a while only.
  const log = arbitraryLog(clock, clock === "backward" ? 12 : 120).map((entries) =>
    // No engine sends a part of nothing.
    entries.map((entry) => ({ ...entry, ended: entry.ended || entry.text.length === 0 })),
  );

  it("two lines never share an id, and each keeps its own wherever another process goes on", () => {
    fc.assert(
      fc.property(log, fc.nat(120), (entries, count) => {
        const all = new LogReading({});
        all.read(entries, []);
        all.end();
        const records = all.take();
        expectDistinct(records);
        const first = new LogReading({});
        first.read(entries, [3, 1, 4]);
        first.end();
        const before = first.take(count);
        const second = new LogReading({ maxLineBytes: 2, encoding: "latin1" }, first.cursor);
        second.read(entries, [1, 5, 9]);
        second.end();
        expect(ids([...before, ...second.take()])).toEqual(ids(records));
      }),
      { numRuns: 100 },
    );
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, MemoryCheckpointStore } from "../../src/index.ts";
import type { Cursor, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, Follower, texts } from "../support/fake-follow.ts";
import { known } from "../support/multiline-reading.ts";

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(() => fake.close());

const err = { stream: "stderr" } as const;
const multiline = { start: /^E/, maxWaitMs: 2 ** 31 - 1 };

function follow(
  options: SourceOptions,
  visit?: ConstructorParameters<typeof Follower>[1],
): Follower {
  return new Follower(
    new ContainerLogSource("web", { engine: fake.engine, ...eager, multiline, ...options }),
    visit,
  );
}

/** Delivers `count` records, as a process that then is gone. */
async function some(count: number, options: SourceOptions = {}): Promise<Follower> {
  const follower = follow(options, (_, index) => {
    if (index + 1 < count) return undefined;
    follower.source.acknowledge();
    return "break";
  });
  await follower.finished();
  return follower;
}

/** All that comes behind, of a log that goes on no more. */
async function rest(options: SourceOptions = {}): Promise<Follower> {
  const follower = follow({ follow: false, ...options });
  await follower.finished();
  return follower;
}

function cursorOf({ source: { cursor } }: Follower): Cursor {
  if (cursor === undefined) throw new Error("no cursor");
  return JSON.parse(JSON.stringify(cursor)) as Cursor;
}

/** Long and short traces of both streams, interleaved, with lines of several parts. */
function writeTraces(traces: number): void {
  for (let trace = 0; trace < traces; trace++) {
    const times = (trace * 7) % 11;
    for (const options of [{}, err]) web.write(`E ${trace % 3}`, options);
    for (let line = 0; line < times; line++) {
      web.write(` at ${line}`, line % 3 === 0 ? err : {});
      if (line === 4) web.write(` in ${"x".repeat(20_000)}`);
    }
  }
}

describe("a process that goes on where another was killed", () => {
  it.each([1, 2, 3, 10, 37, 59])(
    "behind record %d joins what the other would have",
    async (count) => {
      writeTraces(30);
      web.stop();
      const whole = await rest();
      const first = await some(count);
      const second = await rest({ resume: cursorOf(first) });
      expect(known([...first.records, ...second.records])).toEqual(known(whole.records));
      expect(second.seen("gap")).toEqual([]);
    },
  );

  it("gets the record that was open whole, by its checkpoint", async () => {
    const checkpoints = new MemoryCheckpointStore();
    for (const line of ["E err", " at err"]) web.write(line, err);
    for (const line of ["E0", "E1", " at a"]) web.write(line);
    const first = await some(1, { checkpoints });
    expect(first.texts).toEqual(["E0"]);
    web.write(" at b");
    web.write(" at err", err);
    web.write("E2");
    web.stop();
    const second = await rest({ checkpoints });
    expect(second.texts).toEqual(["E1\n at a\n at b", "E err\n at err\n at err", "E2"]);
  });

  it("gets a record whole that began long before, without reading the log from its start", async () => {
    for (let line = 0; line < 3_000; line++) web.write(`E early ${line}`);
    web.write("E err", err);
    for (let line = 0; line < 300; line++) web.write(`E ${line}`);
    const first = await some(3_290);
    web.stop();
    const read = fake.requests.length;
    const second = await rest({ resume: cursorOf(first) });
    expect(second.texts).toContain("E err");
    expect(second.texts.length).toBe(11);
    const tails = fake.requests
      .slice(read)
      .flatMap(({ path }) => /tail=(\w+)/.exec(path)?.[1] ?? []);
    for (const tail of tails) expect(Number(tail)).toBeLessThan(1_500);
  });

  it("goes on in the middle of identical traces under one timestamp", async () => {
    const at = { timestamp: "2026-11-23T15:58:34Z" };
    for (let trace = 0; trace < 100; trace++) {
      for (const options of [at, { ...at, ...err }]) {
        web.write("E", options);
        web.write(" at", options);
      }
    }
    web.stop();
    const whole = await rest();
    expect(new Set(whole.records.map(({ id }) => id)).size).toBe(200);
    for (const count of [1, 49, 50, 150, 198]) {
      const first = await some(count);
      const second = await rest({ resume: cursorOf(first) });
      expect(known([...first.records, ...second.records])).toEqual(known(whole.records));
    }
  });

  it("gets each line by itself where it joins no more, from the open record's first on", async () => {
    for (const line of ["E err", " at err"]) web.write(line, err);
    for (const line of ["E0", "E1", " at a"]) web.write(line);
    web.stop();
    const first = await some(1);
    const options = { multiline: undefined } as unknown as SourceOptions;
    const second = await rest({ ...options, resume: cursorOf(first) });
    expect(second.texts.toSorted()).toEqual([" at a", " at err", "E err", "E1"]);
    const ids = (await rest(options)).records.map(({ id }) => id);
    for (const { id } of second.records) expect(ids).toContain(id);
  });

  it("keeps to its own bounds", async () => {
    for (const line of ["E err", " a", " b", " c"]) web.write(line, err);
    for (const line of ["E0", "E1"]) web.write(line);
    const first = await some(1);
    web.write(" d", err);
    web.stop();
    const bounds = { maxLines: 2, maxWaitMs: 2 ** 31 - 1 };
    const resume = cursorOf(first);
    const lines = (await rest({ resume, multiline: { start: /^E/, ...bounds } })).texts;
    expect(lines.filter((line) => !line.startsWith("E1")).join("\n")).toBe("E err\n a\n b\n c\n d");
    for (const line of lines) expect(line.split("\n").length).toBeLessThanOrEqual(2);
  });

  it.each([{}, { follow: false }])(
    "is told of a record that has lost its beginning, with %j",
    async (options) => {
      for (const line of ["E err", " at 1", " at 2"]) web.write(line, err);
      for (let line = 0; line < 40; line++) web.write(`E ${line}`);
      const first = await some(39);
      web.truncate(20);
      web.write(" at 3", err);
      web.write("E err 2", err);
      const second = follow({ ...options, resume: cursorOf(first) });
      await second.until(() => second.texts.some((line) => line.includes("at 3")) || second.isOver);
      const { records } = second;
      expect(records.find(({ stream }) => stream === "stderr")?.line).toBe(" at 3");
      expect(second.seen("gap").length).toBe(1);
      await second.source.close();
    },
  );
});

describe("what counts as delivered", () => {
  it("is a record of several lines when the next is asked for, or acknowledged", async () => {
    for (const line of ["E0", " at a", "E1", " at b", "E2"]) web.write(line);
    const source = new ContainerLogSource("web", { engine: fake.engine, multiline });
    const iterator = source[Symbol.asyncIterator]();
    await iterator.next();
    const behind = async (): Promise<string[]> => {
      const { cursor } = source;
      return cursor === undefined ? [] : texts((await rest({ resume: cursor })).records);
    };
    expect(await behind()).toEqual(["E0\n at a", "E1\n at b", "E2"]);
    source.acknowledge();
    expect(await behind()).toEqual(["E1\n at b", "E2"]);
    await iterator.next();
    expect(await behind()).toEqual(["E1\n at b", "E2"]);
    source.acknowledge();
    expect(await behind()).toEqual(["E2"]);
    expect(source.stats.delivered).toBe(2);
    await source.close();
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { Cursor, SourceOptions } from "../../src/index.ts";
import { toCursor } from "../../src/resume/cursor.ts";
import { LOG_START } from "../../src/resume/position.ts";
import { Trail } from "../../src/resume/trail.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer, FakeEngineOptions, FakeWriteOptions } from "../../src/testing.ts";
import { Follower, eager, eventually, toLines } from "../support/fake-follow.ts";

/** Podman joins what a run has left without an end to what the next one writes. */
const podman = { flavour: "podman", podmanQuirks: true } as const;
const engines: readonly (readonly [string, FakeEngineOptions])[] = [
  ["with nanoseconds", podman],
  ["in whole seconds", { ...podman, timestamps: "s" }],
];

/** What a run writes: the last text has no line end. */
type Run = readonly (string | readonly [text: string, stream: FakeWriteOptions["stream"]])[];

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(() => start(podman));
afterEach(() => fake.close());

async function start(options: FakeEngineOptions, tty: boolean = false): Promise<void> {
  fake = await FakeEngine.start(options);
  web = fake.create({ name: "web", tty, started: false });
}

function follow(options: SourceOptions = {}): Follower {
  return new Follower(new ContainerLogSource("web", { engine: fake.engine, ...eager, ...options }));
}

/** Texts on a stream have line ends, but for the run's last one there. */
function write(run: Run): void {
  const written = run.map((one) => (typeof one === "string" ? ([one, "stdout"] as const) : one));
  for (const [index, [text, stream = "stdout"]] of written.entries()) {
    const isLast = written.findLastIndex((other) => other[1] === stream) === index;
    web.write(text, { stream, partial: isLast });
  }
}

async function stopped({ source }: Follower): Promise<void> {
  await eventually(() => source.stats.state === "stopped", "stopped");
}

/** A run from its start to its end, read to that. */
async function play(follower: Follower, run: Run): Promise<void> {
  web.start();
  await eventually(() => follower.source.stats.state !== "stopped", "its start");
  write(run);
  web.stop();
  await stopped(follower);
}

function expectExact(follower: Follower, from = 0): void {
  // Lines of several streams that are open at once end in any order.
  const sorted = (lines: readonly object[]): string[] =>
    lines.map((line) => JSON.stringify(line)).toSorted();
  expect(sorted(follower.lines)).toEqual(sorted(toLines(web.written).slice(from)));
  expect(follower.seen("gap")).toEqual([]);
  expect(follower.records.filter(({ truncated }) => truncated)).toEqual([]);
}

async function cursorBehind(line: string, options: SourceOptions = {}): Promise<Cursor> {
  const source = new ContainerLogSource("web", { engine: fake.engine, ...eager, ...options });
  for await (const record of source) {
    source.acknowledge();
    if (record.line === line) break;
  }
  if (source.cursor === undefined) throw new Error("no cursor");
  return JSON.parse(JSON.stringify(source.cursor));
}

const lives: Readonly<Record<string, readonly Run[]>> = {
  once: [
    ["one", "part "],
    ["next", "after", "end"],
  ],
  "again and again": [
    ["one", "part 1 "],
    ["two", "part 2 "],
    ["three", "part 3 "],
    ["four", ""],
  ],
  "with nothing else": [["part 1 "], ["part 2 "], ["part 3 "], ["end", "and on"]],
  "and the next runs write several lines": [["part "], ["two", "three", "four"], ["five", "six"]],
  "and the next run begins with an empty line": [
    ["one", "part "],
    ["", "after", "end"],
  ],
  "before lines of the other stream": [
    ["part ", ...Array.from({ length: 30 }, (_, at) => [`err ${at}`, "stderr"] as const)],
    [...Array.from({ length: 30 }, (_, at) => [`more ${at}`, "stderr"] as const), "next", "end"],
  ],
  "on both streams": [
    ["one", ["error", "stderr"], ["err part ", "stderr"], "part "],
    [["err next", "stderr"], "next", "end"],
  ],
  "in parts": [
    ["one", "x".repeat(20_000)],
    ["next", "y".repeat(30_000), "end"],
  ],
  "so long that it is no entry alone": [
    ["one", "x".repeat(150_000)],
    ["z".repeat(100_000), "next", "y".repeat(60_000)],
    ["w".repeat(40_000), "after", "end"],
  ],
};

describe("what a run of Podman's has left without a line end", () => {
  it.each(Object.entries(lives))("comes, and what the next one writes, %s", async (_, runs) => {
    const follower = follow();
    await stopped(follower);
    for (const run of runs) await play(follower, run);
    expectExact(follower);
  });
});

describe.each(engines)("what a run of Podman's has left without a line end, %s,", (_, options) => {
  beforeEach(async () => {
    await fake.close();
    await start(options);
  });

  it.each(Object.entries(lives))(
    "is behind a cursor, %s: nothing comes again",
    async (_how, runs) => {
      let resume: Cursor | undefined;
      let came = 0;
      for (const run of runs) {
        web.start();
        write(run);
        web.stop();
        const follower = follow({ ...(resume && { resume }) });
        await stopped(follower);
        expectExact(follower, came);
        came = web.written.length;
        await follower.source.close();
        resume = JSON.parse(JSON.stringify(follower.source.cursor)) as Cursor;
      }
      const again = follow({ ...(resume && { resume }) });
      await stopped(again);
      expect(again.texts).toEqual([]);
    },
  );
});

describe("what a run of Podman's has left without a line end", () => {
  it("is known over rotations", async () => {
    const follower = follow({ stallProbeMs: 20, rotateEveryMs: 15 });
    await stopped(follower);
    for (const run of lives["again and again"] ?? []) await play(follower, run);
    expectExact(follower);
  });

  it("is known on a terminal", async () => {
    await fake.close();
    await start(podman, true);
    const follower = follow();
    await stopped(follower);
    for (const run of lives["again and again"] ?? []) await play(follower, run);
    expectExact(follower);
  });

  it("comes once more to whom it was not delivered", async () => {
    web.start();
    write(["one", "part "]);
    web.stop();
    const resume = await cursorBehind("one");
    const follower = follow({ resume });
    await stopped(follower);
    expect(follower.texts).toEqual(["part "]);
    await follower.source.close();
    const cursor = follower.source.cursor ?? resume;
    web.start();
    const second = follow({ resume: cursor });
    write(["next", "after", "end"]);
    web.stop();
    await stopped(second);
    expect(second.texts).toEqual(["next", "after", "end"]);
  });

  it.each(["now", { tail: 0 }] as const)(
    "is before %j, and what the next one writes is not",
    async (from) => {
      web.start();
      write(["one", "two", "part "]);
      web.stop();
      const follower = follow({ from });
      await stopped(follower);
      await play(follower, ["next", "end"]);
      expectExact(follower, 3);
    },
  );

  it("is read behind the cursor of an earlier release, which counts it as a line", async () => {
    web.start();
    write(["one", "part "]);
    web.stop();
    const groups = new Trail("by-newline", LOG_START);
    for (const { timestamp, line } of web.written)
      groups.add([{ stream: "stdout", timestamp, text: Buffer.from(line), ended: line === "one" }]);
    groups.endOpenLine("stdout");
    const resume = toCursor(web.id, groups.position ?? LOG_START);
    expect(resume).toMatchObject({ groups: { length: 2 } });
    const follower = follow({ resume });
    await stopped(follower);
    expect(follower.texts).toEqual([]);
    expect(follower.seen("gap")).toEqual([]);
  });

  it("has a gap behind it where it was all that was read, and the log was begun anew", async () => {
    const follower = follow();
    await stopped(follower);
    await play(follower, ["part "]);
    web.truncate(0);
    await play(follower, ["next", "end"]);
    expect(follower.texts).toEqual(["part ", "next", "end"]);
    expect(follower.seen("gap").map(({ after }) => after)).toEqual([web.written[0]?.timestamp]);
  });

  it("is a line of a record of several", async () => {
    const multiline = { start: /^\S/ };
    const follower = follow({ multiline });
    await stopped(follower);
    await play(follower, ["Trace", "  at one", "  at two"]);
    await play(follower, ["Trace", "  at three"]);
    expect(follower.texts).toEqual(["Trace\n  at one\n  at two", "Trace\n  at three"]);
    const resume = JSON.parse(JSON.stringify(follower.source.cursor)) as Cursor;
    await follower.source.close();
    const second = follow({ multiline, resume });
    await stopped(second);
    await play(second, ["Other", "  at four"]);
    expect(second.texts).toEqual(["Other\n  at four"]);
    expect([...follower.seen("gap"), ...second.seen("gap")]).toEqual([]);
  });

  it("is a line of a record of several that comes once more, whole, where that was not delivered", async () => {
    const multiline = { start: /^\S/ };
    web.start();
    write(["Trace", "  at one", "Other", "  at two"]);
    web.stop();
    const resume = await cursorBehind("Trace\n  at one", { multiline });
    const follower = follow({ multiline, resume });
    await stopped(follower);
    await play(follower, ["Third", "  at three"]);
    expect(follower.texts).toEqual(["Other\n  at two", "Third\n  at three"]);
    expect(follower.seen("gap")).toEqual([]);
  });
});

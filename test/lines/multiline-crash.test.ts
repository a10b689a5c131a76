import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { Cursor, LogRecord, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, eventually, Follower, texts } from "../support/fake-follow.ts";
import { known } from "../support/multiline-reading.ts";

/** The time is out of the way. */
const multiline = { start: /^E/, maxWaitMs: 2 ** 31 - 1 };
/** Lines as they are. */
const single = { multiline: undefined } as unknown as SourceOptions;

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(() => fake.close());

const open = (options: SourceOptions = {}): ContainerLogSource =>
  new ContainerLogSource("web", { engine: fake.engine, ...eager, multiline, ...options });

/** As it would be saved and loaded. */
function cursorOf(source: ContainerLogSource): Cursor {
  const { cursor } = source;
  if (cursor === undefined) throw new Error("no cursor");
  return JSON.parse(JSON.stringify(cursor)) as Cursor;
}

interface Life {
  readonly records: readonly LogRecord[];
  readonly cursor: Cursor;
}

/** A process that takes `count` records, has read all there is, and is killed then: nothing that it does at its end counts. */
async function live(count: number, options: SourceOptions = {}): Promise<Life> {
  const source = open(options);
  const iterator = source[Symbol.asyncIterator]();
  const records: LogRecord[] = [];
  while (records.length < count) {
    const next = await iterator.next();
    if (next.done === true) break;
    records.push(next.value);
  }
  source.acknowledge();
  // Before the first record the place is known when the container was looked at.
  if (count === 0) void iterator.next();
  await eventually(() => source.cursor !== undefined, "a cursor");
  const cursor = cursorOf(source);
  await source.close();
  return { records, cursor };
}

/** The log as it is, to its end, from a cursor on. */
async function rest(resume: Cursor, options: SourceOptions = {}): Promise<Follower> {
  const follower = new Follower(open({ resume, follow: false, ...options }));
  await follower.finished();
  return follower;
}

async function whole(options: SourceOptions = {}): Promise<readonly LogRecord[]> {
  const follower = new Follower(open({ follow: false, ...options }));
  await follower.finished();
  return follower.records;
}

function writeTraces(container: FakeContainer): void {
  const err = { stream: "stderr" } as const;
  container.write("E1");
  container.write("E1", err);
  container.write(" at");
  container.write(` long ${"x".repeat(40_000)}`, err);
  container.write(" at");
  container.write(" at", err);
  container.write("E2");
  container.write(" at");
  container.write("E2", err);
  container.write(" in part", { partial: true });
  container.write(" at", err);
  container.write("s, and whole");
  container.write("E3");
  container.write("E3", err);
  container.write(" no start", err);
}

describe("another process", () => {
  it("gets what is left, each record whole and with its own id, wherever the first was killed", async () => {
    writeTraces(web);
    const expected = known(await whole());
    expect(expected).toHaveLength(6);
    // The last two end with the log only.
    for (let count = 0; count <= 4; count++) {
      const { records, cursor } = await live(count);
      const after = await rest(cursor);
      expect(known([...records, ...after.records])).toEqual(expected);
      expect(after.seen("gap")).toEqual([]);
    }
  });

  it("gets what is left of a terminal's log, likewise", async () => {
    web = fake.create({ name: "tty", tty: true });
    for (const line of ["E1", " at", ` ${"x".repeat(40_000)}`, "E1", " at", "E2"]) web.write(line);
    const options = { engine: fake.engine, multiline };
    for (let count = 0; count <= 2; count++) {
      const source = new ContainerLogSource("tty", options);
      const follower = new Follower(source, (_, index) => {
        if (index + 1 < count) return undefined;
        if (count > 0) source.acknowledge();
        return "break";
      });
      await follower.done;
      const resume = cursorOf(source);
      const after = new Follower(
        new ContainerLogSource("tty", { ...options, resume, follow: false }),
      );
      await after.finished();
      const all = [...follower.records.slice(0, count), ...after.records].map(({ line }) => line);
      expect(all).toEqual(["E1\n at\n " + "x".repeat(40_000), "E1\n at", "E2"]);
    }
  });

  it("goes on with a record that was open, and to which lines were added meanwhile", async () => {
    web.write("E1");
    web.write("E2");
    web.write(" a");
    const { records, cursor } = await live(1);
    expect(texts(records)).toEqual(["E1"]);
    web.write(" b");
    const second = open({ resume: cursor });
    const follower = new Follower(second);
    await follower.status("opened");
    web.write(" c");
    web.write("E3");
    await follower.has(1);
    expect(follower.texts).toEqual(["E2\n a\n b\n c"]);
    const third = cursorOf(second);
    await second.close();
    expect((await rest(third)).texts).toEqual(["E3"]);
  });

  it("replays a record of more entries than a position keeps, and of other streams between", async () => {
    web.write("E0");
    web.write("E1");
    const lines = ["E1"];
    for (let line = 0; line < 10_500; line++) {
      web.write(` ${line}`);
      web.write("E noise", { stream: "stderr" });
      lines.push(` ${line}`);
    }
    const big = { multiline: { ...multiline, maxLines: 20_000 }, streams: ["stdout"] } as const;
    const source = open(big);
    const iterator = source[Symbol.asyncIterator]();
    const first = await iterator.next();
    expect(first.value).toMatchObject({ line: "E0" });
    source.acknowledge();
    const before = cursorOf(source);
    // The position follows what is passed.
    await eventually(
      () => JSON.stringify(cursorOf(source)) !== JSON.stringify(before),
      "a later position",
    );
    const cursor = cursorOf(source);
    await source.close();
    expect((await rest(cursor, big)).texts).toEqual([lines.join("\n")]);
  });

  it("joins no more, or other lines, and loses and repeats none", async () => {
    writeTraces(web);
    const alone = texts(await whole(single));
    const { records, cursor } = await live(1);
    const after = await rest(cursor, single);
    const lines = [...records, ...after.records].flatMap(({ line }) => line.split("\n"));
    expect(lines.toSorted()).toEqual(alone.toSorted());
    const other = await rest(cursor, { multiline: { ...multiline, start: /^ at/ } });
    const others = [...records, ...other.records].flatMap(({ line }) => line.split("\n"));
    expect(others.toSorted()).toEqual(alone.toSorted());
  });

  it.each([1, 2, 3, 4])(
    "is told of a gap where the beginning of the open record is gone (%d lines kept)",
    async (kept) => {
      web.write("E0");
      web.write("E1", { stream: "stderr" });
      web.write(" a", { stream: "stderr" });
      web.write(" b", { stream: "stderr" });
      web.write("E2");
      web.write("E3");
      // At the place behind "E2" the other stream's record is open.
      const { records, cursor } = await live(2);
      expect(texts(records)).toEqual(["E0", "E2"]);
      web.truncate(kept);
      const after = await rest(cursor);
      const left = after.records.flatMap(({ line }) => line.split("\n"));
      expect(left).toEqual(expect.arrayContaining(["E3"]));
      // "E1" and the lines behind it that are gone were never delivered.
      expect(left.toSorted()).toEqual(
        ["E3", ...[" b", " a"].slice(0, Math.max(0, kept - 2))].toSorted(),
      );
      expect(after.seen("gap")).toHaveLength(1);
    },
  );
});

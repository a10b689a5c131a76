import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { Cursor, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, Follower } from "../support/fake-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(() => fake.close());

const follow = (options: SourceOptions = {}): Follower =>
  new Follower(new ContainerLogSource("web", { engine: fake.engine, ...eager, ...options }));

async function cursorBehind(line: string, options: SourceOptions = {}): Promise<Cursor> {
  const source = new ContainerLogSource("web", { engine: fake.engine, ...options });
  for await (const record of source) {
    source.acknowledge();
    if (record.line === line) break;
  }
  if (source.cursor === undefined) throw new Error("no cursor");
  return JSON.parse(JSON.stringify(source.cursor));
}

function marked(follower: Follower): [string, boolean][] {
  return follower.records.map(({ line, truncated }) => [line, truncated]);
}

function stderr(from: number, to: number): void {
  for (let line = from; line < to; line++) web.write(`err ${line}`, { stream: "stderr" });
}

describe("a line of which the engine has thrown the beginning away", () => {
  it("comes truncated, and a gap tells of it, once for each reader", async () => {
    web.write("before");
    web.write("THE BEGINNING, ", { partial: true });
    stderr(0, 12);
    const resume = await cursorBehind("err 11");
    web.truncate(10);
    const second = follow({ resume });
    await second.status("gap");
    const again = await cursorBehindNothing(second);
    web.write("and the rest");
    web.write("after");
    await second.has(2);
    expect(marked(second)).toEqual([
      ["and the rest", true],
      ["after", false],
    ]);
    expect(second.seen("gap")).toHaveLength(1);
    await second.source.close();
    const third = follow({ resume: again, follow: false });
    await third.done;
    expect(marked(third)).toEqual(marked(second));
  });

  /** The place that a reader has before it has read anything. */
  async function cursorBehindNothing({ source }: Follower): Promise<Cursor> {
    await source.rotate();
    if (source.cursor === undefined) throw new Error("no cursor");
    return source.cursor;
  }

  it("comes truncated behind a gap in the middle of it", async () => {
    const follower = follow();
    web.write("THE BEGINNING, ", { partial: true });
    stderr(0, 3);
    await follower.has(3);
    fake.outage();
    stderr(3, 30);
    web.truncate(5);
    web.write("and the rest");
    web.write("after");
    fake.restore();
    await follower.has(11);
    expect(marked(follower).slice(3)).toEqual([
      ["THE BEGINNING, ", true],
      ...[25, 26, 27, 28, 29].map((line) => [`err ${line}`, false]),
      ["and the rest", true],
      ["after", false],
    ]);
    expect(follower.seen("gap")).toHaveLength(1);
    await follower.source.close();
  });

  it("is no gap where its stream was not asked for", async () => {
    web.write("THE BEGINNING, ", { partial: true });
    stderr(0, 12);
    const resume = await cursorBehind("err 11");
    web.truncate(10);
    web.write("and the rest");
    stderr(12, 14);
    const second = follow({ resume, streams: ["stderr"], follow: false });
    await second.done;
    expect(second.texts).toEqual(["err 12", "err 13"]);
    expect(second.seen("gap")).toEqual([]);
  });
});

describe("a record of several lines of which the engine has thrown the beginning away", () => {
  const multiline = { start: /^E/ };

  it("comes truncated, and a gap tells of it", async () => {
    web.write("E one");
    web.write("E two");
    web.write(" at a");
    stderr(0, 12);
    const resume = await cursorBehind("E one", { multiline, streams: ["stdout"] });
    web.truncate(10);
    web.write(" at b");
    web.write("E three");
    const second = follow({ resume, multiline, streams: ["stdout"], follow: false });
    await second.done;
    expect(marked(second)).toEqual([
      [" at b", true],
      ["E three", false],
    ]);
    expect(second.seen("gap")).toHaveLength(1);
  });

  it("comes truncated behind a gap, where its first line is none that begins one", async () => {
    const follower = follow({ multiline });
    web.write("E one");
    web.write("E two");
    await follower.has(1);
    fake.outage();
    for (let line = 0; line < 10; line++) web.write(` at ${line}`);
    web.truncate(2);
    web.write("E three");
    web.write("E four");
    fake.restore();
    await follower.has(4);
    expect(marked(follower).slice(2)).toEqual([
      [" at 8\n at 9", true],
      ["E three", false],
    ]);
    await follower.source.close();
  });
});

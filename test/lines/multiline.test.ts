import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer, FakeContainerSpec } from "../../src/testing.ts";
import { Follower, thrown, toLines } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";

let fake: FakeEngine;
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(() => fake.close());

const start = /^E/;
const err = { stream: "stderr" } as const;

/** What a log that has ended reads like. */
async function read(
  multiline: SourceOptions["multiline"],
  options: SourceOptions = {},
): Promise<Follower> {
  const follower = new Follower(
    new ContainerLogSource("web", {
      engine: fake.engine,
      follow: false,
      ...(multiline && { multiline }),
      ...options,
    }),
  );
  await follower.finished();
  return follower;
}

function web(lines: readonly string[], spec: Partial<FakeContainerSpec> = {}): FakeContainer {
  const container = fake.create({ name: "web", ...spec });
  for (const line of lines) container.write(line);
  return container;
}

describe("records of several lines", () => {
  it("begin where the expression matches, and are known by their first line", async () => {
    const container = web(["before", " any", "E1", " at a", "E2", "E3", " at b"]);
    const { records, lines } = await read({ start });
    const at = (index: number, line: string) => ({ ...toLines(container.written)[index], line });
    expect(lines).toEqual([
      at(0, "before\n any"),
      at(2, "E1\n at a"),
      at(4, "E2"),
      at(5, "E3\n at b"),
    ]);
    const single = await read(undefined);
    expect(records.map(({ id }) => id)).toEqual([0, 2, 4, 5].map((n) => single.records[n]?.id));
  });

  it.each(["", "i", "g", "y", "gy", "u"])("take an expression with the flags %j", async (flags) => {
    web(["E1", "E2", " at E", "E3", " at", "E4"]);
    const { texts } = await read({ start: new RegExp("^E", flags) });
    expect(texts).toEqual(["E1", "E2\n at E", "E3\n at", "E4"]);
  });

  it("take a sticky expression at the line's beginning only, as it matches", async () => {
    web(["E1", " at E", "E2"]);
    const sticky = /E/y;
    sticky.lastIndex = 1;
    expect((await read({ start: sticky })).texts).toEqual(["E1\n at E", "E2"]);
    expect(sticky.lastIndex).toBe(1);
  });

  it("are joined by themselves in each stream", async () => {
    const container = web([]);
    for (const line of ["E1", " at a", " at b", "E2"]) {
      container.write(line);
      container.write(`${line} err`, err);
    }
    const { records } = await read({ start });
    const of = (stream: string): string[] =>
      records.filter((record) => record.stream === stream).map(({ line }) => line);
    expect(of("stdout")).toEqual(["E1\n at a\n at b", "E2"]);
    expect(of("stderr")).toEqual(["E1 err\n at a err\n at b err", "E2 err"]);
    expect(records.length).toBe(4);
    const only = await read({ start }, { streams: ["stderr"] });
    expect(only.texts).toEqual(of("stderr"));
  });

  it("are joined on a terminal", async () => {
    web(["E1", " at a", "E2"], { tty: true });
    const { lines } = await read({ start }, { streams: ["stderr"] });
    expect(lines.map(({ stream, line }) => [stream, line])).toEqual([
      ["tty", "E1\n at a"],
      ["tty", "E2"],
    ]);
  });

  it("hold lines that came in parts, also where the other stream's come between", async () => {
    const long = ` at ${"x".repeat(50_000)}`;
    const container = web(["E1"]);
    container.write("E err", err);
    container.write(long.slice(0, 30_000), { partial: true });
    container.write(" at err", err);
    container.write(long.slice(30_000));
    container.write(" at b");
    expect((await read({ start })).texts.toSorted()).toEqual([
      "E err\n at err",
      `E1\n${long}\n at b`,
    ]);
  });

  it("are truncated where one of their lines is", async () => {
    web(["E1", " at a", "E2", ` ${"x".repeat(20)}`, " at b", "E3"]);
    const follower = await read({ start }, { maxLineBytes: 10 });
    expect(follower.records.map(({ line, truncated }) => [line, truncated])).toEqual([
      ["E1\n at a", false],
      [`E2\n ${"x".repeat(9)}\n at b`, true],
      ["E3", false],
    ]);
    expect(follower.seen("truncated").length).toBe(1);
  });

  it("lose nothing at their bounds: the rest begins another", async () => {
    const traces = Array.from({ length: 40 }, (_, line) => (line % 17 === 3 ? "E" : ` at ${line}`));
    web(traces);
    for (const bounds of [{ maxLines: 5 }, { maxBytes: 20 }, { maxLines: 3, maxBytes: 12 }]) {
      const { texts } = await read({ start, ...bounds });
      expect(texts.flatMap((text) => text.split("\n"))).toEqual(traces);
      for (const text of texts) {
        const { length } = text.split("\n");
        expect(length).toBeLessThanOrEqual(bounds.maxLines ?? Infinity);
        expect(text.length - length + 1).toBeLessThanOrEqual(bounds.maxBytes ?? Infinity);
        expect(text.split("\n").slice(1)).not.toContain("E");
      }
    }
  });

  it("are joined of the lines that were asked for", async () => {
    web(["E1", " at a", " at b", "E2", " at c"]);
    expect((await read({ start }, { from: { tail: 3 } })).texts).toEqual([" at b", "E2\n at c"]);
  });

  it("come in batches, and to sinks", async () => {
    web(["E1", " at a", "E2", " at b", "E3"]);
    const options = { engine: fake.engine, follow: false, multiline: { start } } as const;
    const batched: string[] = [];
    for await (const batch of new ContainerLogSource("web", options).batches())
      batched.push(...batch.map(({ line }) => line));
    expect(batched).toEqual(["E1\n at a", "E2\n at b", "E3"]);
    const delivered: string[] = [];
    const delivery = new ContainerLogSource("web", options).deliver((records) => {
      delivered.push(...records.map(({ line }) => line));
    });
    await delivery.done;
    expect(delivered).toEqual(batched);
  });

  it("are chosen for each container of a pool", async () => {
    const java = fake.create({ name: "java" });
    const plain = fake.create({ name: "plain" });
    await using pool = new StreamPool({
      engine: fake.engine,
      from: "start",
      source: ({ name }) => (name === "java" ? { multiline: { start } } : {}),
    });
    for (const container of [java, plain])
      for (const line of ["E1", " at a", "E2", " at b", "E3"]) container.write(line);
    const follower = new PoolFollower(pool);
    await follower.until(() => follower.records.length >= 7);
    expect(follower.texts(java)).toEqual(["E1\n at a", "E2\n at b"]);
    expect(follower.texts(plain)).toEqual(["E1", " at a", "E2", " at b", "E3"]);
  });
});

describe("a wrong option", () => {
  it.each<[string, unknown, string]>([
    ["multiline.start", {}, "a RegExp"],
    ["multiline.start", { start: "^E" }, "a RegExp"],
    ["multiline.maxLines", { start, maxLines: 0 }, "lines"],
    ["multiline.maxLines", { start, maxLines: 1.5 }, "lines"],
    ["multiline.maxBytes", { start, maxBytes: -1 }, "bytes"],
    ["multiline.maxBytes", { start, maxBytes: "1MB" }, "bytes"],
    ["multiline.maxWaitMs", { start, maxWaitMs: 0 }, "milliseconds"],
    ["multiline.maxWaitMs", { start, maxWaitMs: Infinity }, "milliseconds"],
    ["multiline.end", { start, end: /x/ }, "start"],
    ["multiline", /^E/, "start"],
    ["multiline", "^E", "object"],
    ["multiline", true, "object"],
    ["multiline", null, "object"],
    ["multiline", false, "object"],
  ])("%s is refused: %j", (name, multiline, allowed) => {
    const options = { multiline } as SourceOptions;
    const error = thrown(() => new ContainerLogSource("web", options), "INVALID_OPTION");
    expect(error.message).toContain(`"${name}`);
    expect(error.message).toContain(allowed);
    const pool = { source: options } as ConstructorParameters<typeof StreamPool>[0];
    expect(thrown(() => new StreamPool(pool), "INVALID_OPTION").message).toContain(name);
  });

  it("undefined has its default", () => {
    const bounds = { maxLines: undefined, maxBytes: undefined, maxWaitMs: undefined };
    const options = { multiline: { start, ...bounds } } as unknown as SourceOptions;
    expect(() => new ContainerLogSource("web", options)).not.toThrow();
  });
});

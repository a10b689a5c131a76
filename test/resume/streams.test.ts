import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { Cursor, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { failure, Follower, texts } from "../support/fake-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(() => fake.close());

/** Delivers `count` lines, and says where a later source goes on. */
async function some(count: number, options: SourceOptions = {}): Promise<Cursor> {
  const source = new ContainerLogSource("web", { engine: fake.engine, ...options });
  let left = count;
  for await (const record of source) {
    expect(record.container.id).toBe(web.id);
    left--;
    if (left > 0) continue;
    source.acknowledge();
    break;
  }
  if (source.cursor === undefined) throw new Error("no cursor");
  return source.cursor;
}

async function rest(resume: Cursor, options: SourceOptions = {}): Promise<string[]> {
  const follower = new Follower(
    new ContainerLogSource("web", { engine: fake.engine, follow: false, resume, ...options }),
  );
  await follower.finished();
  return follower.texts;
}

const err = { stream: "stderr" } as const;

describe("a source that resumes with another choice of streams", () => {
  it.each([1, 2, 3])("goes on right after line %d that was delivered", async (count) => {
    for (const line of ["1", "2", "3"]) {
      web.write(`out ${line}`);
      web.write(`err ${line}`, err);
    }
    const written = texts(web.written);
    const cursor = await some(count, { streams: ["stdout"] });
    const behind = written.slice(written.indexOf(`out ${count}`) + 1);
    expect(await rest(cursor)).toEqual(behind);
    expect(await rest(cursor, { streams: ["stderr"] })).toEqual(
      behind.filter((line) => line.startsWith("err")),
    );
    expect(await rest(cursor, { streams: ["stdout"] })).toEqual(
      behind.filter((line) => line.startsWith("out")),
    );
  });

  it.each([1, 2])(
    "gets a line of the other stream whole that had begun before line %d",
    async (count) => {
      web.write("err begins, ", { ...err, partial: true });
      web.write("out 1");
      web.write("err goes on, ", { ...err, partial: true });
      web.write("out 2");
      const cursor = await some(count, { streams: ["stdout"] });
      web.write("err ends", err);
      const others = count === 1 ? ["out 2"] : [];
      expect(await rest(cursor)).toEqual([...others, "err begins, err goes on, err ends"]);
    },
  );

  it("gets a long line of its own stream whole that had begun before", async () => {
    const long = "x".repeat(100_000);
    web.write(long, { partial: true });
    for (let line = 0; line < 200; line++) web.write(`err ${line}`, err);
    const cursor = await some(150, { streams: ["stderr"] });
    web.write("end");
    expect(await rest(cursor, { streams: ["stdout"] })).toEqual([`${long}end`]);
  });
});

describe("a cursor", () => {
  it("of another container is refused when that is known", async () => {
    web.write("one");
    const cursor = await some(1);
    const other = fake.create({ name: "other" });
    other.write("two");
    const source = new ContainerLogSource("other", { engine: fake.engine, resume: cursor });
    const error = await failure(new Follower(source).finished(), "INVALID_OPTION");
    expect(error.message).toContain(other.id);
    expect(error.message).toContain(web.id);
  });

  it("is undefined until the log was found, and then says where the first line stands", async () => {
    const source = new ContainerLogSource("web", { engine: fake.engine });
    expect(source.cursor).toBeUndefined();
    web.write("one");
    const iterator = source[Symbol.asyncIterator]();
    await iterator.next();
    const { cursor } = source;
    if (cursor === undefined) throw new Error("no cursor");
    expect(cursor).toMatchObject({ version: 1, container: web.id });
    await source.close();
    expect(await rest(cursor)).toEqual(["one"]);
  });

  it("moves when the next line is asked for, and at acknowledge()", async () => {
    for (const line of ["one", "two", "three"]) web.write(line);
    const source = new ContainerLogSource("web", { engine: fake.engine });
    const iterator = source[Symbol.asyncIterator]();
    await iterator.next();
    expect(source.stats.delivered).toBe(0);
    await iterator.next();
    expect(source.stats.delivered).toBe(1);
    expect(source.cursor === undefined ? [] : await rest(source.cursor)).toEqual(["two", "three"]);
    source.acknowledge();
    source.acknowledge();
    expect(source.stats.delivered).toBe(2);
    expect(source.cursor === undefined ? [] : await rest(source.cursor)).toEqual(["three"]);
    await source.close();
  });

  it("of a batch loop stands behind the batches that were delivered", async () => {
    for (let line = 0; line < 50; line++) web.write(`line ${line}`);
    const source = new ContainerLogSource("web", { engine: fake.engine });
    const got: string[] = [];
    for await (const batch of source.batches()) {
      got.push(...texts(batch));
      if (got.length < 50) continue;
      source.acknowledge();
      break;
    }
    web.write("later");
    expect(got).toEqual(texts(web.written).slice(0, 50));
    expect(source.cursor === undefined ? [] : await rest(source.cursor)).toEqual(["later"]);
  });

  it("wins over from", async () => {
    for (const line of ["one", "two", "three"]) web.write(line);
    const cursor = await some(1);
    expect(await rest(cursor, { from: "now" })).toEqual(["two", "three"]);
  });
});

import { toUSVString } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { anyText } from "../support/any-text.ts";
import { type Frame, frames, get, payloads } from "./client.ts";

const READ = "/containers/web/logs?stdout=1&stderr=1&timestamps=1";
const AT = "2026-11-23T15:58:34.000000007Z";
const PART = 16_384;

let fake: FakeEngine;
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(() => fake.close());

describe("long lines", () => {
  test("come in parts of 16,384 bytes with one timestamp", async () => {
    const web = fake.create({ name: "web" });
    const line = "a".repeat(PART) + "b".repeat(PART) + "c";
    web.write(line, { timestamp: AT });
    expect(await payloads(fake, READ)).toEqual([
      `${AT} ${"a".repeat(PART)}`,
      `${AT} ${"b".repeat(PART)}`,
      `${AT} c\n`,
    ]);
    expect(web.written).toEqual([{ timestamp: AT, stream: "stdout", line }]);
  });

  test("of exactly 16,384 bytes are one frame", async () => {
    fake.create({ name: "web" }).write("a".repeat(PART));
    expect(await payloads(fake, READ)).toHaveLength(1);
  });

  test("are cut within a character where it falls so, and joined whole", async () => {
    const web = fake.create({ name: "web" });
    const line = `a${"é".repeat(PART)}`;
    web.write(line);
    const sizes = (await payloads(fake, READ)).map((payload) => payload.length - 31);
    expect(sizes).toEqual([PART, PART, 2]);
    expect(web.written[0]?.line).toBe(line);
  });

  test("are cut by Podman at 8,192 bytes, each part with a later timestamp", async () => {
    await using podman = await FakeEngine.start({ flavour: "podman" });
    const web = podman.create({ name: "web" });
    web.write("x".repeat(20_000));
    web.write("y".repeat(9_000), { timestamp: AT });
    const parts = await payloads(podman, READ);
    expect(parts.map((part) => part.length - 31)).toEqual([8192, 8192, 3617, 8192, 809]);
    const stamps = parts.map((part) => part.slice(0, 30));
    expect(new Set(stamps).size).toBe(5);
    expect(stamps[3]).toBe(AT);
    expect(web.written.map(({ timestamp }) => timestamp)).toEqual([stamps[0], AT]);
  });
});

describe("partial writes", () => {
  test("continue the line of their own stream under its first timestamp", async () => {
    const web = fake.create({ name: "web" });
    web.write("one ", { partial: true, timestamp: AT });
    web.write("other", { stream: "stderr" });
    expect(web.written.map(({ line }) => line)).toEqual(["other"]);
    web.write("two ", { partial: true });
    web.write("three");
    web.write("next");
    const read = await payloads(fake, READ);
    expect(
      read.filter((payload) => payload.startsWith(AT)).map((payload) => payload.slice(31)),
    ).toEqual(["one ", "two ", "three\n"]);
    expect(web.written.map(({ line }) => line)).toEqual(["other", "one two three", "next"]);
    expect(web.written[1]?.timestamp).toBe(AT);
  });

  test("keep a timestamp of their own where it is given, and on Podman", async () => {
    await using podman = await FakeEngine.start({ flavour: "podman" });
    for (const engine of [fake, podman]) {
      const web = engine.create({ name: "web" });
      web.write("one ", { partial: true, timestamp: AT });
      if (engine === podman) web.write("two");
      else web.write("two", { timestamp: "2026-11-23T15:58:35Z" });
      expect((await payloads(engine, READ))[1]?.startsWith(AT)).toBe(false);
      expect(web.written).toEqual([{ timestamp: AT, stream: "stdout", line: "one two" }]);
    }
  });

  test("that a stop leaves unfinished stay a line of their own", async () => {
    const web = fake.create({ name: "web" });
    web.write("unfinished", { partial: true });
    expect(web.written).toEqual([]);
    web.stop();
    expect(web.written.map(({ line }) => line)).toEqual(["unfinished"]);
    web.start();
    web.write("new");
    expect(web.written.map(({ line }) => line)).toEqual(["unfinished", "new"]);
    expect((await payloads(fake, READ)).map((payload) => payload.slice(31))).toEqual([
      "unfinished",
      "new\n",
    ]);
    web.write("a", { partial: true });
    web.restart();
    web.write("b");
    expect(web.log.map(({ line }) => line)).toEqual(["unfinished", "new", "a", "b"]);
  });

  test("of a gigabyte hold no copies", () => {
    const web = fake.create({ name: "web" });
    const megabyte = "m".repeat(1024 * 1024);
    const before = process.memoryUsage().rss;
    for (let count = 0; count < 1024; count += 1) web.write(megabyte, { partial: true });
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
    web.write("");
    expect(web.written).toHaveLength(1);
  });
});

test("line ends inside a line make several lines", async () => {
  const web = fake.create({ name: "web" });
  web.write("a\nb\n\nc", { partial: true });
  web.write("d");
  expect(web.written.map(({ line }) => line)).toEqual(["a", "b", "", "cd"]);
  expect((await payloads(fake, READ)).map((payload) => payload.slice(31))).toEqual([
    "a\n",
    "b\n",
    "\n",
    "c",
    "d\n",
  ]);
});

test("half a surrogate pair is written as U+FFFD", () => {
  const web = fake.create({ name: "web" });
  web.write("a\ud83d");
  web.write("\ud83d", { partial: true });
  web.write("\ude00");
  expect(web.written.map(({ line }) => line)).toEqual(["a\ufffd", "\ufffd\ufffd"]);
});

test("a timestamp that is none is refused", () => {
  const web = fake.create({ name: "web" });
  expect(() => web.write("x", { timestamp: "yesterday" })).toThrow("RFC 3339");
});

describe("a terminal", () => {
  test("has no frames, ends lines with CR LF, and is stdout", async () => {
    const web = fake.create({ name: "web", tty: true });
    web.write("one", { timestamp: AT });
    web.write("two", { timestamp: AT, stream: "stderr" });
    expect((await get(fake, READ)).text).toBe(`${AT} one\r\n${AT} two\r\n`);
    expect((await get(fake, "/containers/web/logs?stdout=1")).text).toBe("one\r\ntwo\r\n");
    expect((await get(fake, "/containers/web/logs?stderr=1")).text).toBe("");
    expect(web.written[0]).toEqual({ timestamp: AT, stream: "tty", line: "one" });
  });

  test("repeats the timestamp after every 16,384 bytes of a line", async () => {
    const web = fake.create({ name: "web", tty: true });
    web.write("a".repeat(PART) + "b", { timestamp: AT });
    web.write("12345", { timestamp: AT, partial: true });
    web.write("c".repeat(PART));
    web.write("");
    const last = web.written[2]?.timestamp;
    expect((await get(fake, READ)).text).toBe(
      `${AT} ${"a".repeat(PART)}${AT} b\r\n` +
        `${AT} 12345${"c".repeat(PART - 5)}${AT} ccccc\r\n${last} \r\n`,
    );
  });

  test("on Podman has a timestamp at every part", async () => {
    await using podman = await FakeEngine.start({ flavour: "podman" });
    const web = podman.create({ name: "web", tty: true });
    web.write("a", { timestamp: AT, partial: true });
    web.write("b", { timestamp: AT });
    expect((await get(podman, READ)).text).toBe(`${AT} a${AT} b\r\n`);
  });
});

describe("truncate", () => {
  test("keeps the last lines with all their parts, and `written` as it was", async () => {
    const web = fake.create({ name: "web" });
    web.write("old");
    web.write("x".repeat(PART + 1));
    web.write("new");
    web.truncate(2);
    expect(web.log.map(({ line }) => line.length)).toEqual([PART + 1, 3]);
    expect(web.written).toHaveLength(3);
    expect(await payloads(fake, READ)).toHaveLength(3);
    web.truncate(0);
    expect(web.log).toEqual([]);
    expect(await payloads(fake, READ)).toEqual([]);
    web.write("more");
    expect(web.log.map(({ line }) => line)).toEqual(["more"]);
    expect(web.written).toHaveLength(4);
  });

  test("to more lines than there are drops nothing", () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    web.truncate(10);
    expect(web.log).toEqual(web.written);
  });
});

test("`written` handed out before does not change", () => {
  const web = fake.create({ name: "web" });
  web.write("one");
  const before = web.written;
  web.write("two");
  expect(before).toHaveLength(1);
  expect(web.written).toHaveLength(2);
});

test("whatever is written, the frames of a read join to the lines of `log`", async () => {
  const write = fc.record({
    stream: fc.constantFrom("stdout" as const, "stderr" as const),
    line: fc.oneof(
      anyText.map(toUSVString),
      fc.nat(3 * PART).map((length) => "é".repeat(length)),
    ),
    partial: fc.boolean(),
  });
  const property = fc.asyncProperty(fc.array(write), fc.nat(5), async (writes, keep) => {
    const web = fake.create({ name: "web" });
    for (const { line, ...options } of writes) web.write(line, options);
    const joined = join(frames((await get(fake, "/containers/web/logs?stdout=1&stderr=1")).bytes));
    expect(web.log.map(({ stream, line }) => ({ stream, line }))).toEqual(joined);
    expect(web.written).toEqual(web.log);
    web.truncate(keep);
    const kept = join(frames((await get(fake, "/containers/web/logs?stdout=1&stderr=1")).bytes));
    expect(web.log.map(({ stream, line }) => ({ stream, line }))).toEqual(kept);
    expect(web.log.length).toBeGreaterThanOrEqual(Math.min(keep, web.written.length));
    web.remove();
  });
  await fc.assert(property, { numRuns: 60 });
});

function join(read: readonly Frame[]): { stream: string; line: string }[] {
  const open = new Map<string, string>();
  return read.flatMap(({ stream: number, payload }) => {
    const stream = number === 2 ? "stderr" : "stdout";
    const text = (open.get(stream) ?? "") + payload;
    open.set(stream, text.endsWith("\n") ? "" : text);
    if (!text.endsWith("\n")) return [];
    return [{ stream, line: Buffer.from(text.slice(0, -1), "latin1").toString() }];
  });
}

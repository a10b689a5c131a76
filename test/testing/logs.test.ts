import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { dial, frames, get, Incoming, open, payloads } from "./client.ts";

const BOTH = "stdout=1&stderr=1";
const T = (nanos: number): string => `2026-11-23T15:58:34.${String(nanos).padStart(9, "0")}Z`;
const UNIX = (nanos: number): string =>
  `${Date.parse("2026-11-23T15:58:34Z") / 1000}.${String(nanos).padStart(9, "0")}`;

let fake: FakeEngine;
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(() => fake.close());

describe("a plain read", () => {
  test("sends one frame for each line, with the header of its stream", async () => {
    const web = fake.create({ name: "web" });
    web.write("one", { timestamp: T(1) });
    web.write("två", { timestamp: T(2), stream: "stderr" });
    const { bytes, headers } = await get(fake, `/containers/web/logs?${BOTH}&timestamps=1`);
    expect(bytes).toEqual(
      Buffer.concat([
        Buffer.from([1, 0, 0, 0, 0, 0, 0, 35]),
        Buffer.from(`${T(1)} one\n`),
        Buffer.from([2, 0, 0, 0, 0, 0, 0, 36]),
        Buffer.from(`${T(2)} två\n`),
      ]),
    );
    expect(headers["content-type"]).toBe("application/vnd.docker.multiplexed-stream");
    expect(headers["transfer-encoding"]).toBe("chunked");
  });

  test("leaves timestamps out unless they are asked for", async () => {
    fake.create({ name: "web" }).write("one");
    expect(await payloads(fake, `/containers/web/logs?${BOTH}`)).toEqual(["one\n"]);
  });

  test("needs at least one stream", async () => {
    fake.create({ name: "web" });
    const { status, text } = await get(fake, "/containers/web/logs?follow=1");
    expect([status, JSON.parse(text)]).toEqual([
      400,
      { message: "Bad parameters: you must choose at least one stream" },
    ]);
  });

  test("counts `tail` in frames of both streams before it chooses streams", async () => {
    const web = fake.create({ name: "web" });
    web.write("err", { stream: "stderr" });
    web.write("a".repeat(16_384) + "b");
    expect(await payloads(fake, `/containers/web/logs?${BOTH}&tail=1`)).toEqual(["b\n"]);
    expect(await payloads(fake, "/containers/web/logs?stderr=1&tail=2")).toEqual([]);
    expect(await payloads(fake, "/containers/web/logs?stderr=1&tail=3")).toEqual(["err\n"]);
    expect(await payloads(fake, "/containers/web/logs?stderr=1&tail=all")).toEqual(["err\n"]);
    expect(await payloads(fake, `/containers/web/logs?${BOTH}&tail=0`)).toEqual([]);
  });

  test("ends at `until`", async () => {
    const web = fake.create({ name: "web" });
    for (const nanos of [1, 2, 3]) web.write(`${nanos}`, { timestamp: T(nanos) });
    const path = `/containers/web/logs?${BOTH}&until=${UNIX(2)}`;
    expect(await payloads(fake, path)).toEqual(["1\n", "2\n"]);
  });

  test("is one chunk for each frame", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    web.write("two");
    const socket = await dial(fake);
    const incoming = new Incoming(socket);
    socket.write(`GET /containers/web/logs?${BOTH} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const text = await incoming.until((seen) => seen.endsWith("0\r\n\r\n"));
    const body = text.slice(text.indexOf("\r\n\r\n") + 4);
    expect(body).toBe(
      "c\r\n\u0001\0\0\0\0\0\0\u0004one\n\r\nc\r\n\u0001\0\0\0\0\0\0\u0004two\n\r\n0\r\n\r\n",
    );
    socket.destroy();
  });

  test.each([
    ["a follow", "&follow=1"],
    ["a live follow behind keep-alive", "&follow=1", "Connection: keep-alive\r\n"],
  ])("%s of an HTTP/1.0 client has no chunks either", async (_, follow, header = "") => {
    const web = fake.create({ name: "web" });
    const socket = await dial(fake);
    const incoming = new Incoming(socket);
    socket.write(`GET /containers/web/logs?${BOTH}${follow} HTTP/1.0\r\n${header}\r\n`);
    await incoming.until((text) => text.endsWith("\r\n\r\n"));
    web.write("one");
    await incoming.until((text) => text.includes("one"));
    web.write("two");
    web.stop();
    expect(await incoming.ended()).toBe("clean");
    const [, body] = incoming.text.split("\r\n\r\n");
    expect(body).toBe("\u0001\0\0\0\0\0\0\u0004one\n\u0001\0\0\0\0\0\0\u0004two\n");
    socket.destroy();
  });

  test("has no chunks for an HTTP/1.0 client, and its end is the connection's", async () => {
    fake.create({ name: "web" }).write("one");
    const socket = await dial(fake);
    const incoming = new Incoming(socket);
    socket.write(`GET /containers/web/logs?${BOTH} HTTP/1.0\r\n\r\n`);
    expect(await incoming.ended()).toBe("clean");
    const [head = "", body] = incoming.text.split("\r\n\r\n");
    expect(head.toLowerCase()).not.toContain("transfer-encoding");
    expect(body).toBe("\u0001\0\0\0\0\0\0\u0004one\n");
    socket.destroy();
  });
});

describe("since", () => {
  const write = (engine: FakeEngine): void => {
    const web = engine.create({ name: "web" });
    for (const nanos of [1, 5, 3, 5, 7]) web.write(`${nanos}`, { timestamp: T(nanos) });
  };
  test.each([
    ["per-line", ["5\n", "5\n", "7\n"]],
    ["first-match", ["5\n", "3\n", "5\n", "7\n"]],
    ["exclusive", ["7\n"]],
  ] as const)("of the kind %s passes %j", async (since, expected) => {
    await using engine = await FakeEngine.start({ since });
    write(engine);
    const paths = [UNIX(5), encodeURIComponent(T(5)), "2026-11-23T21:28:34.000000005%2B05:30"];
    for (const value of paths) {
      const path = `/containers/web/logs?${BOTH}&since=${value}`;
      expect(await payloads(engine, path)).toEqual(expected);
    }
  });

  test("never gives more than `tail` frames", async () => {
    write(fake);
    const path = `/containers/web/logs?${BOTH}&tail=2&since=${UNIX(1)}`;
    expect(await payloads(fake, path)).toEqual(["5\n", "7\n"]);
  });

  test("of the kind per-line drops earlier lines of a live follow too", async () => {
    await using engine = await FakeEngine.start({ since: "per-line" });
    const web = engine.create({ name: "web" });
    const response = await open(engine, `/containers/web/logs?follow=1&${BOTH}&since=${UNIX(5)}`);
    const incoming = new Incoming(response);
    for (const nanos of [4, 5, 4, 6]) web.write(`${nanos}`, { timestamp: T(nanos) });
    web.stop();
    expect(await incoming.ended()).toBe("clean");
    expect(frames(incoming.bytes).map(({ payload }) => payload)).toEqual(["5\n", "6\n"]);
  });

  test("that is no time is refused", async () => {
    fake.create({ name: "web" });
    expect((await get(fake, `/containers/web/logs?${BOTH}&since=now`)).status).toBe(400);
  });
});

describe("timestamps", () => {
  test.each([
    ["ns", "2026-11-23T15:58:34.500000000Z", "2026-11-23T15:58:34.500000000Z"],
    ["s", "2026-11-23T15:58:34Z", "2026-11-23T15:58:34Z"],
    ["offset", "2026-11-23T21:28:34.500000000+05:30", "2026-11-23T15:58:34.500000000Z"],
  ] as const)("of the kind %s are sent as %s", async (timestamps, wire, record) => {
    await using engine = await FakeEngine.start({ timestamps });
    const web = engine.create({ name: "web" });
    web.write("x", { timestamp: "2026-11-23T16:58:34.5+01:00" });
    const path = `/containers/web/logs?${BOTH}&timestamps=1`;
    expect(await payloads(engine, path)).toEqual([`${wire} x\n`]);
    expect(web.written).toEqual([{ timestamp: record, stream: "stdout", line: "x" }]);
  });

  test("that are not given never repeat", () => {
    const web = fake.create({ name: "web" });
    for (let line = 0; line < 1000; line += 1) web.write("x");
    const stamps = web.written.map(({ timestamp }) => timestamp);
    expect(new Set(stamps).size).toBe(1000);
    expect(stamps.toSorted()).toEqual(stamps);
  });
});

describe("a follow", () => {
  test("has headers at once, gets live lines, and ends cleanly at the stop", async () => {
    const web = fake.create({ name: "web" });
    const response = await open(fake, `/containers/web/logs?follow=1&${BOTH}`);
    const incoming = new Incoming(response);
    web.write("one");
    expect(await incoming.until((text) => text.includes("one"))).toContain("one\n");
    web.write("two");
    web.restart();
    web.write("three");
    expect(await incoming.ended()).toBe("clean");
    expect(frames(incoming.bytes).map(({ payload }) => payload)).toEqual(["one\n", "two\n"]);
    expect(await payloads(fake, `/containers/web/logs?${BOTH}`)).toHaveLength(3);
  });

  test("of a stopped container ends after the log", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    web.stop();
    expect(await payloads(fake, `/containers/web/logs?follow=1&${BOTH}`)).toEqual(["one\n"]);
  });

  test("gets everything written before its container is removed", async () => {
    const web = fake.create({ name: "web" });
    const incoming = new Incoming(await open(fake, `/containers/web/logs?follow=1&${BOTH}`));
    web.write("last words");
    web.remove();
    expect(await incoming.ended()).toBe("clean");
    expect(incoming.text).toContain("last words\n");
    expect((await get(fake, `/containers/web/logs?${BOTH}`)).status).toBe(404);
  });

  test("goes on while its container is paused", async () => {
    const web = fake.create({ name: "web" });
    const incoming = new Incoming(await open(fake, `/containers/web/logs?follow=1&${BOTH}`));
    web.pause();
    web.start();
    web.write("after");
    expect(await incoming.until((text) => text.includes("after"))).toContain("after\n");
  });

  test("with tail=0 begins with what is written after it", async () => {
    const web = fake.create({ name: "web" });
    web.write("old");
    const response = await open(fake, `/containers/web/logs?follow=1&${BOTH}&tail=0`);
    const incoming = new Incoming(response);
    web.write("new");
    web.stop();
    await incoming.ended();
    expect(frames(incoming.bytes).map(({ payload }) => payload)).toEqual(["new\n"]);
  });

  test("sends raw bytes behind the lines written before them", async () => {
    const web = fake.create({ name: "web" });
    const incoming = new Incoming(await open(fake, `/containers/web/logs?follow=1&${BOTH}`));
    web.write("one");
    web.writeRaw(Buffer.from("\u0003raw"));
    web.write("two");
    web.stop();
    await incoming.ended();
    expect(incoming.text).toBe(
      "\u0001\0\0\0\0\0\0\u0004one\n\u0003raw\u0001\0\0\0\0\0\0\u0004two\n",
    );
    expect(web.written.map(({ line }) => line)).toEqual(["one", "two"]);
  });
});

test.each(["none", "syslog", "gelf"])(
  "a log of the driver %s cannot be read",
  async (logDriver) => {
    fake.create({ name: "web", logDriver });
    const docker = await get(fake, `/containers/web/logs?${BOTH}`);
    expect([docker.status, JSON.parse(docker.text)]).toEqual([
      501,
      { message: "configured logging driver does not support reading" },
    ]);
    await using podman = await FakeEngine.start({ flavour: "podman" });
    podman.create({ name: "web", logDriver });
    const { status, text } = await get(podman, `/containers/web/logs?${BOTH}`);
    expect(status).toBe(500);
    expect(JSON.parse(text)).toMatchObject({ cause: "this container is not logging output" });
  },
);

test.each(["json-file", "local", "journald", "k8s-file"])(
  "a log of %s can be read",
  async (logDriver) => {
    fake.create({ name: "web", logDriver }).write("x");
    expect(await payloads(fake, `/containers/web/logs?${BOTH}`)).toEqual(["x\n"]);
  },
);

test("only Docker since 23 names the kind of stream", async () => {
  await using old = await FakeEngine.start({ since: "per-line" });
  await using podman = await FakeEngine.start({ flavour: "podman" });
  for (const engine of [old, podman]) {
    engine.create({ name: "web" });
    const { headers } = await get(engine, `/containers/web/logs?${BOTH}`);
    expect(headers["content-type"]).toBeUndefined();
  }
  fake.create({ name: "terminal", tty: true });
  const { headers } = await get(fake, `/containers/terminal/logs?${BOTH}`);
  expect(headers["content-type"]).toBe("application/vnd.docker.raw-stream");
});

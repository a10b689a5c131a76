import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeEngine, type Fault } from "../../src/testing.ts";
import { dial, eventually, frames, get, Incoming, open, payloads } from "./client.ts";

const FOLLOW = "/containers/web/logs?follow=1&stdout=1&stderr=1";
const READ = "/containers/web/logs?stdout=1&stderr=1";

let fake: FakeEngine;
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(() => fake.close());

const always = (fault: Fault): void => {
  fake.fault = () => fault;
};

test("the fault is asked for each request, with its method and its path as it came", async () => {
  const seen: string[] = [];
  fake.fault = ({ method, path }) => {
    seen.push(`${method} ${path}`);
    return undefined;
  };
  await get(fake, "/v1.44/containers/json?all=1");
  await get(fake, "/_ping", "HEAD");
  expect(seen).toEqual(["GET /v1.44/containers/json?all=1", "HEAD /_ping"]);
  expect(fake.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(seen);
});

test("a status is answered with its message", async () => {
  always({ status: 409, message: "busy" });
  const { status, text } = await get(fake, "/_ping");
  expect([status, JSON.parse(text)]).toEqual([409, { message: "busy" }]);
  always({ status: 503 });
  expect(JSON.parse((await get(fake, "/_ping")).text)).toEqual({ message: "Service Unavailable" });
});

test("a delayed request is answered as usual afterwards", async () => {
  always({ delayMs: 5 });
  expect((await get(fake, "/_ping")).text).toBe("OK");
  expect((await get(fake, READ)).status).toBe(404);
  expect((await get(fake, "/containers/web/logs")).status).toBe(400);
});

test("a delayed request that is aborted is forgotten", async () => {
  fake.create({ name: "web" });
  always({ delayMs: 2 ** 30 });
  const socket = await dial(fake);
  socket.write(`GET ${FOLLOW} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await eventually(() => fake.open.follows === 1);
  socket.destroy();
  await eventually(() => fake.open.follows === 0 && fake.open.sockets === 0);
});

describe("withheld headers", () => {
  test("keep the socket open without a byte until it is cut", async () => {
    const web = fake.create({ name: "web" });
    always({ withholdHeaders: true });
    const socket = await dial(fake);
    const incoming = new Incoming(socket);
    socket.write(`GET ${FOLLOW} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await eventually(() => fake.open.follows === 1);
    web.write("x");
    web.stop();
    fake.fault = undefined;
    expect((await get(fake, READ)).text).toContain("x\n");
    expect([fake.open.follows, incoming.text]).toEqual([1, ""]);
    web.cut();
    await incoming.ended();
    expect(incoming.text).toBe("");
    await eventually(() => fake.open.follows === 0);
  });

  test("of events last until the events are cut", async () => {
    always({ withholdHeaders: true });
    const socket = await dial(fake);
    const incoming = new Incoming(socket);
    socket.write("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    await eventually(() => fake.requests.length === 1);
    fake.cutEvents();
    await incoming.ended();
    expect(incoming.text).toBe("");
  });
});

test("a redirect is a 302 with its location", async () => {
  always({ redirect: "http://127.0.0.1:1/elsewhere" });
  const { status, headers } = await get(fake, "/version");
  expect([status, headers.location]).toEqual([302, "http://127.0.0.1:1/elsewhere"]);
});

describe("a cut", () => {
  test.each([0, 1, 7, 8, 12, 13])("after %d bytes of a log falls there", async (cutAfterBytes) => {
    const web = fake.create({ name: "web" });
    web.write("one");
    web.write("two");
    const whole = (await get(fake, READ)).bytes;
    always({ cutAfterBytes });
    for (const path of [READ, FOLLOW]) {
      const incoming = new Incoming(await open(fake, path));
      expect(await incoming.ended()).toBe("cut");
      expect(incoming.bytes).toEqual(whole.subarray(0, cutAfterBytes));
    }
    await eventually(() => fake.open.sockets === 0);
  });

  test("beyond the end of a body does nothing", async () => {
    always({ cutAfterBytes: 1000 });
    expect((await get(fake, "/_ping")).text).toBe("OK");
  });

  test("falls into a JSON answer and into events too", async () => {
    fake.create({ name: "web" });
    always({ cutAfterBytes: 10 });
    for (const path of ["/containers/json", "/events?since=1"]) {
      const incoming = new Incoming(await open(fake, path));
      expect(await incoming.ended()).toBe("cut");
      expect(incoming.bytes.length).toBe(10);
    }
  });

  test("within the lines of a live follow falls where the bytes say", async () => {
    const web = fake.create({ name: "web" });
    always({ cutAfterBytes: 30 });
    const incoming = new Incoming(await open(fake, FOLLOW));
    for (let line = 0; line < 10; line += 1) web.write("0123456789");
    expect(await incoming.ended()).toBe("cut");
    expect(incoming.bytes.length).toBe(30);
  });
});

describe("an early end", () => {
  test("of a read leaves the last frames out", async () => {
    const web = fake.create({ name: "web" });
    for (const line of ["1", "2", "3"]) web.write(line);
    always({ endEarly: 2 });
    expect(await payloads(fake, READ)).toEqual(["1\n"]);
    always({ endEarly: 5 });
    expect(await payloads(fake, READ)).toEqual([]);
  });

  test("of a follow holds the newest frames back, and ends cleanly without them", async () => {
    const web = fake.create({ name: "web" });
    always({ endEarly: 2 });
    const incoming = new Incoming(await open(fake, FOLLOW));
    for (const line of ["1", "2", "3"]) web.write(line);
    await incoming.until((text) => text.includes("1\n"));
    web.write("4");
    await incoming.until((text) => text.includes("2\n"));
    web.stop();
    expect(await incoming.ended()).toBe("clean");
    expect(frames(incoming.bytes).map(({ payload }) => payload)).toEqual(["1\n", "2\n"]);
    fake.fault = undefined;
    expect(await payloads(fake, READ)).toEqual(["1\n", "2\n", "3\n", "4\n"]);
  });
});

test("a fault that throws is an answer with status 500", async () => {
  fake.fault = () => {
    throw new Error("my own mistake");
  };
  const { status, text } = await get(fake, "/_ping");
  expect([status, JSON.parse(text)]).toEqual([500, { message: "my own mistake" }]);
});

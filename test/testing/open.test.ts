import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { dial, drain, eventually, get, getJson, Incoming, open } from "./client.ts";

const FOLLOW = "/containers/web/logs?follow=1&stdout=1&stderr=1";
const READ = "/containers/web/logs?stdout=1&stderr=1";
const CLOSED = { follows: 0, reads: 0, sockets: 0 };

let fake: FakeEngine;
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(() => fake.close());

test("a follow counts until its client has gone, and its maximum stays", async () => {
  fake.create({ name: "web" });
  fake.create({ name: "other" });
  const responses = [
    await open(fake, FOLLOW),
    await open(fake, FOLLOW),
    await open(fake, FOLLOW.replace("web", "other")),
  ];
  const most = { maxFollows: 3, maxFollowsOfOneContainer: 2 };
  expect(fake.open).toEqual({ follows: 3, reads: 0, sockets: 3, ...most });
  for (const response of responses) response.destroy();
  await eventually(() => fake.open.sockets === 0);
  expect(fake.open).toEqual({ ...CLOSED, ...most });
});

test("a follow that ends by itself is counted back once", async () => {
  const web = fake.create({ name: "web" });
  const response = await open(fake, FOLLOW);
  web.stop();
  await drain(response);
  await eventually(() => fake.open.sockets === 0);
  expect(fake.open).toMatchObject(CLOSED);
});

test("a read counts while its client takes its time", async () => {
  const web = fake.create({ name: "web" });
  for (let count = 0; count < 100; count += 1) web.write("x".repeat(16_384));
  const response = await open(fake, READ);
  expect(fake.open).toMatchObject({ follows: 0, reads: 1, sockets: 1 });
  await drain(response);
  await eventually(() => fake.open.sockets === 0);
  expect(fake.open).toMatchObject({ ...CLOSED, maxFollows: 0 });
});

test("clients that leave one follow and open the next are never seen with two", async () => {
  fake.create({ name: "web" });
  for (let round = 0; round < 200; round += 1) {
    const response = await open(fake, FOLLOW);
    const closed = new Promise((resolve) => response.socket.once("close", resolve));
    response.on("error", () => {}).destroy();
    await closed;
  }
  expect(fake.open.maxFollowsOfOneContainer).toBe(1);
});

test.each([{}, { port: 0 }])(
  "aborts, resets and pipelined requests with %j leave no count behind",
  async (options) => {
    await using engine = await FakeEngine.start(options);
    const web = engine.create({ name: "web" });
    for (let count = 0; count < 50; count += 1) web.write("x".repeat(16_384));
    for (let round = 0; round < 60; round += 1) {
      const socket = await dial(engine);
      socket.on("error", () => {});
      const arrived = engine.requests.length;
      socket.write(`GET ${FOLLOW} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(1 + (round % 3)));
      if (round % 2 === 0) await eventually(() => engine.requests.length > arrived);
      if (round % 5 === 0 && "port" in options) socket.resetAndDestroy();
      else socket.destroy();
    }
    await eventually(() => engine.open.sockets === 0);
    expect(engine.open).toMatchObject(CLOSED);
  },
);

test("a client that closes its side is gone, even while it does not read", async () => {
  const web = fake.create({ name: "web" });
  const socket = await dial(fake);
  socket.write(`GET ${FOLLOW} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await eventually(() => fake.open.follows === 1);
  for (let count = 0; count < 500; count += 1) web.write("x".repeat(16_384));
  socket.end();
  await eventually(() => fake.open.follows === 0);
  expect(fake.open.sockets).toBe(1);
  socket.destroy();
  await eventually(() => fake.open.sockets === 0);
});

test("requests that find no container count as well, while they last", async () => {
  await Promise.all([get(fake, FOLLOW), get(fake, READ)]);
  await eventually(() => fake.open.sockets === 0);
  expect(fake.open).toEqual({ ...CLOSED, maxFollows: 1, maxFollowsOfOneContainer: 0 });
});

test("bytes that are no HTTP only close their own connection", async () => {
  const socket = await dial(fake);
  const incoming = new Incoming(socket);
  socket.write("\u0016\u0003\u0001 this is no request\r\n\r\n");
  await incoming.ended();
  await eventually(() => fake.open.sockets === 0);
  expect((await get(fake, "/_ping")).text).toBe("OK");
});

test("descriptors and goroutines of /info rise and fall with the open streams", async () => {
  fake.create({ name: "web" });
  const idle = await getJson(fake, "/info");
  const responses = [await open(fake, FOLLOW), await open(fake, FOLLOW)];
  const busy = await getJson(fake, "/info");
  expect(idle).toMatchObject({ NFd: 25, NGoroutines: 41 });
  expect(busy).toMatchObject({ NFd: 29, NGoroutines: 49 });
  for (const response of responses) response.destroy();
  await eventually(() => fake.open.sockets === 0);
  expect(await getJson(fake, "/info")).toMatchObject({ NFd: 25, NGoroutines: 41 });
});

test("only the last 10,000 requests are kept", async () => {
  const socket = await dial(fake);
  socket.resume();
  const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  for (let batch = 0; batch < 11; batch += 1) {
    socket.write(request(`/${batch}`).repeat(1000));
    await eventually(() => fake.requests.at(-1)?.path === `/${batch}`);
  }
  socket.write(request("/last"));
  await eventually(() => fake.requests.at(-1)?.path === "/last");
  expect(fake.requests).toHaveLength(10_000);
  socket.destroy();
});

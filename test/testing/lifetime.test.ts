import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { dial, eventually, get, Incoming, open } from "./client.ts";

const FOLLOW = "/containers/web/logs?follow=1&stdout=1";

describe.each([
  ["a unix socket", {}],
  ["a TCP port", { port: 0 }],
] as const)("on %s", (_, options) => {
  test("an outage cuts and refuses every connection until it is restored", async () => {
    await using fake = await FakeEngine.start(options);
    const web = fake.create({ name: "web" });
    const before = fake.engine;
    const incoming = new Incoming(await open(fake, FOLLOW));
    const idle = new Incoming(await dial(fake));
    fake.outage();
    expect(await incoming.ended()).toBe("cut");
    await idle.ended();
    await expect(get(fake, "/_ping")).rejects.toThrow(/ECONNREFUSED|ENOENT/);
    web.write("meanwhile");
    fake.restore();
    expect(fake.engine).toEqual(before);
    expect((await get(fake, "/containers/web/logs?stdout=1")).text).toContain("meanwhile");
    await eventually(() => fake.open.sockets === 0);
    expect(fake.open.follows).toBe(0);
  });

  test("outages and restores may follow each other at once", async () => {
    await using fake = await FakeEngine.start(options);
    fake.restore();
    for (let round = 0; round < 20; round += 1) {
      fake.outage();
      fake.outage();
      fake.restore();
      if (round % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (round % 4 === 0) expect((await retried(fake)).text).toBe("OK");
    }
    expect((await retried(fake)).text).toBe("OK");
    fake.restore();
    fake.outage();
    fake.restore();
    fake.outage();
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await expect(get(fake, "/_ping")).rejects.toThrow(/ECONNREFUSED|ENOENT/);
  });

  test("close() cuts every connection, frees the address, and may be called again", async () => {
    const fake = await FakeEngine.start(options);
    fake.create({ name: "web" });
    fake.fault = ({ path }) => (path === "/slow" ? { delayMs: 2 ** 30 } : undefined);
    const streams = [
      new Incoming(await open(fake, FOLLOW)),
      new Incoming(await open(fake, "/events?until=4000000000")),
      new Incoming(await dial(fake)),
    ];
    const slow = await dial(fake);
    const cut = new Incoming(slow);
    slow.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    await eventually(() => fake.requests.length === 3);
    const { socketPath, port } = fake.engine;
    await Promise.all([fake.close(), fake.close()]);
    await fake.close();
    for (const incoming of [...streams, cut]) await incoming.ended();
    expect(fake.open).toMatchObject({ follows: 0, reads: 0, sockets: 0 });
    fake.restore();
    if (socketPath !== undefined) expect(existsSync(dirname(socketPath))).toBe(false);
    const socket = socketPath === undefined ? connect(port ?? 0, "127.0.0.1") : connect(socketPath);
    await once(socket, "error");
  });
});

async function retried(fake: FakeEngine): ReturnType<typeof get> {
  for (;;) {
    try {
      return await get(fake, "/_ping");
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

test("the address is a socket path, or host, port and protocol", async () => {
  await using unix = await FakeEngine.start();
  expect(unix.engine).toEqual({ socketPath: expect.any(String) });
  await using tcp = await FakeEngine.start({ port: 0 });
  const { port } = tcp.engine;
  expect(tcp.engine).toEqual({ host: "127.0.0.1", port, protocol: "http" });
  expect(port).toBeGreaterThan(0);
});

test("a port in use is an error of start()", async () => {
  await using fake = await FakeEngine.start({ port: 0 });
  const { port = 0 } = fake.engine;
  await expect(FakeEngine.start({ port })).rejects.toThrow("EADDRINUSE");
});

test("close() leaves no handle behind", async () => {
  const count = (kind: RegExp): number =>
    process.getActiveResourcesInfo().filter((name) => kind.test(name)).length;
  const handles = /TCP|Pipe/;
  const timers = /Timeout/;
  const before = [count(handles), count(timers)];
  for (const options of [{}, { port: 0 }]) {
    const fake = await FakeEngine.start(options);
    fake.create({ name: "web" });
    fake.fault = ({ path }) => (path.startsWith("/v") ? { delayMs: 2 ** 30 } : undefined);
    const slow = await dial(fake);
    slow.write("GET /version HTTP/1.1\r\nHost: x\r\n\r\n");
    const inAnHour = Math.floor(Date.now() / 1000) + 3600;
    const clients = [
      new Incoming(slow),
      new Incoming(await open(fake, FOLLOW)),
      new Incoming(await open(fake, `/events?until=${inAnHour}`)),
    ];
    await eventually(() => fake.requests.length === 3);
    fake.outage();
    fake.restore();
    await fake.close();
    for (const client of clients) await client.ended();
  }
  await eventually(() => count(handles) <= (before[0] ?? 0));
  expect(count(timers)).toBeLessThanOrEqual(before[1] ?? 0);
});

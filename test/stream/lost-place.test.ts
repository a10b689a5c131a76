import type { Socket } from "node:net";
import { setTimeout as after } from "node:timers/promises";
import { expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { AnsweringPeer } from "../support/answering-peer.ts";
import { eager, Follower, texts } from "../support/fake-follow.ts";

/** What the engine can be asked for on any machine. */
const MOST_ENTRIES = 2 ** 31;

it("a place that is lost while the engine goes on rotating the log is a gap after some looks, and lines come", async () => {
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  fake.fault = ({ path }) => (path.includes("/logs") ? { delayMs: 50 } : undefined);
  const source = new ContainerLogSource("web", {
    engine: fake.engine,
    ...eager,
    bufferBytes: 8_000,
  });
  let go = (): void => {};
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  const follower = new Follower(source, (_, index) => (index === 20 ? gone : undefined));
  for (let line = 0; line < 20; line++) web.write(`line ${line}`);
  await follower.has(20);
  let next = 20;
  const writer = setInterval(() => {
    for (let line = 0; line < 40; line++) web.write(`line ${next++} ${"x".repeat(100)}`);
    web.truncate(500);
  }, 20);
  try {
    await follower.until(() => next > 2_000);
    await after(100);
    const asked = fake.requests.length;
    go();
    await follower.until(() => source.stats.gaps > 0, "a gap");
    const tails = fake.requests.slice(asked).map(({ path }) => /tail=(\w+)/.exec(path)?.[1]);
    const looks = tails.filter((tail) => tail !== undefined);
    expect(looks.length).toBeLessThan(20);
    for (const tail of looks) expect(tail === "all" || Number(tail) < MOST_ENTRIES).toBe(true);
    const behind = follower.records.length;
    await follower.until(() => follower.records.length > behind + 100);
  } finally {
    clearInterval(writer);
    await source.close();
  }
});

it("a place that is lost during a rotation is a gap soon, however steadily the container goes on writing", async () => {
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  const source = new ContainerLogSource("web", { engine: fake.engine, ...eager });
  const follower = new Follower(source);
  for (let line = 0; line < 20; line++) web.write(`line ${line}`);
  await follower.has(20);
  let next = 20;
  const write = (): void => web.write(`line ${next++}`);
  // Often enough that no look at the log's end is ever followed by a silence.
  const writer = setInterval(write, 10);
  try {
    let isLost = false;
    fake.fault = ({ path }) => {
      if (!path.includes("/logs")) return undefined;
      // The old stream is closed, and the new one is asked for.
      if (!isLost) {
        isLost = true;
        for (let line = 0; line < 300; line++) write();
        web.truncate(20);
      }
      return { delayMs: 50 };
    };
    const rotated = source.rotate();
    await follower.status("gap");
    expect((await rotated).reopened).toBe(true);
    const seen = follower.records.length;
    await follower.has(seen + 20);
    // What came is the log without one stretch.
    const at = follower.lines.findIndex(
      ({ timestamp }) => timestamp === follower.seen("gap")[0]?.before,
    );
    const received = follower.texts;
    const written = texts(web.written);
    const behind = received.slice(at);
    expect(received.slice(0, at)).toEqual(written.slice(0, at));
    const from = written.indexOf(behind[0] ?? "");
    expect(behind).toEqual(written.slice(from, from + behind.length));
  } finally {
    clearInterval(writer);
    await source.close();
  }
});

/** A body without a length: it ends with the connection, whatever that ends by. */
function endWithConnection(socket: Socket, body: readonly number[] = []): void {
  socket.write("HTTP/1.0 200 OK\r\nServer: Docker/28.5.2 (linux)\r\nApi-Version: 1.51\r\n\r\n");
  socket.end(Buffer.from(body));
}

it.each([
  ["the header of a frame", [1, 0, 0, 0]],
  ["a frame", [1, 0, 0, 0, 0, 0, 0, 90, 50, 48]],
])("a connection that ends in the middle of %s is no log's end", async (_, bytes) => {
  await using fake = await FakeEngine.start();
  await using peer = await AnsweringPeer.start(fake);
  const web = fake.create({ name: "web" });
  web.write("one");
  const source = new ContainerLogSource("web", { engine: peer.engine, ...eager });
  const follower = new Follower(source);
  await follower.has(1);
  let cut = 0;
  peer.own = (socket, path) => {
    if (!path.includes("/logs")) return false;
    cut++;
    return endWithConnection(socket, bytes);
  };
  web.cut();
  await follower.until(() => cut > 6, "cut");
  peer.own = () => false;
  web.write("two");
  await follower.has(2);
  expect(follower.texts).toEqual(["one", "two"]);
  expect(follower.seen("gap")).toEqual([]);
  await source.close();
});

it("what was read before a log was empty is not new where it is there again", async () => {
  await using fake = await FakeEngine.start();
  await using peer = await AnsweringPeer.start(fake);
  const web = fake.create({ name: "web" });
  for (const line of ["one", "two", "three"]) web.write(line);
  const source = new ContainerLogSource("web", { engine: peer.engine, ...eager });
  const follower = new Follower(source);
  await follower.has(3);
  peer.own = (socket, path) => (path.includes("/logs") ? endWithConnection(socket) : false);
  web.cut();
  await follower.status("gap");
  peer.own = () => false;
  await follower.until(() => fake.open.follows === 1, "followed again");
  web.write("four");
  await follower.has(4);
  await source.rotate();
  web.write("five");
  await follower.has(5);
  expect(follower.texts).toEqual(["one", "two", "three", "four", "five"]);
  expect(follower.seen("gap")).toHaveLength(1);
  await source.close();
});

import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PoolOptions } from "../../../src/index.ts";
import { BOUNDS } from "../../../src/pool/health/bounds.ts";
import { FakeEngine } from "../../../src/testing.ts";
import type { FakeContainer } from "../../../src/testing.ts";
import { AnsweringPeer, respond } from "../../support/answering-peer.ts";
import { eager, eventually, failure } from "../../support/fake-follow.ts";
import { twoSizes } from "../../support/size.ts";
import { WatchedPool } from "../../support/watched-pool.ts";
import type { Expected } from "../../support/watched-pool.ts";

let fake: FakeEngine;
let peer: AnsweringPeer;
let web: FakeContainer;
let watched: WatchedPool;
beforeEach(async () => {
  fake = await FakeEngine.start();
  peer = await AnsweringPeer.start(fake);
  web = fake.create({ name: "web" });
  web.write("before");
});
afterEach(async () => {
  await watched.pool.close();
  await peer[Symbol.asyncDispose]();
  await fake.close();
});

function open(name: string, options: PoolOptions = {}): WatchedPool {
  const engine = { ...peer.engine, connectTimeoutMs: 300 };
  watched = new WatchedPool(name, { engine, ...options });
  return watched;
}

async function following(name: string, options?: PoolOptions): Promise<WatchedPool> {
  const pool = open(name, options).consume();
  await pool.has(web);
  await pool.healthy();
  return pool;
}

const isLog = (path: string): boolean => path.includes("/logs");
const isFollow = (path: string): boolean => isLog(path) && path.includes("follow=1");
const isRead = (path: string): boolean => isLog(path) && !isFollow(path);
const isInspect = (path: string): boolean => /\/containers\/[0-9a-f]+\/json/.test(path);
const hang = (): void => {};
const sound = (): void => {
  peer.own = () => false;
};
/** A log without a byte. */
const silent = (socket: Socket): void =>
  void socket.write(
    "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n\r\n",
  );

function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(payload.length, 4);
  return Buffer.concat([head, payload]);
}

const troubled = (says: RegExp): Expected => ({
  component: "streams",
  status: "unhealthy",
  says,
  afterMs: BOUNDS.troubleMs,
});

describe("a pool is not healthy, and names the container,", () => {
  it("whose inspection hangs", twoSizes, async () => {
    const pool = await following("an inspection that hangs");
    await pool.fails(() => {
      peer.own = (_socket, path) => (isInspect(path) ? hang() : false);
    });
    const next = fake.create({ name: "next" });
    next.write("waits");
    await pool.expectTold({
      component: "discovery",
      status: "degraded",
      says: /^next is not followed yet: .*no answer within/,
      afterMs: BOUNDS.troubleMs,
    });
    await pool.expectRecovery(sound, web, next);
  });

  it("for which a function of the options throws, until another run", async () => {
    let isBroken = true;
    const pool = open("a function of the options that throws", {
      source: ({ name }) => {
        if (isBroken && name === "web") throw new Error("no such tenant");
        return eager;
      },
    }).consume();
    await pool.expectTold({
      component: "discovery",
      status: "degraded",
      says: /^web is not followed: The function of option "source" failed for container web: no such tenant$/,
    });
    await pool.expectRecovery(() => {
      isBroken = false;
      web.restart();
    }, web);
  });

  it("whose bytes are no log, again and again, without a pause", twoSizes, async () => {
    const pool = await following("a stream of garbage");
    await pool.fails(() => {
      peer.own = (socket, path) => {
        if (!isLog(path)) return false;
        silent(socket);
        for (const { timestamp, line } of web.written)
          socket.write(frame(`${timestamp} ${line}\n`));
        socket.end("these bytes are no frames");
        return undefined;
      };
      web.cut();
    });
    await eventually(() => pool.pool.health().status !== "healthy");
    // Its source fails, and another one follows, which fails again.
    let failures = 0;
    pool.pool.on("detached", ({ reason }) => void (reason.kind === "failed" && failures++));
    const seen = await pool.samples(() => failures >= 3);
    for (const { status, components } of seen)
      expect(status).toBe(components["streams"]?.status === "unhealthy" ? "unhealthy" : "degraded");
    await pool.expectTold({
      component: "discovery",
      status: "degraded",
      says: /^web is not followed yet: .*no Docker log stream/,
    });
    await pool.expectRecoveryIn(BOUNDS.damagedMs, sound, web);
  });

  it("whose plain reads stall behind their headers", twoSizes, async () => {
    const pool = await following("a plain read that stalls");
    await pool.fails(() => {
      peer.own = (socket, path) => (isRead(path) ? silent(socket) : false);
      web.stop();
    });
    await pool.expectTold(troubled(/^web can't be followed for \d+ s: .*300 ms/));
    await pool.expectRecovery(() => {
      sound();
      web.start();
    }, web);
  });

  it("whose log is not answered for", twoSizes, async () => {
    const pool = await following("a follow whose headers are withheld");
    await pool.fails(() => {
      peer.own = (_socket, path) => (isLog(path) ? hang() : false);
      web.cut();
    });
    await pool.expectTold(troubled(/^web can't be followed for \d+ s: .*300 ms/));
    await pool.expectRecovery(sound, web);
  });

  it("whose log is not answered for, where an answer may take long", twoSizes, async () => {
    const pool = await following("a wait without a byte", {
      engine: { ...peer.engine, connectTimeoutMs: 60_000 },
    });
    const sockets: Socket[] = [];
    await pool.fails(() => {
      peer.own = (socket, path) => (isLog(path) ? void sockets.push(socket) : false);
      web.cut();
    });
    await eventually(() => sockets.length > 0);
    await pool.expectTold({
      component: "streams",
      status: "unhealthy",
      says: /^web waits for the response headers for \d+ s$/,
      afterMs: BOUNDS.silentMs + 100,
    });
    await pool.expectRecovery(() => {
      sound();
      for (const socket of sockets) socket.destroy();
    }, web);
  });

  it("whose streams are cut again and again", twoSizes, async () => {
    const pool = await following("a stream that is cut again and again");
    await pool.fails(() => {
      peer.own = (socket, path) => (isLog(path) ? void socket.destroy() : false);
      web.cut();
    });
    await pool.expectTold(troubled(/^web can't be followed for \d+ s: /));
    await pool.expectRecovery(sound, web);
  });

  it("whose tasks did not end in time for a rotation, until they have", async () => {
    const pool = await following("a task that does not end", {
      source: { ...eager, rotateTimeoutMs: 50 },
    });
    let end = (): void => {};
    const task = new Promise<void>((resolve) => {
      end = resolve;
    });
    await pool.fails(() => void pool.pool.sources.get(web.id)?.tasks.run("upload", () => task));
    const [rotation] = await pool.pool.rotate("web");
    expect(rotation?.status).toBe("rejected");
    await pool.expectTold({
      component: "streams",
      status: "degraded",
      says: /^web has a task of a stream that was closed .* ago, and not ended yet: upload$/,
    });
    web.write("meanwhile");
    await pool.has(web);
    await pool.expectRecovery(end, web);
  });

  it("that was not rotated when it should have been", async () => {
    const pool = await following("a rotation that is overdue", {
      rotation: { everyMs: 60_000, jitter: 0.5 },
    });
    const { status, components } = pool.healthIn(2 * 90_000 + BOUNDS.overdueMs + 1_000);
    expect(status).toBe("degraded");
    expect(components["streams"]?.detail).toMatch(
      /^web was to be rotated every 90 s, and was not for 3 min$/,
    );
  });

  it("that waits for its turn for too long", async () => {
    const pool = await following("a turn that does not come", {
      maxStreams: 1,
      timeSliceMs: 60_000,
    });
    // It has its turn for as long as it writes.
    const chatter = setInterval(() => web.write("on and on"), 1);
    try {
      const next = fake.create({ name: "next" });
      next.write("waits");
      await eventually(() => pool.pool.stats.streamsWaiting > 0);
      const lateMs = 2 * 120_000 + BOUNDS.overdueMs + 1_000;
      await eventually(
        () =>
          pool.healthIn(lateMs).components["streams"]?.detail === "next waits for a turn for 4 min",
        "a turn that is overdue",
      );
      await pool.expectRecovery(() => clearInterval(chatter), web, next);
    } finally {
      clearInterval(chatter);
    }
  });
});

describe("a pool is healthy", () => {
  it("over rotations, cuts, stops and starts", async () => {
    // An engine on a busy machine may take its time.
    const pool = await following("ordinary life", { engine: peer.engine });
    let isOver = false;
    const life = async (): Promise<void> => {
      for (let round = 0; round < 10; round++) {
        await pool.pool.rotate();
        web.cut();
        web.write(`cut ${round}`);
        await pool.has(web);
        web.restart();
        web.write(`restarted ${round}`);
        await pool.has(web);
        fake.cutEvents();
      }
      isOver = true;
    };
    const [seen] = await Promise.all([pool.samples(() => isOver), life()]);
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set(["healthy"]));
    expect(new Set(seen.map(({ ready }) => ready))).toEqual(new Set([true]));
  });

  it("without a container, and says that none is followed", async () => {
    const pool = open("nothing to follow", { select: { names: "api" } }).consume();
    await pool.pool.ready();
    await pool.healthy();
    expect(pool.pool.health().components["streams"]?.detail).toMatch(/^no container is followed/);
  });
});

describe("ready()", () => {
  it("names the container that is not followed yet, and why", async () => {
    peer.own = (socket, path) => (isLog(path) ? respond(socket, 500, "boom") : false);
    const pool = open("ready").consume();
    const error = await failure(pool.pool.ready({ timeoutMs: 1_500 }), "ENGINE_UNREACHABLE");
    expect(error.message).toMatch(/^The pool is not ready after 1500 ms: .*web .*500/);
    expect(pool.pool.health().ready).toBe(false);
    sound();
    await pool.pool.ready();
    expect(pool.pool.health().ready).toBe(true);
  });
});

it("a quiet container that could not be followed is told of no more once it had a turn, however short", async () => {
  const other = fake.create({ name: "other" });
  other.write("before");
  const pool = await following("turns", { maxStreams: 1, timeSliceMs: 100 });
  peer.own = (socket, path) => (isLog(path) ? respond(socket, 302, "elsewhere") : false);
  await eventually(() => pool.pool.health().status !== "healthy", "a health that turns");
  sound();
  await pool.healthy();
});

import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PoolOptions } from "../../../src/index.ts";
import { FakeEngine } from "../../../src/testing.ts";
import type { FakeContainer } from "../../../src/testing.ts";
import { AnsweringPeer, respond } from "../../support/answering-peer.ts";
import { eventually, failure } from "../../support/fake-follow.ts";
import { longOnly, twoSizes } from "../../support/size.ts";
import { WatchedPool } from "../../support/watched-pool.ts";

let fake: FakeEngine;
let peer: AnsweringPeer;
let web: FakeContainer;
let watched: WatchedPool | undefined;
beforeEach(async () => {
  fake = await FakeEngine.start();
  peer = await AnsweringPeer.start(fake);
  web = fake.create({ name: "web" });
  web.write("before");
});
afterEach(async () => {
  await watched?.pool.close();
  await peer[Symbol.asyncDispose]();
  await fake.close();
});

function open(name: string, options: PoolOptions = {}): WatchedPool {
  watched = new WatchedPool(name, {
    engine: { ...peer.engine, connectTimeoutMs: 300 },
    ...options,
  });
  return watched;
}

async function following(name: string, options?: PoolOptions): Promise<WatchedPool> {
  const pool = open(name, options).consume();
  await pool.has(web);
  await pool.healthy();
  return pool;
}

/** Ends what is open, so that all has to be asked for again. */
function cutAll(): void {
  fake.cutEvents();
  web.cut();
}

const hang = (): void => {};
const isEvents = (path: string): boolean => path.includes("/events");
const isList = (path: string): boolean => path.includes("/containers/json");

const engine = { component: "engine:default" } as const;

describe("a pool is not healthy, and says so,", () => {
  it("before it has begun, and until its engine has answered", async () => {
    peer.own = hang;
    const pool = open("before the first contact", {
      engine: { ...peer.engine, connectTimeoutMs: 60_000 },
    });
    expect(pool.pool.health()).toMatchObject({ status: "unhealthy", ready: false });
    await pool.expectTold({
      ...engine,
      status: "unhealthy",
      says: /^not asked yet: the pool has not begun$/,
    });
    await pool.fails(() => pool.consume());
    await pool.expectTold({
      ...engine,
      status: "unhealthy",
      says: /^asked, and its containers are not listed yet$/,
    });
    const error = await failure(pool.pool.ready({ timeoutMs: 50 }), "ENGINE_UNREACHABLE");
    expect(error.message).toBe(
      "The pool is not ready after 50 ms: engine:default: asked, and its containers are not listed yet. It goes on trying.",
    );
    await pool.pool.close();
  });

  it("while its engine can't be reached, from the first moment on", async () => {
    const pool = await following("an engine that can't be reached", { engine: fake.engine });
    await pool.fails(() => fake.outage());
    await pool.expectTold({
      ...engine,
      status: "unhealthy",
      says: /^attempt \d+ failed: Can't reach the engine at /,
    });
    expect(pool.pool.health().status).toBe("unhealthy");
    await pool.expectRecovery(() => fake.restore(), web);
  });

  it.each<[string, (socket: Socket) => void, RegExp]>([
    ["a 403 of a proxy", (socket) => respond(socket, 403, "forbidden"), /403/],
    ["a 404 of a web server", (socket) => respond(socket, 404, "<html>not found</html>"), /404/],
    ["a web page", (socket) => respond(socket, 200, "<html>hello</html>"), /./],
    ["an answer that ends at once", (socket) => socket.end(), /./],
    ["no answer", hang, /300 ms/],
  ])("while there is %s at its engine's address", async (name, own, says) => {
    const pool = await following(name);
    await pool.fails(() => {
      peer.own = own;
      cutAll();
    });
    await pool.expectTold({ ...engine, status: "unhealthy", says });
    expect(pool.pool.health().status).toBe("unhealthy");
    await pool.expectRecovery(() => {
      peer.own = () => false;
    }, web);
  });

  it("while a proxy forbids its events, though what starts is found", async () => {
    const pool = await following("events that are forbidden");
    await pool.fails(() => {
      peer.own = (socket, path) => (isEvents(path) ? respond(socket, 403, "forbidden") : false);
      fake.cutEvents();
    });
    await pool.expectTold({
      ...engine,
      status: "degraded",
      says: /^its events can't be had, so it is listed every two seconds: .*403/,
    });
    const next = fake.create({ name: "next" });
    next.write("unheard");
    // It is told without a pause while the events are asked for again and again.
    const seen = await pool.samples(() => pool.records.some(({ line }) => line === "unheard"));
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set(["degraded"]));
    await pool.expectRecovery(
      () => {
        peer.own = () => false;
      },
      web,
      next,
    );
  });

  it("while its events' headers are held back", async () => {
    const pool = await following("events that are held back");
    const held: Socket[] = [];
    await pool.fails(() => {
      peer.own = (socket, path) => (isEvents(path) ? void held.push(socket) : false);
      fake.cutEvents();
    });
    await pool.expectTold({ ...engine, status: "degraded", says: /^its events are held back/ });
    await pool.expectRecovery(() => {
      peer.own = () => false;
      for (const socket of held) socket.destroy();
    }, web);
  });

  it("where events died without a word, as a list shows", longOnly, async () => {
    let isDeaf = true;
    peer.own = (socket, path) => {
      if (!isEvents(path) || !isDeaf) return false;
      socket.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
      return undefined;
    };
    const pool = await following("events that died without a word");
    const next = fake.create({ name: "next" });
    next.write("unheard");
    await pool.fails(() => {});
    await pool.expectTold({
      ...engine,
      status: "degraded",
      says: /^its events had stopped without a word/,
    });
    isDeaf = false;
    await pool.expectRecovery(
      () => {
        // The stream of this moment is a deaf one.
        peer.own = () => false;
      },
      web,
      next,
    );
  });

  it("while its containers can't be listed", twoSizes, async () => {
    const pool = await following("a list that hangs");
    await pool.fails(() => {
      peer.own = (_socket, path) => (isList(path) ? hang() : false);
      fake.cutEvents();
    });
    await pool.expectTold({ ...engine, status: "unhealthy", says: /300 ms/ });
    await pool.expectRecovery(() => {
      peer.own = () => false;
    }, web);
  });
});

describe("a pool of several engines", () => {
  it("is ready once each is listed, and says which is not", async () => {
    await using other = await FakeEngine.start();
    other.outage();
    watched = new WatchedPool("one of several", {
      engines: { east: fake.engine, west: other.engine },
    });
    const { pool } = watched.consume();
    const error = await failure(pool.ready({ timeoutMs: 1_500 }), "ENGINE_UNREACHABLE");
    expect(error.message).toMatch(
      /^The pool is not ready after 1500 ms: engine:west: attempt \d+ failed: Can't reach/,
    );
    await watched.has(web);
    await eventually(() => pool.health().status === "degraded");
    other.restore();
    await pool.ready();
    await watched.healthy();
  });
});

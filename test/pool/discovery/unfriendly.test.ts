import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MemoryCheckpointStore, StreamPool } from "../../../src/index.ts";
import type { Checkpoint, PoolOptions } from "../../../src/index.ts";
import { FakeEngine } from "../../../src/testing.ts";
import type { FakeContainer } from "../../../src/testing.ts";
import { AnsweringPeer, respond } from "../../support/answering-peer.ts";
import { eager, eventually, nothingOpen } from "../../support/fake-follow.ts";
import { PoolFollower } from "../../support/pool-follow.ts";
import { RewritingProxy } from "../../support/rewriting-proxy.ts";

let fake: FakeEngine;
let peer: AnsweringPeer;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  peer = await AnsweringPeer.start(fake);
  web = fake.create({ name: "web" });
  web.write("one");
});
afterEach(async () => {
  await peer[Symbol.asyncDispose]();
  await fake.close();
});

function follow(options: PoolOptions = {}): PoolFollower {
  return new PoolFollower(
    new StreamPool({ engine: peer.engine, source: eager, from: "start", ...options }),
  );
}

describe("something else than the engine", () => {
  const answers: Readonly<Record<string, (socket: Socket) => void>> = {
    "403": (socket) => respond(socket, 403, "<h1>Forbidden</h1>"),
    "404": (socket) => respond(socket, 404, "404 page not found"),
    "401": (socket) => respond(socket, 401, ""),
    "200 with a page": (socket) => respond(socket, 200, "<html>please log in</html>"),
    "200 with nothing": (socket) => respond(socket, 200, ""),
    "a redirect": (socket) => respond(socket, 302, "", { Location: "/login" }),
    "501": (socket) => respond(socket, 501, "Not Implemented"),
  };

  it.each(Object.entries(answers))(
    "that answers before the engine does (%s) is waited out",
    async (_what, answer) => {
      let answered = 0;
      peer.own = (socket) => {
        answered++;
        answer(socket);
      };
      const follower = follow();
      await follower.until(() => answered >= 6, "answers");
      expect(follower.seen("engine").map(({ state }) => state)).toEqual(["disconnected"]);
      peer.own = () => false;
      await follower.expectAll(web);
      await follower.end();
      follower.expectExactly(web);
    },
  );

  it.each(Object.entries(answers))(
    "that answers each look at a new container for a while (%s) costs none of its lines",
    async (_what, answer) => {
      const follower = follow();
      await follower.expectAll(web);
      let answered = 0;
      peer.own = (socket, path) => {
        if (!/\/containers\/[^/]+\/json/.test(path)) return false;
        answered++;
        answer(socket);
        return undefined;
      };
      const fresh = fake.create({ name: "fresh" });
      fresh.write("first words");
      await follower.until(() => answered >= 3, "answers");
      peer.own = () => false;
      await follower.expectAll(fresh);
      expect(follower.seen("skipped")).toEqual([]);
      await follower.end();
    },
  );
});

describe("a container whose source has failed", () => {
  let isDamaged = false;

  /** Bytes that are no log come behind each opening, for as long as `isDamaged`. */
  async function failing(options: PoolOptions = {}): Promise<PoolFollower> {
    const follower = follow(options);
    if (options.discover === false) await follower.pool.attach("web", { maxLineBytes: 1_000 });
    await follower.expectAll(web);
    await follower.streaming(web);
    isDamaged = true;
    const damage = (): void => {
      if (isDamaged) web.writeRaw(Buffer.from("garbage!garbage!"));
    };
    follower.pool.on("status", (status) => {
      if (status.type === "source" && status.status.type === "opened") setImmediate(damage);
    });
    damage();
    await follower.until(() => follower.seen("detached").length > 0, "detached");
    expect(follower.seen("detached")[0]?.reason).toMatchObject({
      kind: "failed",
      error: { code: "PROTOCOL" },
    });
    for (let line = 0; line < 5; line++) web.write(`later ${line}`);
    return follower;
  }

  it.each([true, false])(
    "is followed again, with nothing lost or repeated: discover %s",
    async (discover) => {
      const follower = await failing({ discover });
      isDamaged = false;
      await follower.expectAll(web);
      web.write("and on");
      await follower.expectAll(web);
      await follower.end();
      follower.expectExactly(web);
      expect(follower.seen("attached")).toHaveLength(2);
    },
  );

  it("is tried again with growing delays, as long as that lasts", async () => {
    const follower = await failing();
    await follower.until(() => follower.seen("detached").length >= 3, "3 failures");
    const requests = fake.requests.length;
    expect(follower.seen("attached").length).toBeLessThan(8);
    isDamaged = false;
    await follower.expectAll(web);
    expect(fake.requests.length - requests).toBeLessThan(50);
    await follower.end();
  });

  it("can be detached, and is left alone then", async () => {
    const follower = await failing();
    await follower.pool.detach("web");
    isDamaged = false;
    const other = fake.create({ name: "other" });
    other.write("one");
    await follower.expectAll(other);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect([...follower.pool.sources.keys()]).toEqual([other.id]);
    await follower.end();
    expect(follower.texts(web)).toEqual(["one"]);
  });

  it("can be attached, and is followed from where it was left", async () => {
    const follower = await failing();
    isDamaged = false;
    await follower.pool.attach("web", { from: "now" });
    web.write("since the attach");
    await follower.until(() => follower.texts(web).includes("since the attach"), "followed");
    await follower.end();
    await nothingOpen(fake);
  });

  it("and that is removed meanwhile is forgotten", async () => {
    const follower = await failing();
    web.remove();
    isDamaged = false;
    const other = fake.create({ name: "web" });
    other.write("of the other one");
    await follower.expectAll(other);
    await follower.end();
    expect(follower.texts(web)).toEqual(["one"]);
  });
});

describe("a store that can't be read for a moment", () => {
  it("keeps no container from being followed", async () => {
    let failures = 3;
    class Shaky extends MemoryCheckpointStore {
      override async load(key: string): Promise<Checkpoint | undefined> {
        if (key.includes("/") && failures-- > 0) throw new Error("the database is away");
        return super.load(key);
      }
    }
    const follower = follow({ checkpoints: new Shaky() });
    await follower.expectAll(web);
    await follower.end();
    expect(follower.seen("skipped")).toEqual([]);
    follower.expectExactly(web);
  });
});

describe("events whose answer begins with the first of them, or never", () => {
  it("are made up for by lists: what there is is followed, what comes is found", async () => {
    peer.own = (_socket, path) => (path.startsWith("/events") ? undefined : false);
    const sleeps = fake.create({ name: "sleeps" });
    sleeps.write("of an earlier run");
    sleeps.stop();
    const follower = follow({ from: "now" });
    await follower.attached(web);
    expect(follower.seen("engine").map(({ state }) => state)).toEqual(["connected"]);
    expect(follower.pool.health().components["engine:default"]?.status).toBe("degraded");
    await follower.streaming(web);
    const fresh = fake.create({ name: "fresh" });
    fresh.write("first words");
    sleeps.start();
    sleeps.write("awake");
    await follower.expectAll(fresh);
    await follower.expectAll(sleeps, 1);
    web.stop();
    await follower.status(web, "stopped");
    web.start();
    web.write("again");
    await follower.until(() => follower.texts(web).includes("again"), "read again");
    fresh.rename("stale");
    await follower.status(fresh, "renamed");
    fresh.remove();
    await follower.until(() => follower.seen("detached").length === 1, "detached");
    await follower.end();
  }, 60_000);

  it.each([
    ["nothing", ""],
    ["a page", "<html>please log in</html>"],
  ])(
    "are made up for likewise where %s stands in their place, without asking again and again",
    async (_, body) => {
      let asked = 0;
      peer.own = (socket, path) => {
        if (!path.startsWith("/events")) return false;
        asked++;
        return respond(socket, 200, body);
      };
      const follower = follow();
      await follower.attached(web);
      const fresh = fake.create({ name: "fresh" });
      fresh.write("first words");
      await follower.expectAll(fresh);
      const engine = (): string | undefined =>
        follower.pool.health().components["engine:default"]?.detail;
      await eventually(() => engine()?.startsWith("its events can't be had") === true);
      expect(asked).toBeLessThan(10);
      expect(follower.seen("engine").map(({ state }) => state)).toEqual(["connected"]);
      peer.own = () => false;
      await eventually(
        () => follower.pool.health().components["engine:default"]?.status === "healthy",
      );
      await follower.end();
    },
  );

  it("that come late are taken from then on", async () => {
    const held: (() => void)[] = [];
    let isLate = true;
    peer.own = (socket, path) => {
      if (!path.startsWith("/events") || !isLate) return false;
      held.push(() => socket.destroy());
      return undefined;
    };
    const follower = follow();
    await follower.expectAll(web);
    await eventually(
      () => follower.pool.health().components["engine:default"]?.status === "degraded",
    );
    isLate = false;
    for (const cut of held) cut();
    await eventually(
      () => follower.pool.health().components["engine:default"]?.status === "healthy",
    );
    const fresh = fake.create({ name: "fresh" });
    fresh.write("one");
    await follower.expectAll(fresh);
    await follower.end();
  });
});

describe("an engine whose clock is hours away, and that answers late at first", () => {
  it.each([-7, 7])(
    "%s hours: tells what was created since the pool from what was there",
    async (hours) => {
      await using proxy = await RewritingProxy.start(fake);
      const byMs = hours * 3_600_000;
      const moved = (time: unknown): string =>
        new Date(Date.parse(String(time)) + byMs).toISOString();
      proxy.dateAheadMs = byMs;
      proxy.rewrite = (_, answer) => {
        if ("Created" in answer) return { ...answer, Created: moved(answer["Created"]) };
        return "SystemTime" in answer
          ? { ...answer, SystemTime: moved(answer["SystemTime"]) }
          : answer;
      };
      fake.outage();
      await new Promise((resolve) => setTimeout(resolve, 200));
      const follower = follow({ engine: proxy.engine, from: "now" });
      await follower.until(() => follower.seen("engine").length > 0, "disconnected");
      await new Promise((resolve) => setTimeout(resolve, 200));
      const fresh = fake.create({ name: "fresh" });
      fresh.write("first words");
      fake.restore();
      await follower.expectAll(fresh);
      await follower.streaming(web);
      web.write("two");
      await follower.expectAll(web, 1);
      await follower.end();
      follower.expectExactly(web, 1);
      expect(follower.texts(fresh)).toEqual(["first words"]);
    },
  );
});

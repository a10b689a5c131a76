import { setTimeout as after } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DockspoolError, StreamPool } from "../../../src/index.ts";
import type { PoolOptions } from "../../../src/index.ts";
import { FakeEngine } from "../../../src/testing.ts";
import type { FakeContainer } from "../../../src/testing.ts";
import { eager, eventually, nothingOpen, toLines, turns } from "../../support/fake-follow.ts";
import { asked, PoolFollower } from "../../support/pool-follow.ts";
import { sizes, twoSizes } from "../../support/size.ts";

let fake: FakeEngine;
let pools: StreamPool[];
beforeEach(async () => {
  fake = await FakeEngine.start();
  pools = [];
});
afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  await fake.close();
});

function open(options: PoolOptions = {}): StreamPool {
  const pool = new StreamPool({ engine: fake.engine, source: eager, ...options });
  pools.push(pool);
  return pool;
}

function follow(
  options: PoolOptions = {},
  visit?: ConstructorParameters<typeof PoolFollower>[1],
): PoolFollower {
  return new PoolFollower(open(options), visit);
}

function create(count: number, prefix = "c"): FakeContainer[] {
  return Array.from({ length: count }, (_, index) => fake.create({ name: `${prefix}${index}` }));
}

function eventRequests(): number {
  return fake.requests.filter(({ path }) => path.includes("/events")).length;
}

/** Does something while the engine tells nobody of it, and is listed only after it. */
async function whileEventsAreDown(act: () => void): Promise<void> {
  const before = eventRequests();
  fake.fault = ({ path }) => (path.includes("/events") ? { delayMs: 50 } : undefined);
  fake.cutEvents();
  await eventually(() => eventRequests() > before, "another request for events");
  act();
  fake.fault = undefined;
}

describe("containers that were there before the pool", () => {
  it("are read from now on by default", async () => {
    const web = fake.create({ name: "web" });
    web.write("old");
    const follower = follow();
    await follower.attached(web);
    web.write("new");
    web.write("newer", { stream: "stderr" });
    await follower.expectAll(web, 1);
    expect(follower.seen("attached").map(({ container }) => container.name)).toEqual(["web"]);
    await follower.end();
    follower.expectExactly(web, 1);
    await nothingOpen(fake);
  });

  it("have their now at their discovery, not at their first turn", async () => {
    const containers = create(12);
    for (const container of containers) container.write("old");
    const pool = open({ maxStreams: 1 });
    pool.on("status", (status) => {
      if (status.type === "attached")
        for (const line of ["one", "two"]) fake.container(status.container.name).write(line);
    });
    const follower = new PoolFollower(pool);
    await follower.attached(...containers);
    for (const container of containers) await follower.expectAll(container, 1);
    await follower.end();
    for (const container of containers) follower.expectExactly(container, 1);
    expect(follower.records).toHaveLength(24);
    expect(fake.open.maxFollows).toBe(1);
  });

  it("are read from where `from` says", async () => {
    const web = fake.create({ name: "web" });
    const timestamps = Array.from({ length: 10 }, (_, line) => `2026-01-01T00:00:0${line}.5Z`);
    for (const timestamp of timestamps) web.write(`at ${timestamp}`, { timestamp });
    const expected = [
      ["start", 0],
      ["now", 10],
      [{ tail: 3 }, 7],
      [{ tail: 100 }, 0],
      [{ tail: 0 }, 10],
      [{ since: "2026-01-01T00:00:04Z" }, 4],
      [{ since: new Date("2026-01-01T00:00:08.5Z") }, 8],
      [{ since: "2026-01-01T00:00:09.6Z" }, 10],
    ] as const;
    const followers = expected.map(([from]) => follow({ from }));
    for (const follower of followers) await follower.attached(web);
    web.write("new");
    for (const [index, [, first]] of expected.entries()) {
      await followers[index]?.expectAll(web, first);
      await followers[index]?.end();
      followers[index]?.expectExactly(web, first);
    }
  });

  it("and do not run are not followed until they start, and then from there on", async () => {
    const [web, other] = [fake.create({ name: "web" }), fake.create({ name: "other" })];
    for (const container of [web, other]) {
      container.write("of an earlier run");
      container.stop();
    }
    const follower = follow();
    await follower.discovered();
    expect(follower.pool.sources.size).toBe(0);
    expect(fake.open.follows).toBe(0);
    web.start();
    web.write("one");
    web.write("two");
    await follower.expectAll(web, 1);
    expect([...follower.pool.sources.keys()]).toEqual([web.id]);
    expect(follower.of(web)[0]).toMatchObject({ type: "opened", aligned: "first" });
    await follower.end();
    follower.expectExactly(web, 1);
  });

  it("and do not run lose nothing when they start and end within a tick, again and again", async () => {
    const web = fake.create({ name: "web" });
    web.write("of an earlier run");
    web.stop();
    const follower = follow();
    await follower.discovered();
    for (let run = 0; run < 20; run++) {
      web.start();
      web.write(`run ${run}`);
      web.stop();
      await turns(run);
    }
    await follower.expectAll(web, 1);
    web.start();
    web.write("and one more");
    await follower.expectAll(web, 1);
    await follower.end();
    follower.expectExactly(web, 1);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("and do not run are read from the start of their log by `from: start`, once they start", async () => {
    const web = fake.create({ name: "web" });
    web.write("of an earlier run");
    web.stop();
    const follower = follow({ from: "start" });
    await follower.discovered();
    expect(follower.pool.sources.size).toBe(0);
    web.start();
    web.write("one");
    await follower.expectAll(web);
    await follower.end();
    follower.expectExactly(web);
  });

  it("and do not run are forgotten when they are removed", async () => {
    const web = fake.create({ name: "web" });
    web.stop();
    const follower = follow();
    await follower.discovered();
    web.remove();
    const next = fake.create({ name: "web" });
    next.write("one");
    await follower.expectAll(next);
    await follower.end();
    expect(follower.seen("attached").map(({ container }) => container.id)).toEqual([next.id]);
  });
});

describe("containers that start later", () => {
  it("are read from their start, whatever `from` says", async () => {
    for (const from of ["now", { tail: 1 }, { since: "2100-01-01T00:00:00Z" }] as const) {
      const follower = follow({ from });
      await follower.discovered();
      const web = fake.create({ name: "web" });
      for (const line of ["one", "two", "three"]) web.write(line);
      await follower.expectAll(web);
      await follower.end();
      expect(follower.texts(web)).toEqual(["one", "two", "three"]);
      web.remove();
    }
  });

  it("are read from their start where they were created since the pool, but before its first look", async () => {
    const pool = open();
    // The engine's clock is known as well as the time that an answer takes.
    await after(200);
    const web = fake.create({ name: "web" });
    web.write("one");
    const follower = new PoolFollower(pool);
    await follower.expectAll(web);
    await follower.end();
    expect(follower.records).toHaveLength(1);
  });

  it("are read from their start where they are created while the pool looks for the first time", async () => {
    let web: FakeContainer | undefined;
    fake.fault = ({ path }) => {
      if (!path.startsWith("/containers/json") || web !== undefined) return undefined;
      web = fake.create({ name: "web" });
      web.write("one");
      return undefined;
    };
    const follower = follow();
    await follower.until(() => web !== undefined);
    if (web === undefined) throw new Error("never listed");
    await follower.expectAll(web);
    await follower.end();
    expect(follower.records).toHaveLength(1);
  });

  it("and are stopped within the same tick are read all the same", async () => {
    const follower = follow();
    await follower.discovered();
    const containers = create(20);
    for (const container of containers) {
      for (const line of ["one", "two"]) container.write(line);
      container.stop();
    }
    for (const container of containers) await follower.expectAll(container);
    for (const container of containers) await follower.status(container, "stopped");
    await eventually(() => follower.pool.stats.streamsOpen === 0, "no stream is held");
    expect(fake.open.follows).toBe(0);
    await follower.end();
  });

  it("and are gone within the same tick are told of, since nothing of them is left", async () => {
    const follower = follow();
    await follower.discovered();
    const brief = fake.create({ name: "brief" });
    brief.write("one");
    brief.stop();
    brief.remove();
    await follower.until(() => follower.seen("skipped").length > 0, "skipped");
    expect(follower.seen("skipped")).toMatchObject([
      { container: { id: brief.id, name: "brief" }, error: { code: "CONTAINER_NOT_FOUND" } },
    ]);
    await follower.end();
    expect(follower.records).toEqual([]);
    expect(follower.pool.sources.size).toBe(0);
  });

  it.each([
    ["are not among the names that are selected", { names: ["brief", "web"] }],
    ["have a name that is left out", { exclude: { names: "other*" } }],
  ])("and are gone within the same tick are not told of where they %s", async (_, select) => {
    const follower = follow({ select });
    await follower.discovered();
    for (const name of ["other-1", "other-2", "brief"]) {
      const container = fake.create({ name });
      container.write("one");
      container.stop();
      container.remove();
    }
    await follower.until(() => follower.seen("skipped").length > 0, "skipped");
    await follower.end();
    expect(follower.seen("skipped").map(({ container: { name } }) => name)).toEqual(["brief"]);
  });

  it.each([
    ["with a stream for each", 60],
    ["with a few streams", 4],
  ])("and live until theirs is open lose nothing, %s", twoSizes, async (_streams, maxStreams) => {
    const count = sizes({ short: 16, long: 60 });
    const follower = follow({ maxStreams });
    await follower.discovered();
    const living = new Map<string, FakeContainer>();
    fake.fault = ({ path }) => {
      const [, id = ""] = /\/containers\/([0-9a-f]{64})\/logs\?.*follow=1/.exec(path) ?? [];
      const container = living.get(id);
      if (container === undefined) return undefined;
      living.delete(id);
      // Right behind its answer.
      queueMicrotask(() => {
        container.write("last", { stream: "stderr" });
        container.remove();
      });
      return undefined;
    };
    const containers = Array.from({ length: count }, (_, index) => {
      const container = fake.create({ name: `job${index}` });
      container.write("first");
      living.set(container.id, container);
      return container;
    });
    for (const container of containers) await follower.expectAll(container);
    await follower.until(() => follower.seen("detached").length === count, "all detached");
    const cut = new Set<string>();
    for (const { reason, container } of follower.seen("detached")) {
      // A turn that is given up for another may end just before the log does.
      const complete = maxStreams === 60 ? true : (expect.any(Boolean) as boolean);
      expect(reason).toEqual({ kind: "removed", complete });
      if (reason.kind === "removed" && !reason.complete) cut.add(container.id);
    }
    await follower.end();
    for (const container of containers) {
      if (cut.has(container.id)) expect(follower.lines(container)[0]?.line).toBe("first");
      else follower.expectExactly(container);
    }
    expect(follower.seen("skipped")).toEqual([]);
    expect(fake.open.maxFollows).toBeLessThanOrEqual(maxStreams);
  });

  it(
    "and live for milliseconds are read, or it is told what may be missing of them",
    twoSizes,
    async () => {
      const follower = follow();
      await follower.discovered();
      const containers: FakeContainer[] = [];
      for (let life = 0; life < sizes({ short: 30, long: 80 }); life++) {
        const container = fake.create({ name: `brief${life}` });
        containers.push(container);
        container.write("one");
        await turns(life % 20);
        container.write("two");
        await turns(life % 7);
        container.remove();
      }
      const isOver = ({ id }: FakeContainer): boolean =>
        [...follower.seen("detached"), ...follower.seen("skipped")].some(
          (status) => status.container.id === id,
        );
      await follower.until(() => containers.every(isOver), "the end of all");
      await follower.end();
      for (const container of containers) {
        const ended = follower
          .seen("detached")
          .find(({ container: { id } }) => id === container.id);
        const lines = follower.lines(container);
        const written = toLines(container.written);
        expect(lines).toEqual(written.slice(0, lines.length));
        if (ended === undefined) expect(lines).toEqual([]);
        else if (lines.length < written.length)
          expect(ended.reason).toEqual({ kind: "removed", complete: false });
      }
    },
  );
});

describe("a container that restarts", () => {
  it("keeps its source, and loses nothing", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    const follower = follow({ from: "start" });
    await follower.expectAll(web);
    const source = follower.source(web);
    for (let run = 1; run <= 10; run++) {
      web.write(`last words of run ${run}`);
      web.stop();
      await turns(run);
      web.start();
      web.write(`first words of run ${run + 1}`);
      if (run % 3 === 0) await follower.expectAll(web);
    }
    await follower.expectAll(web);
    expect(follower.source(web)).toBe(source);
    expect(follower.seen("attached")).toHaveLength(1);
    await follower.end();
    follower.expectExactly(web);
  });

  it("holds no stream while it is stopped", async () => {
    const [web, db] = [fake.create({ name: "web" }), fake.create({ name: "db" })];
    const follower = follow({ maxStreams: 1 });
    await follower.attached(web, db);
    for (const container of [web, db]) container.stop();
    for (const container of [web, db]) await follower.status(container, "stopped");
    await eventually(() => follower.pool.stats.streamsOpen === 0);
    expect(follower.pool.stats).toMatchObject({ containers: 2, streamsOpen: 0, streamsWaiting: 0 });
    expect(fake.open).toMatchObject({ follows: 0, reads: 0 });
    for (const container of [web, db]) {
      container.start();
      container.write("again");
    }
    for (const container of [web, db]) await follower.expectAll(container);
    await follower.end();
  });
});

describe("a container that is created anew with the same name", () => {
  it("has a new source, and the old one's last lines come first", async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const old = fake.create({ name: "web" });
    for (let line = 0; line < 3_000; line++) old.write(`old ${line}`);
    const follower = follow({ from: "start" }, (_, index) => (index === 0 ? released : undefined));
    await follower.until(() => follower.records.length === 1);
    const before = follower.source(old);
    old.write("last");
    old.remove();
    const next = fake.create({ name: "web" });
    for (let line = 0; line < 3_000; line++) next.write(`new ${line}`);
    await follower.attached(next);
    expect(follower.source(next)).not.toBe(before);
    release();
    await follower.expectAll(old);
    await follower.expectAll(next);
    await follower.end();
    const lastOld = follower.records.findLastIndex(({ container }) => container.id === old.id);
    const firstNew = follower.records.findIndex(({ container }) => container.id === next.id);
    expect(lastOld).toBeLessThan(firstNew);
    expect(await before.ended).toEqual({ kind: "removed", complete: true });
  });

  it("does not hold up the old one's lines, nor its own, where there is little memory", async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const old = fake.create({ name: "web" });
    for (let line = 0; line < 20_000; line++) old.write(`old ${line} ${"x".repeat(50)}`);
    const follower = follow({ from: "start", bufferBytes: 1_000 }, (_, index) =>
      index === 0 ? released : undefined,
    );
    await follower.until(() => follower.records.length === 1);
    const next = fake.create({ name: "after" });
    for (let line = 0; line < 3_000; line++) next.write(`new ${line}`);
    await follower.attached(next);
    // Nobody reads, and there is room for neither.
    old.remove();
    next.rename("web");
    const last = fake.create({ name: "after" });
    last.write("only");
    await follower.attached(last);
    release();
    await follower.expectAll(next);
    await follower.expectAll(last);
    const [gone] = follower.seen("detached");
    const lines = follower.lines(old);
    expect(lines).toEqual(toLines(old.written).slice(0, lines.length));
    expect(gone?.reason).toEqual({ kind: "removed", complete: lines.length === 20_000 });
    await follower.end();
  });

  it("waits for no more than the old one's lines: others come meanwhile", async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const [old, other] = [fake.create({ name: "web" }), fake.create({ name: "other" })];
    for (let line = 0; line < 10_000; line++) old.write(`old ${line} ${"x".repeat(50)}`);
    const follower = follow({ from: "start", bufferBytes: 10_000 }, (_, index) =>
      index === 0 ? released : undefined,
    );
    await follower.until(() => follower.records.length === 1);
    // Stopped, and its name taken by another, before it was read to its end.
    old.stop();
    old.rename("web-old");
    const next = fake.create({ name: "web" });
    for (let line = 0; line < 3_000; line++) next.write(`new ${line}`);
    await follower.attached(next);
    other.write("meanwhile");
    release();
    await follower.expectAll(other);
    await follower.expectAll(next);
    await follower.expectAll(old);
    await follower.end();
    for (const container of [old, next, other]) follower.expectExactly(container);
    expect(follower.records).toHaveLength(13_001);
  });
});

describe("a container that is renamed", () => {
  it("is told of, and its later records have the new name", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    const follower = follow({ from: "start" });
    await follower.expectAll(web);
    web.rename("www");
    expect(await follower.status(web, "renamed")).toEqual({
      type: "renamed",
      from: "web",
      to: "www",
    });
    web.write("two");
    await follower.expectAll(web);
    expect(follower.records.map(({ container }) => container.name)).toEqual(["web", "www"]);
    expect(follower.source(web).info?.name).toBe("www");
    expect(follower.seen("source").at(-1)?.container.name).toBe("www");
    expect(follower.seen("attached")).toHaveLength(1);
    await follower.end();
  });

  it("gives its name up to another one", async () => {
    const blue = fake.create({ name: "web" });
    const follower = follow();
    await follower.attached(blue);
    blue.rename("web-old");
    const green = fake.create({ name: "web" });
    green.write("of green");
    blue.write("of blue");
    await follower.expectAll(green);
    await follower.expectAll(blue);
    const names = new Map(follower.records.map(({ line, container }) => [line, container.name]));
    expect(names).toEqual(
      new Map([
        ["of green", "web"],
        ["of blue", "web-old"],
      ]),
    );
    await follower.end();
  });

  it("while the events are down is known by its new name afterwards", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow();
    await follower.streaming(web);
    await whileEventsAreDown(() => web.rename("www"));
    await follower.status(web, "renamed");
    web.write("one");
    await follower.expectAll(web);
    expect(follower.records[0]?.container.name).toBe("www");
    await follower.end();
  });
});

describe("events that are lost", () => {
  it("hide nothing: what starts, stops, restarts, is created or removed meanwhile is found", async () => {
    const [stays, stops, restarts, goes, old] = ["stays", "stops", "restarts", "goes", "old"].map(
      (name) => fake.create({ name }),
    );
    const sleeps = fake.create({ name: "sleeps" });
    sleeps.write("of an earlier run");
    sleeps.stop();
    if (!stays || !stops || !restarts || !goes || !old) throw new Error("not created");
    const follower = follow();
    await follower.streaming(stays, stops, restarts, goes, old);
    await follower.discovered();
    const created: FakeContainer[] = [];
    await whileEventsAreDown(() => {
      stays.write("still here");
      stops.write("last words");
      stops.stop();
      restarts.write("before");
      restarts.restart();
      restarts.write("after");
      goes.write("gone");
      goes.remove();
      old.write("old");
      old.remove();
      sleeps.start();
      sleeps.write("awake");
      for (const name of ["old", "fresh", "brief"]) {
        const container = fake.create({ name });
        container.write("one");
        created.push(container);
      }
      fake.container("brief").stop();
    });
    for (const container of [stays, stops, restarts, goes, old, ...created])
      await follower.expectAll(container);
    await follower.expectAll(sleeps, 1);
    for (const container of [stays, stops, restarts, sleeps, ...created]) {
      container.start();
      container.write("later");
    }
    for (const container of [stays, stops, restarts, ...created])
      await follower.expectAll(container);
    await follower.expectAll(sleeps, 1);
    await follower.until(() => follower.seen("detached").length >= 2, "both are detached");
    const ended = follower.seen("detached").map(({ container }) => container.id);
    expect(new Set(ended)).toEqual(new Set([goes.id, old.id]));
    await follower.end();
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
    // An engine that answers is there, whatever becomes of one connection.
    expect(follower.seen("engine").map(({ state }) => state)).toEqual(["connected"]);
  });

  it("at whatever moment of a container's life they are, cost no line", async () => {
    const follower = follow();
    await follower.discovered();
    const lives = ["create", "one", "stop", "start", "two", "restart", "three", "stop", "start"];
    const containers: FakeContainer[] = [];
    for (let cutBefore = 0; cutBefore <= lives.length; cutBefore++) {
      for (const pause of [0, 1, 4]) {
        let container: FakeContainer | undefined;
        for (const [step, act] of lives.entries()) {
          if (step === cutBefore) fake.cutEvents();
          if (act === "create") container = fake.create({ name: `c${cutBefore}-${pause}` });
          else if (act === "stop") container?.stop();
          else if (act === "start") container?.start();
          else if (act === "restart") container?.restart();
          else container?.write(act);
          await turns(pause);
        }
        if (cutBefore === lives.length) fake.cutEvents();
        if (container === undefined) throw new Error("not created");
        container.write("four", { stream: "stderr" });
        containers.push(container);
      }
    }
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(follower.seen("attached")).toHaveLength(containers.length);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("and can't be had at all (a proxy forbids them) are made up for by looks", async () => {
    fake.fault = ({ path }) => (path.includes("/events") ? { status: 403 } : undefined);
    const web = fake.create({ name: "web" });
    const sleeps = fake.create({ name: "sleeps" });
    sleeps.write("of an earlier run");
    sleeps.stop();
    const follower = follow();
    await follower.attached(web);
    await follower.discovered();
    const fresh = fake.create({ name: "fresh" });
    for (const container of [web, fresh]) {
      container.write("one");
      container.restart();
      container.write("two");
      container.stop();
    }
    sleeps.start();
    sleeps.write("awake");
    await follower.expectAll(web);
    await follower.expectAll(fresh);
    await follower.expectAll(sleeps, 1);
    web.start();
    web.write("three");
    await follower.expectAll(web);
    fresh.remove();
    await follower.until(() => follower.seen("detached").length === 1, "detached");
    await follower.end();
    expect(follower.seen("engine").map(({ state }) => state)).toEqual(["connected"]);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  }, 60_000);
});

describe("an engine that can't be reached", () => {
  it("at the start is waited for", async () => {
    const old = fake.create({ name: "old" });
    old.write("before the pool");
    fake.outage();
    const follower = follow();
    await follower.until(() => follower.seen("engine").length === 1, "disconnected");
    expect(follower.seen("engine")[0]).toMatchObject({ engine: "default", state: "disconnected" });
    expect(DockspoolError.is(follower.seen("engine")[0]?.error, "ENGINE_UNREACHABLE")).toBe(true);
    // The engine's clock is known as well as the time that an answer takes.
    await after(200);
    const fresh = fake.create({ name: "fresh" });
    fresh.write("created since the pool");
    fake.restore();
    await follower.attached(old, fresh);
    old.write("since its discovery");
    await follower.expectAll(old, 1);
    await follower.expectAll(fresh);
    await follower.end();
    expect(follower.seen("engine").map(({ state }) => state)).toEqual([
      "disconnected",
      "connected",
    ]);
    await nothingOpen(fake);
  });

  it("for a while costs nothing of what runs, starts, stops or is created then", async () => {
    const [web, stops, sleeps] = ["web", "stops", "sleeps"].map((name) => fake.create({ name }));
    if (!web || !stops || !sleeps) throw new Error("not created");
    sleeps.stop();
    const follower = follow();
    await follower.streaming(web, stops);
    await follower.discovered();
    const created: FakeContainer[] = [];
    for (let outage = 1; outage <= 4; outage++) {
      fake.outage();
      await follower.until(
        () => follower.seen("engine").length === 2 * outage,
        `disconnected ${outage}`,
      );
      for (const container of [web, stops]) container.write(`during outage ${outage}`);
      stops.restart();
      stops.write("and on");
      stops.stop();
      sleeps.start();
      sleeps.write(`run ${outage}`);
      sleeps.stop();
      const fresh = fake.create({ name: `fresh${outage}` });
      created.push(fresh);
      fresh.write("one");
      if (outage % 2 === 0) fresh.stop();
      fake.restore();
      await follower.until(
        () => follower.seen("engine").length === 2 * outage + 1,
        `connected ${outage}`,
      );
      stops.start();
      stops.write("up again");
      for (const container of [web, stops, sleeps, ...created]) await follower.expectAll(container);
    }
    await follower.end();
    for (const container of [web, stops, sleeps, ...created]) follower.expectExactly(container);
    expect(follower.seen("engine").map(({ state }) => state)).toEqual([
      "connected",
      ...Array.from({ length: 4 }, () => ["disconnected", "connected"]).flat(),
    ]);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  }, 60_000);

  it("takes removed containers with it, and says that their end may be missing", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow();
    await follower.streaming(web);
    fake.outage();
    await follower.until(() => follower.seen("engine").length === 2, "disconnected");
    web.write("nobody can read this");
    web.remove();
    fake.restore();
    await follower.until(() => follower.seen("detached").length === 1, "detached");
    expect(follower.seen("detached")[0]?.reason).toEqual({ kind: "removed", complete: false });
    expect(follower.pool.sources.size).toBe(0);
    await follower.end();
  });
});

describe("many containers found at once", twoSizes, () => {
  const count = sizes({ short: 60, long: 1_000 });

  it("are looked at a few at a time", async () => {
    create(count);
    let most = 0;
    fake.fault = ({ path }) => {
      most = Math.max(most, fake.open.sockets);
      return path.endsWith("/json") ? { delayMs: 2 } : undefined;
    };
    const follower = follow({ select: () => false });
    await follower.discovered();
    await follower.end();
    // Eight questions and the events; a socket counts until the engine has seen it close.
    expect(most).toBeLessThanOrEqual(8 + 1 + 4);
    const looks = fake.requests.filter(({ path }) => path.endsWith("/json"));
    expect(new Set(looks.map(({ path }) => path)).size).toBe(count);
    expect(looks).toHaveLength(count);
  });

  it("are read over a few sockets", async () => {
    const maxStreams = 20;
    const containers = create(count);
    for (const container of containers) container.write("one");
    let most = 0;
    fake.fault = ({ path }) => {
      most = Math.max(most, fake.open.sockets);
      return path.endsWith("/json") ? { delayMs: 2 } : undefined;
    };
    const follower = follow({ from: "start", maxStreams });
    await follower.attached(...containers);
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(most).toBeLessThanOrEqual(maxStreams + 8 + 1 + 10);
    expect(fake.open.maxFollows).toBeLessThanOrEqual(maxStreams);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });
});

describe("without `discover`", () => {
  it("nothing is followed that was not asked for", async () => {
    const [web, db] = [fake.create({ name: "web" }), fake.create({ name: "db" })];
    const follower = follow({ discover: false });
    await follower.discovered();
    const later = fake.create({ name: "later" });
    await follower.pool.attach("web");
    await follower.pool.attach("later", { from: "now" });
    for (const container of [web, db, later]) container.write("one");
    db.restart();
    later.restart();
    later.write("two");
    await follower.expectAll(web);
    await follower.expectAll(later);
    expect([...follower.pool.sources.keys()].toSorted()).toEqual([web.id, later.id].toSorted());
    await follower.end();
    expect(fake.requests.filter(({ path }) => path.startsWith("/containers/json"))).toEqual([]);
    expect(asked(fake, db, "json")).toBe(0);
  });
});

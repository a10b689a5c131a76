import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StreamPool } from "../../src/index.ts";
import type { LogRecord, PoolOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, eventually, failure, nothingOpen, toLines, turns } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";
import { sizes, twoSizes } from "../support/size.ts";

let fake: FakeEngine;
let pools: StreamPool[];
/** What nobody must see, whatever a test does. */
let warnings: Error[];
let unhandled: unknown[];
const onWarning = (warning: Error): void => void warnings.push(warning);
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);

beforeEach(async () => {
  [warnings, unhandled] = [[], []];
  process.on("warning", onWarning);
  process.on("unhandledRejection", onUnhandled);
  fake = await FakeEngine.start();
  pools = [];
});
afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  await fake.close();
  await turns(2);
  process.off("warning", onWarning);
  process.off("unhandledRejection", onUnhandled);
  const seen = [...warnings, ...unhandled];
  if (seen.length > 0) throw new AggregateError(seen, "Nobody was to see these.");
});

function open(options: PoolOptions = {}): StreamPool {
  const pool = new StreamPool({ engine: fake.engine, source: eager, from: "start", ...options });
  pools.push(pool);
  return pool;
}

function follow(
  options: PoolOptions = {},
  visit?: ConstructorParameters<typeof PoolFollower>[1],
): PoolFollower {
  return new PoolFollower(open(options), visit);
}

function create(count: number, lines = 1, prefix = "c"): FakeContainer[] {
  return Array.from({ length: count }, (_, index) => {
    const container = fake.create({ name: `${prefix}${index}` });
    for (let line = 0; line < lines; line++)
      container.write(`line ${line}`, { stream: line % 3 === 2 ? "stderr" : "stdout" });
    return container;
  });
}

/** Nothing of the pool is left, here or at the engine. */
async function nothingLeft(pool: StreamPool): Promise<void> {
  await nothingOpen(fake);
  await eventually(() => pool.stats.sockets === 0 && pool.stats.tasks === 0, "no socket, no task");
  expect(pool.sources.size).toBe(0);
  expect(pool.stats).toMatchObject({
    containers: 0,
    streamsOpen: 0,
    streamsWaiting: 0,
    tasks: 0,
    sockets: 0,
  });
}

/** A promise that its owner settles. */
function gate(): { opened: Promise<void>; open: () => void } {
  let release = (): void => {};
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { opened, open: () => release() };
}

/** What came of each container is the beginning of what it wrote. */
function expectBeginnings(follower: PoolFollower, containers: readonly FakeContainer[]): void {
  for (const container of containers) {
    const lines = follower.lines(container);
    expect(lines).toEqual(toLines(container.written).slice(0, lines.length));
  }
}

function handles(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function processListeners(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
}

describe("close()", () => {
  it("lets all lines come that were read, and then the loop ends", async () => {
    const containers = create(5, 40);
    const held = gate();
    const follower = follow({}, () => held.opened);
    await follower.until(() => follower.pool.stats.lines === 200, "all are read");
    const closing = follower.pool.close();
    for (const container of containers) container.write("unseen");
    await closing;
    expect(follower.records).toHaveLength(1);
    await nothingLeft(follower.pool);
    held.open();
    await follower.done;
    expect(follower.error).toBeUndefined();
    for (const container of containers)
      expect(follower.lines(container)).toEqual(toLines(container.written).slice(0, 40));
    expect(follower.pool.stats.bufferedBytes).toBe(0);
  });

  it("lets them come in batches as well", async () => {
    const containers = create(3, 40);
    const pool = open();
    const batches: LogRecord[] = [];
    for await (const batch of pool.batches()) {
      batches.push(...batch);
      if (batches.length !== batch.length) continue;
      await eventually(() => pool.stats.lines === 120, "all are read");
      await pool.close();
    }
    for (const { id, written } of containers)
      expect(toLines(batches.filter(({ container }) => container.id === id))).toEqual(
        toLines(written),
      );
    await nothingLeft(pool);
  });

  it("lets those come that are held back by `order`", async () => {
    const containers = create(3, 40);
    const follower = follow({ order: { byTimestamp: true, latenessMs: 3_600_000 } });
    // It writes nothing, so that each line of the others may have to wait for one of its.
    fake.create({ name: "quiet" });
    await follower.until(() => follower.pool.stats.lines === 120, "all are read");
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(follower.records).toHaveLength(120);
    await nothingLeft(follower.pool);
  });

  it("can be awaited from inside the loop, which ends after what was read", async () => {
    const containers = create(4, 25);
    const follower = follow({}, async (_, index) => {
      if (index !== 7) return;
      await eventually(() => follower.pool.stats.lines === 100, "all are read");
      await follower.pool.close();
    });
    await follower.done;
    expect(follower.error).toBeUndefined();
    for (const container of containers) follower.expectExactly(container);
    await nothingLeft(follower.pool);
  });

  it("is idempotent, whoever calls it and when", async () => {
    create(3);
    const follower = follow();
    await follower.until(() => follower.records.length === 3, "3 records");
    await Promise.all(Array.from({ length: 10 }, () => follower.pool.close()));
    await follower.pool.close();
    await follower.pool[Symbol.asyncDispose]();
    await follower.done;
    expect(follower.seen("detached")).toHaveLength(3);
    for (const { reason } of follower.seen("detached")) expect(reason).toEqual({ kind: "closed" });
    await nothingLeft(follower.pool);
  });

  it("of a pool that was never iterated leaves nothing, and a later loop is over at once", async () => {
    create(2);
    const idle = open();
    await idle.close();
    for await (const record of idle) expect(record).toBeUndefined();
    expect(fake.requests).toEqual([]);
    await failure(idle.attach("c0"), "CLOSED");

    const begun = open();
    await begun.attach("c0");
    await eventually(() => begun.stats.lines === 2, "both are discovered and read");
    await begun.close();
    await nothingLeft(begun);
    const records: LogRecord[] = [];
    for await (const record of begun) records.push(record);
    expect(records.map(({ container }) => container.name).toSorted()).toEqual(["c0", "c1"]);
  });

  it("at any moment of the beginning ends all that has begun", async () => {
    create(10);
    for (let moment = 0; moment < 30; moment++) {
      const follower = follow({ maxStreams: 3 });
      await turns(moment);
      await follower.end();
      await nothingLeft(follower.pool);
      expect(follower.seen("detached")).toHaveLength(follower.seen("attached").length);
    }
  });

  it(
    "just when a container that waited was given its turn opens nothing any more",
    twoSizes,
    async () => {
      const containers = create(3);
      for (const act of ["detach", "close"] as const) {
        for (let ticks = 0; ticks < sizes({ short: 8, long: 16 }); ticks++) {
          const source = { ...eager, rotateTimeoutMs: 300 };
          const follower = follow({ maxStreams: 1, timeSliceMs: 3_600_000, source });
          for (const container of containers) await follower.expectAll(container);
          await follower.until(() => follower.pool.stats.streamsWaiting === 2, "2 wait");
          const { pool } = follower;
          const holder = [...pool.sources.values()].find(({ stats }) => stats.state !== "waiting");
          let ending: Promise<unknown> | undefined;
          pool.on("status", ({ type }) => {
            if (type !== "detached" || ending !== undefined) return;
            ending = (async () => {
              for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
              const waiting = [...pool.sources.keys()];
              if (act === "close") await pool.close();
              else await Promise.all(waiting.map((id) => pool.detach(id)));
            })();
          });
          await pool.detach(holder?.container ?? "");
          expect(ending).toBeDefined();
          await ending;
          await follower.end();
          for (const container of containers) follower.expectExactly(container);
          await nothingLeft(pool);
        }
      }
    },
  );

  it("settles in an outage", async () => {
    const containers = create(10);
    const follower = follow();
    await follower.streaming(...containers);
    for (const container of containers) await follower.expectAll(container);
    fake.outage();
    await follower.until(
      () => follower.seen("engine").at(-1)?.state === "disconnected",
      "the outage",
    );
    await follower.end();
    fake.restore();
    await nothingLeft(follower.pool);
    for (const container of containers) follower.expectExactly(container);
    expect(follower.seen("detached")).toHaveLength(10);
  });

  it("settles where the engine was never there", async () => {
    fake.outage();
    const follower = follow();
    await follower.until(() => follower.seen("engine").length > 0, "disconnected");
    expect(follower.seen("engine")).toMatchObject([{ engine: "default", state: "disconnected" }]);
    await follower.end();
    fake.restore();
    await nothingLeft(follower.pool);
  });

  it("settles while the engine takes requests of any kind and never answers", async () => {
    create(20);
    for (const silent of ["/events", "/containers/json", "/json", "/logs", "/"]) {
      fake.fault = ({ path }) => (path.includes(silent) ? { withholdHeaders: true } : undefined);
      const before = fake.requests.length;
      const follower = follow();
      const isAsked = (): boolean =>
        fake.requests.slice(before).some(({ path }) => path.includes(silent));
      await eventually(isAsked, `a request for ${silent}`);
      await turns(3);
      await follower.end();
      await nothingLeft(follower.pool);
    }
  });

  it("settles while thousands of lines wait for a consumer that holds everything up", async () => {
    const containers = create(20, 300);
    const held = gate();
    const follower = follow({ maxStreams: 3, bufferBytes: 1_000 }, () => held.opened);
    await eventually(() => follower.pool.stats.bufferedBytes >= 1_000, "the buffer is full");
    await follower.pool.close();
    await nothingLeft(follower.pool);
    held.open();
    await follower.done;
    expectBeginnings(follower, containers);
    expect(follower.records).toHaveLength(follower.pool.stats.lines);
    expect(follower.pool.stats.bufferedBytes).toBe(0);
  });

  it(
    "of many containers over fifty streams settles and gives everything back",
    twoSizes,
    async () => {
      const count = sizes({ short: 75, long: 700 });
      const containers = create(count);
      const follower = follow({ maxStreams: 50, timeSliceMs: 10 });
      await follower.attached(...containers);
      expect(follower.pool.stats.containers).toBe(count);
      await follower.end();
      await nothingLeft(follower.pool);
      expect(follower.seen("detached")).toHaveLength(count);
      expectBeginnings(follower, containers);
      expect(fake.open.maxFollows).toBeLessThanOrEqual(50);
      expect(follower.pool.listenerCount("status")).toBe(1);
    },
  );

  it("names a task of the caller's that does not end, and the pool has ended all the same", async () => {
    const containers = create(4, 10);
    const held = gate();
    const deaf = gate();
    const follower = follow({ source: { ...eager, rotateTimeoutMs: 300 } }, () => held.opened);
    await follower.streaming(...containers);
    await follower.until(() => follower.pool.stats.lines === 40, "all are read");
    const [web] = containers;
    if (web === undefined) throw new Error("none");
    void follower.source(web).tasks.run("deaf", () => deaf.opened);
    const error = await failure(follower.pool.close(), "TASKS_STILL_RUNNING");
    pools = [];
    expect(error.message).toContain("deaf");
    held.open();
    await follower.done;
    expect(follower.error).toBeUndefined();
    for (const container of containers) follower.expectExactly(container);
    await nothingOpen(fake);
    expect(follower.pool.sources.size).toBe(0);
    deaf.open();
  });
});

describe("leaving the loop", () => {
  it("by break closes the pool before the loop is left", async () => {
    const containers = create(5, 10);
    const follower = follow({}, (_, index) => (index === 12 ? "break" : undefined));
    await follower.done;
    expect(follower.error).toBeUndefined();
    expect(follower.records).toHaveLength(13);
    expectBeginnings(follower, containers);
    expect(follower.pool.sources.size).toBe(0);
    await failure(follower.pool.attach("c0"), "CLOSED");
    await nothingLeft(follower.pool);
  });

  it("by a throw closes the pool, and the error is the caller's", async () => {
    const containers = create(5, 10);
    const error = new Error("of the caller's");
    const follower = follow({}, (_, index) => {
      if (index === 3) throw error;
    });
    await follower.done;
    expect(follower.error).toBe(error);
    expect(follower.records).toHaveLength(4);
    expectBeginnings(follower, containers);
    await nothingLeft(follower.pool);
  });

  it("in an outage closes it as well", async () => {
    const containers = create(5, 10);
    const follower = follow({}, async (_, index) => {
      if (index !== 0) return undefined;
      await eventually(() => follower.pool.stats.lines === 50, "all are read");
      fake.outage();
      await follower.until(() => follower.seen("engine").at(-1)?.state === "disconnected");
      return "break";
    });
    await follower.done;
    expectBeginnings(follower, containers);
    fake.restore();
    await nothingLeft(follower.pool);
  });

  it("of batches closes it as well", async () => {
    create(2, 10);
    const pool = open();
    for await (const batch of pool.batches()) {
      expect(batch.length).toBeGreaterThan(0);
      break;
    }
    await nothingLeft(pool);
  });

  it("of an `await using` block closes it", async () => {
    create(3);
    let kept: StreamPool | undefined;
    {
      await using pool = open();
      kept = pool;
      await pool.attach("c0");
      await eventually(() => pool.stats.lines === 3, "all are discovered and read");
    }
    await nothingLeft(kept);
    await failure(kept.attach("c0"), "CLOSED");
  });

  it("and iterating again is refused", async () => {
    create(1);
    const follower = follow();
    await follower.until(() => follower.records.length === 1, "a record");
    const error = await failure(
      (async () => {
        for await (const record of follower.pool) expect(record).toBeUndefined();
      })(),
      "ALREADY_CONSUMED",
    );
    expect(error.message).toContain("pool");
    await follower.end();
  });
});

describe("the signal", () => {
  const reason = new Error("of the caller's");

  it("makes the loop throw its reason, without the lines that were not taken", async () => {
    const containers = create(5, 10);
    const controller = new AbortController();
    const follower = follow({ signal: controller.signal }, async (_, index) => {
      if (index !== 5) return;
      await eventually(() => follower.pool.stats.lines === 50, "all are read");
      controller.abort(reason);
    });
    await follower.done;
    expect(follower.error).toBe(reason);
    expect(follower.records).toHaveLength(6);
    expectBeginnings(follower, containers);
    await nothingLeft(follower.pool);
    expect(follower.pool.stats.bufferedBytes).toBe(0);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    await follower.pool.close();
  });

  it("throws from a loop that waits, before its first line and after some", async () => {
    const controllers = [new AbortController(), new AbortController()] as const;
    const quiet = follow({ signal: controllers[0].signal });
    await quiet.discovered();
    controllers[0].abort(reason);
    await quiet.done;
    expect(quiet.error).toBe(reason);
    expect(quiet.records).toEqual([]);
    const [web] = create(1, 3);
    if (web === undefined) throw new Error("none");
    const later = follow({ signal: controllers[1].signal });
    await later.expectAll(web);
    controllers[1].abort(reason);
    await later.done;
    expect(later.error).toBe(reason);
    for (const { pool } of [quiet, later]) await nothingLeft(pool);
  });

  it("throws where it aborts while the engine is down, or never answers", async () => {
    create(3);
    const [down, silent] = [new AbortController(), new AbortController()];
    fake.outage();
    const follower = follow({ signal: down.signal });
    await follower.until(() => follower.seen("engine").length > 0, "disconnected");
    down.abort(reason);
    await follower.done;
    expect(follower.error).toBe(reason);
    fake.restore();
    fake.fault = () => ({ withholdHeaders: true });
    const waiting = follow({ signal: silent.signal });
    await eventually(() => fake.requests.length > 0, "a request");
    silent.abort(reason);
    await waiting.done;
    expect(waiting.error).toBe(reason);
    for (const { pool } of [follower, waiting]) await nothingLeft(pool);
  });

  it("that has aborted before the loop, or before the pool, makes the loop throw and asks nobody", async () => {
    create(3);
    const controller = new AbortController();
    const before = open({ signal: controller.signal });
    controller.abort(reason);
    const after = open({ signal: controller.signal });
    for (const pool of [before, after]) {
      const follower = new PoolFollower(pool);
      await follower.done;
      expect(follower.error).toBe(reason);
      expect(follower.records).toEqual([]);
      await failure(pool.attach("c0"), "CLOSED");
      await pool.close();
      await nothingLeft(pool);
    }
    expect(fake.requests).toEqual([]);
  });

  it("does nothing more once the pool is closed", async () => {
    create(1, 3);
    const controller = new AbortController();
    const follower = follow({ signal: controller.signal });
    await follower.until(() => follower.records.length === 3, "3 records");
    await follower.end();
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    controller.abort(reason);
    expect(follower.error).toBeUndefined();
  });

  it("shared by twelve pools with many containers ends all, with one listener and no warning", async () => {
    const containers = create(6, 2);
    const controller = new AbortController();
    // More than ten listeners would be a warning of Node's.
    const followers = Array.from({ length: 12 }, () =>
      follow({ signal: controller.signal, maxStreams: 4, timeSliceMs: 10 }),
    );
    for (const follower of followers)
      await follower.until(() => follower.records.length >= 12, "all lines");
    expect(getEventListeners(controller.signal, "abort").length).toBeLessThanOrEqual(1);
    controller.abort(reason);
    for (const follower of followers) {
      await follower.done;
      expect(follower.error).toBe(reason);
      for (const container of containers) follower.expectExactly(container);
    }
    for (const { pool } of followers) await nothingLeft(pool);
    expect(warnings).toEqual([]);
  });
});

describe("what a pool leaves behind", () => {
  it("no listeners: they do not grow with containers or rotations", twoSizes, async () => {
    const each = sizes({ short: 6, long: 20 });
    const controller = new AbortController();
    const before = processListeners();
    const follower = follow({ signal: controller.signal, rotation: false });
    await follower.discovered();
    const samples: (readonly number[])[] = [];
    for (let round = 0; round < 4; round++) {
      const containers = create(each, 1, `r${round}c`);
      for (const container of containers) await follower.expectAll(container);
      await follower.pool.rotate();
      for (const container of containers) container.write("after a rotation");
      for (const container of containers) await follower.expectAll(container);
      const emitters = [...follower.pool.sources.values()].map((source) =>
        source.eventNames().reduce((sum, name) => sum + source.listenerCount(name), 0),
      );
      samples.push([
        follower.pool.listenerCount("status"),
        Math.max(...emitters),
        processListeners(),
        getEventListeners(controller.signal, "abort").length,
      ]);
    }
    expect(follower.pool.stats.containers).toBe(4 * each);
    // A pool hears of its sources without a listener.
    for (const sample of samples) expect(sample).toEqual([1, 0, before, 1]);
    await follower.end();
    expect(processListeners()).toBe(before);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  it("no handles: those of the process are as before after many pools", twoSizes, async () => {
    const containers = create(10, 5);
    const before = handles();
    for (let round = 0; round < sizes({ short: 5, long: 20 }); round++) {
      const follower = follow({ maxStreams: 1 + (round % 12) });
      for (const container of containers) await follower.expectAll(container);
      if (round % 3 === 0) await follower.pool.rotate();
      await follower.end();
      for (const container of containers) follower.expectExactly(container);
    }
    await nothingOpen(fake);
    await eventually(
      () => Object.entries(handles()).every(([name, count]) => count <= (before[name] ?? 0)),
      `handles as before, ${JSON.stringify(before)}`,
    );
  });

  it(
    "no warning: an outage in the middle of many openings, and of many waits",
    twoSizes,
    async () => {
      const containers = create(sizes({ short: 36, long: 60 }), 3);
      fake.fault = ({ path }) => (path.includes("/logs") ? { delayMs: 20 } : undefined);
      const follower = follow();
      for (let round = 0; round < sizes({ short: 2, long: 5 }); round++) {
        await eventually(() => fake.open.follows > 20, "many openings under way");
        fake.outage();
        await eventually(
          () => follower.seen("engine").at(-1)?.state === "disconnected",
          "disconnected",
        );
        fake.restore();
        await follower.until(
          () => follower.seen("engine").at(-1)?.state === "connected",
          "connected",
        );
      }
      fake.fault = undefined;
      for (const container of containers) await follower.expectAll(container);
      await follower.end();
      for (const container of containers) follower.expectExactly(container);
      await nothingLeft(follower.pool);
    },
  );
});

describe("a listener of statuses that throws", () => {
  it("loses no lines and ends nothing; a warning tells of it", async () => {
    const emitted = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    try {
      const containers = create(6, 10);
      const pool = open({ maxStreams: 2, timeSliceMs: 10 });
      const follower = new PoolFollower(pool);
      const error = new Error("of the listener's");
      let calls = 0;
      pool.on("status", () => {
        calls++;
        throw error;
      });
      for (const container of containers) await follower.expectAll(container);
      for (const container of containers) container.restart();
      fake.cutEvents();
      for (const container of containers) container.write("and one more");
      for (const container of containers) await follower.expectAll(container);
      const [web] = containers;
      web?.remove();
      await follower.until(() => follower.seen("detached").length === 1, "detached");
      await follower.end();
      for (const container of containers) follower.expectExactly(container);
      expect(calls).toBeGreaterThan(12);
      expect(emitted).toHaveBeenCalledTimes(calls);
      expect(emitted.mock.calls[0]).toEqual([error, "DockspoolListenerWarning"]);
      await nothingLeft(pool);
    } finally {
      emitted.mockRestore();
    }
  });

  it("of a source's own, likewise", async () => {
    const emitted = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    try {
      const [web] = create(1, 3);
      if (web === undefined) throw new Error("none");
      const follower = follow();
      await follower.expectAll(web);
      follower.source(web).on("status", () => {
        throw new Error("of the listener's");
      });
      await follower.pool.rotate();
      web.write("after");
      await follower.expectAll(web);
      await follower.end();
      follower.expectExactly(web);
      expect(emitted).toHaveBeenCalled();
    } finally {
      emitted.mockRestore();
    }
  });

  it("may close, detach and attach from inside", async () => {
    const [web, other] = create(2, 3);
    if (web === undefined || other === undefined) throw new Error("none");
    const follower = follow();
    const calls: Promise<unknown>[] = [];
    follower.pool.on("status", (status) => {
      if (status.type === "attached" && status.container.id === web.id)
        calls.push(follower.pool.detach("c0"));
      if (status.type === "detached" && status.container.id === other.id)
        calls.push(follower.pool.close());
      if (
        status.type === "source" &&
        status.status.type === "opened" &&
        status.container.id === other.id
      )
        calls.push(follower.pool.detach("c1"));
    });
    await follower.done;
    await Promise.all(calls);
    expect(calls).toHaveLength(3);
    expect(follower.error).toBeUndefined();
    expectBeginnings(follower, [web, other]);
    await nothingLeft(follower.pool);
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StreamPool } from "../../src/index.ts";
import type { PoolOptions, PoolStatus } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, eventually, failure, nothingOpen, turns } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";

/** As many streams as may rotate at once. */
const AT_ONCE = 4;

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
  const engine = options.engines === undefined ? { engine: fake.engine } : {};
  const pool = new StreamPool({ ...engine, source: eager, from: "start", ...options });
  pools.push(pool);
  return pool;
}

function follow(
  options: PoolOptions = {},
  visit?: ConstructorParameters<typeof PoolFollower>[1],
): PoolFollower {
  return new PoolFollower(open(options), visit);
}

function create(count: number, engine = fake, prefix = "c"): FakeContainer[] {
  return Array.from({ length: count }, (_, index) => {
    const container = engine.create({ name: `${prefix}${index}` });
    container.write("one");
    return container;
  });
}

/** Writes a line of each container again and again, until it is told to stop. */
function writing(containers: readonly FakeContainer[]): { stop: () => Promise<void> } {
  const pen = { isDown: true };
  const all = (async () => {
    for (let line = 0; pen.isDown; line++) {
      for (const container of containers)
        container.write(`line ${line}`, { stream: line % 4 === 0 ? "stderr" : "stdout" });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  return {
    stop: () => {
      pen.isDown = false;
      return all;
    },
  };
}

function rotations(follower: PoolFollower, container: FakeContainer): number {
  return follower.of(container).filter(({ type }) => type === "rotated").length;
}

/** How many containers were between "rotating" and "rotated" at once, at the most. */
function mostAtOnce(statuses: readonly PoolStatus[]): number {
  const rotating = new Set<string>();
  let most = 0;
  for (const status of statuses) {
    if (status.type !== "source") continue;
    if (status.status.type === "rotating") rotating.add(status.container.id);
    if (status.status.type === "rotated") rotating.delete(status.container.id);
    most = Math.max(most, rotating.size);
  }
  return most;
}

/** A promise that its owner settles. */
function gate(): { opened: Promise<void>; open: () => void } {
  let release = (): void => {};
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { opened, open: () => release() };
}

describe("periodic rotation", () => {
  it("rotates every container again and again, and loses and repeats nothing", async () => {
    const containers = create(8);
    const follower = follow({ rotation: { everyMs: 30, jitter: 0.5 } });
    const pen = writing(containers);
    await follower.until(
      () => containers.every((container) => rotations(follower, container) >= 6),
      "6 rotations of each",
    );
    await pen.stop();
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
    expect(fake.open.maxFollows).toBeLessThanOrEqual(8);
    expect(mostAtOnce(follower.statuses)).toBeLessThanOrEqual(AT_ONCE);
    const { rotations: counted, gaps, reconnects } = follower.pool.stats;
    expect(counted).toBe(containers.reduce((sum, one) => sum + rotations(follower, one), 0));
    expect([gaps, reconnects]).toEqual([0, 0]);
    await nothingOpen(fake);
  });

  it("goes on through restarts, cuts, outages and lost events", async () => {
    const containers = create(5);
    const follower = follow({ rotation: { everyMs: 20, jitter: 0.2 } });
    for (let round = 1; round <= 8; round++) {
      const [first, second] = containers;
      first?.restart();
      second?.cut();
      if (round % 3 === 1) {
        fake.outage();
        await eventually(() => fake.open.sockets === 0, "the outage");
        fake.restore();
      } else fake.cutEvents();
      for (const container of containers) container.write(`round ${round}`);
      const before = containers.map((container) => rotations(follower, container));
      await follower.until(
        () => containers.every((one, index) => rotations(follower, one) > (before[index] ?? 0)),
        "a rotation of each",
      );
    }
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("is spread by `jitter`: streams that opened in one order rotate in another", async () => {
    const containers = create(24);
    const follower = follow({ rotation: { everyMs: 150, jitter: 1 } });
    await follower.until(
      () => containers.every((container) => rotations(follower, container) > 0),
      "a rotation of each",
    );
    const orderOf = (type: "opened" | "rotating"): string[] => [
      ...new Set(
        follower
          .seen("source")
          .filter(({ status }) => status.type === type)
          .map(({ container }) => container.id),
      ),
    ];
    expect(orderOf("rotating").toSorted()).toEqual(orderOf("opened").toSorted());
    expect(orderOf("rotating")).not.toEqual(orderOf("opened"));
    // Some have rotated several times before others did for the first time, as 24 draws from 0 to 300 ms will have it.
    const firsts = containers.map((container) => rotations(follower, container));
    expect(Math.max(...firsts)).toBeGreaterThan(1);
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
  });

  it("is left out by `rotation: false`, and of what is stopped or waits for its turn", async () => {
    const containers = create(3);
    const [idle] = containers;
    const still = follow({ rotation: false });
    const turning = follow({ rotation: { everyMs: 10, jitter: 0 } });
    await turning.streaming(...containers);
    idle?.stop();
    for (const container of containers.slice(1))
      await turning.until(() => rotations(turning, container) >= 10, "10 rotations");
    if (idle === undefined) throw new Error("none");
    await turning.status(idle, "stopped");
    const before = rotations(turning, idle);
    for (const container of containers.slice(1)) {
      const goal = rotations(turning, container) + 5;
      await turning.until(() => rotations(turning, container) >= goal, "5 more");
    }
    expect(rotations(turning, idle)).toBe(before);
    expect(turning.source(idle).stats.state).toBe("stopped");
    for (const container of containers) expect(rotations(still, container)).toBe(0);
    expect(still.pool.stats.rotations).toBe(0);
    idle.start();
    idle.write("of the next run");
    await turning.until(() => rotations(turning, idle) >= before + 3, "rotations of the next run");
    for (const follower of [still, turning]) {
      for (const container of containers) await follower.expectAll(container);
      await follower.end();
      for (const container of containers) follower.expectExactly(container);
    }
  });

  it("goes together with turns", async () => {
    const containers = create(12);
    const follower = follow({
      rotation: { everyMs: 15, jitter: 0.5 },
      maxStreams: 3,
      timeSliceMs: 60,
    });
    const pen = writing(containers);
    await follower.until(
      () => containers.every(({ id }) => (follower.pool.sources.get(id)?.stats.turns ?? 0) >= 3),
      "3 turns of each",
    );
    await follower.until(() => follower.pool.stats.rotations >= 10, "10 rotations");
    await pen.stop();
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(fake.open.maxFollows).toBeLessThanOrEqual(3);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("that fails says so through the pool, stops neither the container nor the others", async () => {
    const containers = create(4);
    const [web] = containers;
    if (web === undefined) throw new Error("none");
    const follower = follow({
      rotation: { everyMs: 30, jitter: 0.1 },
      source: { ...eager, rotateTimeoutMs: 20 },
    });
    await follower.streaming(...containers);
    const deaf = gate();
    void follower.source(web).tasks.run("deaf", () => deaf.opened);
    const { survivors, error } = await follower.status(web, "rotation-failed");
    expect(survivors).toEqual(["deaf"]);
    expect(error.code).toBe("TASKS_STILL_RUNNING");
    const before = containers.map((container) => rotations(follower, container));
    for (const container of containers) container.write("two");
    await follower.until(
      () => containers.every((one, index) => rotations(follower, one) >= (before[index] ?? 0) + 2),
      "2 more rotations of each",
    );
    deaf.open();
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
  });

  it("that a task outlives leaves it counted, also once its container is gone", async () => {
    const [web, other] = create(2);
    if (web === undefined || other === undefined) throw new Error("none");
    const follower = follow({ rotation: false, source: { ...eager, rotateTimeoutMs: 20 } });
    await follower.streaming(web, other);
    const { pool } = follower;
    const deaf = gate();
    void follower.source(web).tasks.run("deaf", () => deaf.opened);
    await expect(follower.source(web).rotate()).rejects.toThrow("deaf");
    web.remove();
    await follower.until(() => pool.sources.size === 1, "one is gone");
    other.remove();
    await follower.until(() => pool.sources.size === 0, "both are gone");
    const left = pool.stats.tasks;
    deaf.open();
    await follower.until(() => pool.stats.tasks < left, "its task is counted until it ends");
    await follower.end();
  });

  it("ends with the pool, also while many are due", async () => {
    create(20);
    for (let round = 0; round < 5; round++) {
      const follower = follow({ rotation: { everyMs: 1, jitter: 0 } });
      await follower.until(() => follower.pool.stats.rotations > 5 * round, "some rotations");
      await follower.end();
      await nothingOpen(fake);
      const { length } = follower.statuses;
      await turns(20);
      expect(follower.statuses).toHaveLength(length);
    }
  });
});

describe("rotate()", () => {
  it("rotates all, a few at once, and tells of each", async () => {
    const containers = create(20);
    const follower = follow();
    await follower.streaming(...containers);
    fake.fault = ({ path }) => (path.includes("follow=1") ? { delayMs: 10 } : undefined);
    const pen = writing(containers);
    const results = await follower.pool.rotate();
    await pen.stop();
    expect(results).toHaveLength(20);
    for (const result of results)
      expect(result).toMatchObject({
        status: "fulfilled",
        value: { generation: 2, reopened: true, awaited: ["reader"] },
      });
    const rotated = results.map((result) =>
      result.status === "fulfilled" ? result.value.container : "",
    );
    expect(rotated.toSorted()).toEqual(containers.map(({ id }) => id).toSorted());
    expect(mostAtOnce(follower.statuses)).toBeLessThanOrEqual(AT_ONCE);
    expect(mostAtOnce(follower.statuses)).toBeGreaterThan(1);
    expect(follower.pool.stats.rotations).toBe(20);
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("rotates one by its name, its id, or the beginning of it, and leaves the others alone", async () => {
    const [web, other] = [fake.create({ name: "web" }), fake.create({ name: "other" })];
    const follower = follow();
    await follower.streaming(web, other);
    for (const container of ["web", web.id, web.id.slice(0, 40)]) {
      expect(await follower.pool.rotate(container)).toMatchObject([
        { status: "fulfilled", value: { container: web.id, reopened: true } },
      ]);
      web.write(`after ${container}`);
    }
    web.rename("renamed");
    await follower.status(web, "renamed");
    expect(await follower.pool.rotate("renamed")).toHaveLength(1);
    await failure(follower.pool.rotate("web"), "CONTAINER_NOT_FOUND");
    expect([rotations(follower, web), rotations(follower, other)]).toEqual([4, 0]);
    await follower.expectAll(web);
    await follower.end();
    follower.expectExactly(web);
  });

  it("refuses what is not followed, and what is no name", async () => {
    const web = fake.create({ name: "web" });
    fake.create({ name: "other" });
    const follower = follow({ select: { names: ["web"] } });
    await follower.streaming(web);
    for (const container of ["other", "nobody", "f".repeat(64)]) {
      const error = await failure(follower.pool.rotate(container), "CONTAINER_NOT_FOUND");
      expect(error.message).toContain(container);
    }
    for (const container of ["", 5, null])
      // @ts-expect-error what a program without types may give
      await failure(follower.pool.rotate(container), "INVALID_OPTION");
    await follower.pool.detach("web");
    await failure(follower.pool.rotate("web"), "CONTAINER_NOT_FOUND");
    expect(await follower.pool.rotate()).toEqual([]);
    await follower.end();
    await failure(follower.pool.rotate(), "CLOSED");
    await failure(follower.pool.rotate("web"), "CLOSED");
  });

  it("of a pool that was aborted, or has failed, says so", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    const controller = new AbortController();
    const aborted = follow({ signal: controller.signal });
    controller.abort("enough");
    await aborted.done;
    const error = await failure(aborted.pool.rotate(), "CLOSED");
    expect(error).toMatchObject({ message: "The pool was aborted.", cause: "enough" });
    const { message } = await failure(aborted.pool.attach("web"), "CLOSED");
    expect(message).toBe("The pool was aborted.");
    const pool = open();
    const cause = new Error("no disk");
    const refuse = async (): Promise<never> => Promise.reject(cause);
    const { done } = pool.deliver(refuse, { maxWaitMs: 0, retry: { attempts: 1 } });
    const why = await failure(done, "SINK_FAILED");
    const late = await failure(pool.rotate(), "CLOSED");
    expect(late.message).toBe(`The pool has failed: ${why.message}`);
    expect(late.cause).toBe(why);
  });

  it("of a pool that has not begun has nothing to do", async () => {
    create(2);
    const pool = open();
    expect(await pool.rotate()).toEqual([]);
    expect(fake.requests).toEqual([]);
  });

  it("of what is stopped, or waits for its turn, resolves without a stream", async () => {
    const containers = create(4);
    const [web] = containers;
    const follower = follow();
    await follower.streaming(...containers);
    web?.stop();
    if (web === undefined) throw new Error("none");
    await follower.status(web, "stopped");
    expect(await follower.pool.rotate("c0")).toMatchObject([
      { status: "fulfilled", value: { reopened: false } },
    ]);
    await follower.end();

    const running = containers.slice(1);
    const waiting = follow({ maxStreams: 1, timeSliceMs: 20 });
    for (let round = 0; round < 10; round++) {
      for (const container of running) container.write(`round ${round}`);
      const results = await waiting.pool.rotate();
      for (const { status } of results) expect(status).toBe("fulfilled");
      for (const container of running) await waiting.expectAll(container);
    }
    await waiting.end();
    for (const container of running) waiting.expectExactly(container);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("of one that fails does not stop the others, and says which and why", async () => {
    const containers = create(10);
    const follower = follow({ source: { ...eager, rotateTimeoutMs: 400 } });
    await follower.streaming(...containers);
    const deaf = gate();
    const [first, , third] = containers;
    if (first === undefined || third === undefined) throw new Error("none");
    for (const container of [first, third])
      void follower.source(container).tasks.run("deaf", () => deaf.opened);
    const results = await follower.pool.rotate();
    const failed = results.filter(({ status }) => status === "rejected");
    expect(results).toHaveLength(10);
    expect(failed).toMatchObject(
      [first, third].map(() => ({ reason: { code: "TASKS_STILL_RUNNING" } })),
    );
    for (const result of failed)
      if (result.status === "rejected") expect(String(result.reason)).toContain("deaf");
    for (const container of containers.filter((one) => one !== first && one !== third))
      expect(rotations(follower, container)).toBe(1);
    for (const container of containers) container.write("after");
    for (const container of containers) await follower.expectAll(container);
    const again = await follower.pool.rotate();
    expect(again.every(({ status }) => status === "fulfilled")).toBe(true);
    deaf.open();
    for (const container of containers) container.write("after that");
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("called by many at once, and from inside the loop, shares rotations and settles", async () => {
    const containers = create(6);
    const follower = follow({}, async ({ line }, index) => {
      if (index % 5 !== 0 || line === "last") return;
      const results = await follower.pool.rotate();
      for (const { status } of results) expect(status).toBe("fulfilled");
    });
    await follower.streaming(...containers);
    for (let round = 0; round < 5; round++) {
      for (const container of containers) container.write(`round ${round}`);
      const calls = Array.from({ length: 5 }, (_, call) =>
        call % 2 === 0 ? follower.pool.rotate() : follower.pool.rotate("c1"),
      );
      for (const results of await Promise.all(calls))
        for (const { status } of results) expect(status).toBe("fulfilled");
    }
    for (const container of containers) container.write("last");
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("under way when the pool is closed settles, each with what became of it", async () => {
    const containers = create(20);
    const follower = follow();
    await follower.streaming(...containers);
    for (const container of containers) await follower.expectAll(container);
    fake.fault = ({ path }) => (path.includes("follow=1") ? { withholdHeaders: true } : undefined);
    const rotating = follower.pool.rotate();
    await eventually(() => mostAtOnce(follower.statuses) === AT_ONCE, "some rotate");
    await follower.end();
    const results = await rotating;
    expect(results).toHaveLength(20);
    for (const result of results)
      expect(result).toMatchObject({ status: "rejected", reason: { code: "CLOSED" } });
    for (const container of containers) follower.expectExactly(container);
    await nothingOpen(fake);
  });

  it("of a container that is detached or removed meanwhile settles", async () => {
    const containers = create(10);
    const follower = follow();
    await follower.streaming(...containers);
    for (const container of containers) await follower.expectAll(container);
    fake.fault = ({ path }) => (path.includes("follow=1") ? { delayMs: 20 } : undefined);
    const rotating = follower.pool.rotate();
    await eventually(() => mostAtOnce(follower.statuses) > 0, "some rotate");
    for (const container of containers.slice(0, 4)) container.remove();
    await Promise.all(containers.slice(4, 8).map(({ id }) => follower.pool.detach(id)));
    const results = await rotating;
    expect(results).toHaveLength(10);
    for (const container of containers.slice(8)) {
      expect(rotations(follower, container)).toBe(1);
      container.write("two");
      await follower.expectAll(container);
    }
    await follower.until(() => follower.pool.sources.size === 2, "8 are gone");
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
  });
});

describe("the statuses of sources", () => {
  it("come through the pool with their container, in their order", async () => {
    const [web, other] = [fake.create({ name: "web" }), fake.create({ name: "other" })];
    const follower = follow();
    await follower.streaming(web, other);
    const own: unknown[] = [];
    follower.source(web).on("status", (status) => own.push(status));
    const before = follower.of(web).length;
    web.write("one");
    await follower.expectAll(web);
    await follower.pool.rotate("web");
    web.rename("renamed");
    await follower.status(web, "renamed");
    web.stop();
    await follower.status(web, "stopped");
    web.start();
    await follower.status(web, "restarted");
    await follower.streaming(web);
    web.remove();
    await follower.status(web, "ended");
    expect(follower.of(web).slice(before)).toEqual(own);
    expect(follower.of(web).map(({ type }) => type)).toEqual(
      expect.arrayContaining(["opened", "rotating", "rotated", "renamed", "stopped", "restarted"]),
    );
    const names = follower
      .seen("source")
      .filter(({ container }) => container.id === web.id)
      .map(({ container, status }) => [container.name, status.type]);
    expect(names[0]).toEqual(["web", "opened"]);
    expect(names.at(-1)).toEqual(["renamed", "ended"]);
    for (const { container } of follower.seen("source"))
      expect(Object.isFrozen(container)).toBe(true);
    expect(follower.of(other).map(({ type }) => type)).toEqual(["opened"]);
    await follower.end();
  });
});

describe("an outage of one of two engines", () => {
  let second: FakeEngine;
  beforeEach(async () => {
    second = await FakeEngine.start();
  });
  afterEach(() => second.close());

  it("does not hold up rotate() of the other's containers", async () => {
    const [here, there] = [create(8), create(8, second, "d")];
    const follower = follow({
      engines: { here: fake.engine, there: second.engine },
    });
    await follower.streaming(...here, ...there);
    second.outage();
    for (const container of there) await follower.status(container, "reconnecting");
    const rotating = follower.pool.rotate();
    let isOver = false;
    void rotating.then(() => (isOver = true));
    for (const container of here) await follower.status(container, "rotated");
    for (const { status } of await follower.pool.rotate("c3")) expect(status).toBe("fulfilled");
    expect(isOver).toBe(false);
    for (const container of here) {
      container.write("two");
      await follower.expectAll(container);
    }
    second.restore();
    for (const { status } of await rotating) expect(status).toBe("fulfilled");
    for (const container of there) {
      container.write("two");
      await follower.expectAll(container);
    }
    await follower.end();
    for (const container of [...here, ...there]) follower.expectExactly(container);
  });

  it("that comes while rotate() is under way does not either, nor one that answers nothing", async () => {
    const [here, there] = [create(8), create(8, second, "d")];
    const follower = follow({
      engines: { there: { ...second.engine, connectTimeoutMs: 100 }, here: fake.engine },
    });
    await follower.streaming(...here, ...there);
    second.fault = ({ path }) =>
      path.includes("follow=1") ? { withholdHeaders: true } : undefined;
    const rotating = follower.pool.rotate();
    await eventually(() => mostAtOnce(follower.statuses) > 0, "some rotate");
    second.outage();
    for (const container of here) await follower.status(container, "rotated");
    second.fault = undefined;
    second.restore();
    for (const { status } of await rotating) expect(status).toBe("fulfilled");

    second.fault = ({ path }) =>
      path.includes("follow=1") ? { withholdHeaders: true } : undefined;
    const silent = follower.pool.rotate();
    for (const container of here) await follower.status(container, "rotated", 2);
    second.fault = undefined;
    for (const { status } of await silent) expect(status).toBe("fulfilled");
    for (const container of [...here, ...there]) {
      container.write("two");
      await follower.expectAll(container);
    }
    await follower.end();
    for (const container of [...here, ...there]) follower.expectExactly(container);
  });

  it("nor the periodic rotation of the other's containers", async () => {
    const [here, there] = [create(4), create(4, second, "d")];
    const follower = follow({
      engines: { here: fake.engine, there: second.engine },
      rotation: { everyMs: 20, jitter: 0.2 },
    });
    await follower.streaming(...here, ...there);
    second.outage();
    const goals = here.map((container) => rotations(follower, container) + 5);
    await follower.until(
      () => here.every((one, index) => rotations(follower, one) >= (goals[index] ?? 0)),
      "5 rotations of each",
    );
    for (const container of there) container.write("written in the outage");
    second.restore();
    const later = there.map((container) => rotations(follower, container) + 2);
    await follower.until(
      () => there.every((one, index) => rotations(follower, one) >= (later[index] ?? 0)),
      "rotations after the outage",
    );
    for (const container of [...here, ...there]) await follower.expectAll(container);
    await follower.end();
    for (const container of [...here, ...there]) follower.expectExactly(container);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
    expect(second.open.maxFollowsOfOneContainer).toBe(1);
  });
});

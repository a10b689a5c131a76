import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StreamPool } from "../../../src/index.ts";
import type { PoolOptions, PoolStatus } from "../../../src/index.ts";
import { FakeEngine } from "../../../src/testing.ts";
import type { FakeContainer } from "../../../src/testing.ts";
import { eager, eventually, nothingOpen, turns } from "../../support/fake-follow.ts";
import { PoolFollower } from "../../support/pool-follow.ts";
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

function open(options: PoolOptions): StreamPool {
  const pool = new StreamPool({
    engine: fake.engine,
    source: eager,
    from: "start",
    rotation: false,
    ...options,
  });
  pools.push(pool);
  return pool;
}

function follow(
  options: PoolOptions,
  visit?: ConstructorParameters<typeof PoolFollower>[1],
): PoolFollower {
  return new PoolFollower(open(options), visit);
}

function create(count: number, prefix = "c"): FakeContainer[] {
  return Array.from({ length: count }, (_, index) => fake.create({ name: `${prefix}${index}` }));
}

/** Writes on until told to stop. */
function writing(act: (round: number) => void): { stop(): Promise<void> } {
  const pen = { isDown: true };
  const done = (async () => {
    for (let round = 0; pen.isDown; round++) {
      act(round);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  return {
    stop: () => {
      pen.isDown = false;
      return done;
    },
  };
}

interface Wait {
  /** Streams opened meanwhile, by container. */
  readonly others: ReadonlyMap<string, number>;
  readonly opened: number;
}

/** From each `waiting` of a container to its next `opened`: who else was served. */
function waitsOf(statuses: readonly PoolStatus[]): Wait[] {
  const waits: Wait[] = [];
  const waiting = new Map<string, Map<string, number>>();
  for (const status of statuses) {
    if (status.type !== "source") continue;
    const { id } = status.container;
    if (status.status.type === "waiting") waiting.set(id, new Map());
    if (status.status.type !== "opened") continue;
    const others = waiting.get(id);
    if (others !== undefined) {
      let opened = 0;
      for (const count of others.values()) opened += count;
      waits.push({ others, opened });
      waiting.delete(id);
    }
    for (const served of waiting.values()) served.set(id, (served.get(id) ?? 0) + 1);
  }
  return waits;
}

function mostServed({ others }: Wait): number {
  return Math.max(0, ...others.values());
}

describe("twenty times more containers than streams", () => {
  const howMany = sizes({ short: 60, long: 1_000 });

  it(
    "lose, repeat and reorder nothing, and each waits for at most one turn of every other",
    twoSizes,
    async () => {
      const maxStreams = howMany / 20;
      const containers = create(howMany);
      for (const container of containers) container.write("line 0");
      const follower = follow({ maxStreams });
      let next = 0;
      const lines = 12 * howMany;
      const pen = writing(() => {
        for (let line = 0; line < 40 && next < lines; line++) {
          const container = containers[(next * 389) % containers.length];
          container?.write(`line ${next + 1}`, { stream: next % 3 === 0 ? "stderr" : "stdout" });
          next++;
        }
      });
      await follower.until(() => next === lines, "all written", 60_000);
      await pen.stop();
      for (const container of containers) await follower.expectAll(container);
      const { stats } = follower.pool;
      const sources = [...follower.pool.sources.values()];
      const taken = sources.map((source) => source.stats.turns);
      expect(taken.reduce((sum, each) => sum + each, 0)).toBe(stats.turns);
      expect(stats).toMatchObject({
        containers: howMany,
        streamsMax: maxStreams,
        rotations: 0,
        gaps: 0,
      });
      expect(stats.lines).toBe(lines + howMany);
      // First come, first served: whoever is served queues again behind all who wait.
      const waits = waitsOf(follower.statuses);
      expect(waits.length).toBeGreaterThanOrEqual(howMany - maxStreams);
      for (const wait of waits) {
        expect(mostServed(wait)).toBeLessThanOrEqual(2);
        expect(wait.opened).toBeLessThanOrEqual(howMany + maxStreams);
      }
      expect(Math.min(...taken)).toBeGreaterThanOrEqual(1);
      await follower.end();
      for (const container of containers) follower.expectExactly(container);
      expect(follower.records).toHaveLength(lines + howMany);
      expect(fake.open.maxFollows).toBe(maxStreams);
      expect(fake.open.maxFollowsOfOneContainer).toBe(1);
      await nothingOpen(fake);
    },
  );
});

describe("containers that take turns", () => {
  it("all have theirs over a single stream, again and again", async () => {
    const containers = create(8);
    const follower = follow({ maxStreams: 1 });
    await follower.attached(...containers);
    for (let round = 0; round < 5; round++) {
      for (const container of containers) container.write(`round ${round}`);
      for (const container of containers) await follower.expectAll(container);
    }
    const { stats, sources } = follower.pool;
    for (const source of sources.values()) {
      expect(source.stats.turns).toBeGreaterThanOrEqual(2);
      expect(source.stats).toMatchObject({ rotations: 0, reconnects: 0, gaps: 0, lines: 5 });
      expect(source.stats.generation).toBeGreaterThanOrEqual(2);
    }
    expect(stats.streamsOpen).toBeLessThanOrEqual(1);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(fake.open.maxFollows).toBe(1);
  });

  it("have theirs beside some that never stop writing", twoSizes, async () => {
    const containers = create(12);
    const follower = follow({ maxStreams: 2, timeSliceMs: 60 });
    const loud = containers.slice(0, 3);
    let written = 0;
    // As fast as it is read.
    const pen = writing(() => {
      if (written - follower.records.length > 5_000) return;
      for (const container of loud)
        for (let line = 0; line < 5; line++) container.write(`loud ${written++}`);
    });
    const quiet = containers.slice(3);
    await follower.attached(...containers);
    for (let round = 0; round < sizes({ short: 2, long: 4 }); round++) {
      for (const container of quiet) container.write(`round ${round}`);
      for (const container of quiet) await follower.expectAll(container);
    }
    await pen.stop();
    for (const container of loud) await follower.expectAll(container);
    for (const wait of waitsOf(follower.statuses)) expect(mostServed(wait)).toBeLessThanOrEqual(2);
    for (const container of loud)
      expect(follower.source(container).stats.turns).toBeGreaterThanOrEqual(2);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(fake.open.maxFollows).toBeLessThanOrEqual(2);
  });

  it("keep their streams where there are enough", async () => {
    const containers = create(5);
    const follower = follow({ maxStreams: 5 });
    for (let round = 0; round < 20; round++) {
      for (const container of containers) container.write(`round ${round}`);
      for (const container of containers) await follower.expectAll(container);
    }
    for (const container of containers) {
      expect(follower.source(container).stats).toMatchObject({ turns: 1, generation: 1 });
      expect(follower.of(container).map(({ type }) => type)).toEqual(["opened"]);
    }
    await follower.end();
    expect(fake.open.maxFollows).toBe(5);
  });

  it("show how they wait in the pool's stats", async () => {
    const containers = create(10);
    const follower = follow({ maxStreams: 3 });
    await follower.attached(...containers);
    await follower.until(() => follower.pool.stats.streamsWaiting > 0, "waiting");
    const stats = follower.pool.stats;
    expect(stats).toMatchObject({ containers: 10, streamsMax: 3 });
    expect(stats.streamsOpen).toBeLessThanOrEqual(3);
    expect(stats.streamsOpen + stats.streamsWaiting).toBeLessThanOrEqual(10);
    expect(stats.longestWaitMs).toBeGreaterThan(0);
    const states = [...follower.pool.sources.values()].map(({ stats: { state } }) => state);
    expect(states.filter((state) => state === "waiting")).toHaveLength(
      follower.pool.stats.streamsWaiting,
    );
    await follower.end();
    expect(follower.pool.stats).toMatchObject({
      containers: 0,
      streamsOpen: 0,
      streamsWaiting: 0,
      longestWaitMs: 0,
      tasks: 0,
      sockets: 0,
      bufferedBytes: 0,
    });
  });

  it("stay exact while they stop, start, restart and are cut", async () => {
    const containers = create(12);
    const follower = follow({ maxStreams: 3, timeSliceMs: 50 });
    await follower.attached(...containers);
    const pen = writing((round) => {
      const container = containers[(round * 5) % containers.length];
      container?.write(`line ${round}`, { stream: round % 2 === 0 ? "stdout" : "stderr" });
      if (round % 7 === 0) container?.stop();
      if (round % 7 === 3) containers.find((_, index) => index === round % 12)?.start();
      if (round % 11 === 0) container?.restart();
      if (round % 13 === 0) container?.cut();
    });
    await follower.until(() => follower.records.length > 300, "300 records");
    await pen.stop();
    for (const container of containers) container.start();
    for (const container of containers) container.write("last");
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(fake.open.maxFollows).toBeLessThanOrEqual(3);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });
});

describe("a turn that is over before the engine answers", () => {
  it("is kept until what was asked for has come", async () => {
    const containers = create(6);
    const follower = follow({ maxStreams: 2, timeSliceMs: 10 });
    const hadTurns = (container: FakeContainer): boolean =>
      follower.source(container).stats.turns > 1;
    await follower.attached(...containers);
    await follower.until(() => containers.every(hadTurns), "silent turns");
    // What was silent for so long is read plainly first.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    // Longer than a slice, and than a stream that follows may be quiet.
    fake.fault = ({ path }) => (path.includes("/logs?") ? { delayMs: 60 } : undefined);
    for (const container of containers) container.write("while it waits");
    for (const container of containers) await follower.expectAll(container);
    expect(follower.records).toHaveLength(6);
    await follower.end();
  });
});

describe("a container that just started", () => {
  it("goes ahead of all that wait", async () => {
    const maxStreams = 2;
    const containers = create(40);
    const follower = follow({ maxStreams });
    await follower.attached(...containers);
    for (let round = 0; round < 5; round++) {
      for (const container of containers) container.write(`round ${round}`);
      await follower.until(() => follower.pool.stats.streamsWaiting >= 30, "a queue");
      const from = follower.statuses.length;
      const late = fake.create({ name: `late${round}` });
      late.write("first words");
      await follower.expectAll(late);
      const since = follower.statuses.slice(from);
      const [wait] = waitsOf(
        since.filter((status) => {
          const isOpening = status.type === "source" && status.status.type === "opened";
          return isOpening || (status.type === "source" && status.container.id === late.id);
        }),
      );
      // Only those whose turn had begun.
      expect(wait?.opened ?? 0).toBeLessThanOrEqual(maxStreams);
    }
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    expect(fake.open.maxFollows).toBeLessThanOrEqual(maxStreams);
  });

  it("again goes ahead as well", async () => {
    const maxStreams = 2;
    const containers = create(40);
    const job = fake.create({ name: "job" });
    const follower = follow({ maxStreams });
    await follower.attached(...containers, job);
    job.stop();
    await follower.status(job, "stopped");
    for (let run = 1; run <= 5; run++) {
      const from = follower.statuses.length;
      job.start();
      job.write(`run ${run}`);
      await follower.expectAll(job);
      const since = follower.statuses.slice(from);
      const opened = since.findIndex(
        (status) =>
          status.type === "source" &&
          status.container.id === job.id &&
          status.status.type === "opened",
      );
      const before = since
        .slice(0, opened)
        .filter((status) => status.type === "source" && status.status.type === "opened");
      // Those whose turn had begun, and those that took the turns it was given up for meanwhile.
      expect(before.length).toBeLessThanOrEqual(2 * maxStreams);
      job.stop();
      await follower.status(job, "stopped", run + 1);
    }
    await follower.end();
    follower.expectExactly(job);
  });
});

describe("the end of a turn", () => {
  it("awaits the caller's tasks, as a rotation does", async () => {
    const [web, db] = [fake.create({ name: "web" }), fake.create({ name: "db" })];
    web.stop();
    const follower = follow({ maxStreams: 1 });
    await follower.streaming(db);
    const { tasks } = follower.source(db);
    const order: string[] = [];
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const upload = tasks.run("upload", async (signal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      order.push("asked to end");
      await released;
      order.push("ended");
    });
    follower.pool.on("status", (status) => {
      if (status.type === "source" && status.container.id === web.id)
        order.push(status.status.type);
    });
    web.start();
    web.write("one");
    await follower.until(() => order.includes("asked to end"), "the turn's end");
    await turns(50);
    expect(fake.open.maxFollows).toBe(1);
    expect(follower.texts(web)).toEqual([]);
    release();
    await upload;
    await follower.expectAll(web);
    expect(order.indexOf("ended")).toBeLessThan(order.indexOf("opened"));
    expect(tasks.size).toBe(0);
    db.write("two");
    await follower.expectAll(db);
    expect(follower.source(db).tasks).not.toBe(tasks);
    await follower.end();
    expect(fake.open.maxFollows).toBe(1);
  });

  it("names a task that does not end, and capture goes on", async () => {
    const containers = create(3);
    const follower = follow({ maxStreams: 1, source: { ...eager, rotateTimeoutMs: 20 } });
    const [first] = containers;
    if (first === undefined) throw new Error("not created");
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await follower.attached(...containers);
    await follower.streaming(first);
    const stuck = follower.source(first).tasks.run("stuck", () => released);
    const failed = await follower.status(first, "rotation-failed");
    expect(failed.survivors).toEqual(["stuck"]);
    expect(failed.error.code).toBe("TASKS_STILL_RUNNING");
    for (const container of containers) container.write("on it goes");
    for (const container of containers) await follower.expectAll(container);
    release();
    await stuck;
    await follower.end();
    expect(fake.open.maxFollows).toBe(1);
  });
});

describe("rotate() of a container that waits for its turn", () => {
  it("resolves at once, with nothing reopened", async () => {
    const containers = create(6);
    const pool = open({ maxStreams: 2 });
    const rotations: Promise<unknown>[] = [];
    pool.on("status", (status) => {
      if (status.type !== "source" || status.status.type !== "waiting") return;
      if (rotations.length < 20) rotations.push(pool.rotate(status.container.id));
    });
    const follower = new PoolFollower(pool);
    for (const container of containers) container.write("one");
    await follower.until(() => rotations.length === 20, "20 rotations");
    for (const rotation of await Promise.all(rotations)) {
      expect(rotation).toMatchObject([{ status: "fulfilled", value: { reopened: false } }]);
    }
    for (const container of containers) await follower.expectAll(container);
    expect(pool.stats.rotations).toBe(0);
    await follower.end();
  });

  it("that is called all the time costs nothing", async () => {
    const containers = create(6);
    const follower = follow({ maxStreams: 2 });
    await follower.attached(...containers);
    const pen = writing((round) => containers[round % 6]?.write(`line ${round}`));
    for (let round = 0; round < 15; round++) {
      const results = await follower.pool.rotate();
      expect(results.filter(({ status }) => status === "rejected")).toEqual([]);
    }
    await pen.stop();
    for (const container of containers) await follower.expectAll(container);
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(fake.open.maxFollows).toBeLessThanOrEqual(2);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });
});

describe("attach() from many sides", () => {
  it("makes one source and opens one follow", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow({ discover: false });
    const ways = [web.id, "web", web.id.slice(0, 12)];
    const sources = await Promise.all(
      Array.from({ length: 100 }, (_, call) => follower.pool.attach(ways[call % 3] ?? "web")),
    );
    expect(new Set(sources).size).toBe(1);
    web.write("one");
    await follower.expectAll(web);
    expect(follower.seen("attached")).toHaveLength(1);
    expect(follower.source(web).stats).toMatchObject({ generation: 1, turns: 1 });
    await follower.end();
    expect(fake.open).toMatchObject({ maxFollows: 1, maxFollowsOfOneContainer: 1 });
    expect(fake.requests.filter(({ path }) => path.includes("follow=1"))).toHaveLength(1);
  });
});

describe("a container that is detached while it waits", () => {
  it("leaves no slot behind, whenever it is", async () => {
    const maxStreams = 3;
    const containers = create(12);
    const follower = follow({ maxStreams });
    await follower.attached(...containers);
    // Detached at all states: those that wait, open, stream, and give their turn up.
    for (let round = 0; round < 4; round++) {
      for (const container of containers) container.write(`round ${round}`);
      for (const [index, container] of containers.entries()) {
        if (index % 4 === round) await turns(index);
        if ((index + round) % 2 === 0) await follower.pool.detach(container.id);
      }
      expect(follower.pool.stats.streamsOpen).toBeLessThanOrEqual(maxStreams);
      for (const container of containers) await follower.pool.attach(container.id, { from: "now" });
    }
    await Promise.all(containers.map(({ id }) => follower.pool.detach(id)));
    await eventually(() => follower.pool.stats.streamsOpen === 0, "all slots given back");
    expect(follower.pool.stats).toMatchObject({ containers: 0, streamsWaiting: 0 });
    // As many as there are slots, and none has to wait.
    const from = follower.statuses.length;
    const some = containers.slice(0, maxStreams);
    for (const container of some) await follower.pool.attach(container.id, { from: "now" });
    await follower.streaming(...some);
    expect(follower.pool.stats).toMatchObject({ streamsOpen: maxStreams, streamsWaiting: 0 });
    const waiting = follower.statuses
      .slice(from)
      .filter((status) => status.type === "source" && status.status.type === "waiting");
    expect(waiting).toEqual([]);
    await follower.end();
    expect(fake.open.maxFollows).toBeLessThanOrEqual(maxStreams);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
    await nothingOpen(fake);
  });

  it("is no hindrance to closing, nor is one that waits", async () => {
    const containers = create(30);
    const follower = follow({ maxStreams: 2 });
    await follower.attached(...containers);
    await follower.until(() => follower.pool.stats.streamsWaiting > 20, "a queue");
    const detaching = containers.slice(0, 5).map(({ id }) => follower.pool.detach(id));
    await follower.end();
    await Promise.all(detaching);
    expect(follower.seen("detached")).toHaveLength(30);
    for (const { reason } of follower.seen("detached")) expect(reason).toEqual({ kind: "closed" });
    expect(follower.pool.stats).toMatchObject({ streamsOpen: 0, streamsWaiting: 0, tasks: 0 });
    await nothingOpen(fake);
  });
});

describe("the end of a source that waits for its turn", () => {
  it("comes at once, also where its turn has come in the same moment", async () => {
    for (const from of ["waiting", "opened"] as const) {
      for (let after = 0; after < 6; after++) {
        const containers = create(3, `${from}${after}x`);
        const pool = open({
          maxStreams: 1,
          select: { names: [`${from}${after}x*`] },
          source: { ...eager, rotateTimeoutMs: 500 },
        });
        let heard = 0;
        let closing: Promise<void> | undefined;
        pool.on("status", (status) => {
          if (status.type !== "source" || status.status.type !== from) return;
          // In the second round someone gives its turn to another in this very moment.
          if (++heard !== 5) return;
          closing = (async () => {
            for (let tick = 0; tick < after; tick++) await Promise.resolve();
            await pool.close();
          })();
        });
        const follower = new PoolFollower(pool);
        await follower.done;
        await closing;
        await follower.end();
        expect(follower.seen("detached").map(({ reason }) => reason)).toEqual(
          containers.map(() => ({ kind: "closed" })),
        );
        expect(pool.stats).toMatchObject({ streamsOpen: 0, streamsWaiting: 0, tasks: 0 });
        await nothingOpen(fake);
        for (const container of containers) container.remove();
      }
    }
    expect(fake.open.maxFollows).toBe(1);
  });

  it("comes at once by detach(), whichever of the others its turn came from", async () => {
    for (let after = 0; after < 6; after++) {
      const containers = create(4, `c${after}x`);
      const pool = open({
        maxStreams: 1,
        select: { names: [`c${after}x*`] },
        source: { ...eager, rotateTimeoutMs: 500 },
      });
      const detaching: Promise<unknown>[] = [];
      let heard = 0;
      pool.on("status", (status) => {
        if (status.type !== "source" || status.status.type !== "waiting") return;
        if (++heard !== 6) return;
        // All but the one that has just given its turn up, and the one that is next.
        for (const { id } of containers.slice(0, 3)) {
          detaching.push(
            (async () => {
              for (let tick = 0; tick < after; tick++) await Promise.resolve();
              await pool.detach(id);
            })(),
          );
        }
      });
      const follower = new PoolFollower(pool);
      await follower.until(() => detaching.length === 3, "detaching");
      await Promise.all(detaching);
      const [last] = containers.slice(3);
      last?.write("one");
      if (last !== undefined) await follower.expectAll(last);
      expect(pool.stats).toMatchObject({ containers: 1, streamsOpen: 1, streamsWaiting: 0 });
      await follower.end();
      for (const container of containers) container.remove();
    }
    expect(fake.open.maxFollows).toBe(1);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("may be asked for by whoever hears that it waits", async () => {
    const containers = create(6);
    const pool = open({ maxStreams: 1 });
    const detached: Promise<void>[] = [];
    pool.on("status", (status) => {
      if (status.type === "source" && status.status.type === "waiting" && detached.length < 5)
        detached.push(pool.detach(status.container.id));
    });
    const follower = new PoolFollower(pool);
    await follower.until(() => follower.seen("detached").length >= 5, "five detached");
    await Promise.all(detached);
    for (const { reason } of follower.seen("detached")) expect(reason).toEqual({ kind: "closed" });
    const left = containers.filter(({ id }) => pool.sources.has(id));
    expect(left).toHaveLength(1);
    for (const container of left) container.write("one");
    for (const container of left) await follower.expectAll(container);
    expect(pool.stats).toMatchObject({ streamsOpen: 1, streamsWaiting: 0 });
    await follower.end();
  });
});

describe("containers that are no more than the streams again", () => {
  it("keep theirs, once the others are gone", async () => {
    const [first, later] = [create(2), create(3, "later")];
    const follower = follow({ maxStreams: 2 });
    for (const container of [...first, ...later]) container.write("one");
    for (const container of [...first, ...later]) await follower.expectAll(container);
    for (const container of later) container.remove();
    await follower.until(() => follower.pool.sources.size === 2, "only two left");
    await follower.streaming(...first);
    const { turns: before } = follower.pool.stats;
    for (let round = 0; round < 10; round++) {
      for (const container of first) container.write(`round ${round}`);
      for (const container of first) await follower.expectAll(container);
      await turns(20);
    }
    expect(follower.pool.stats).toMatchObject({ turns: before, streamsOpen: 2, streamsWaiting: 0 });
    await follower.end();
    for (const container of [...first, ...later]) follower.expectExactly(container);
    expect(fake.open.maxFollows).toBeLessThanOrEqual(2);
  });

  it("hold no stream while they are stopped, so that others need not wait", async () => {
    const [web, ...stopped] = create(7);
    if (web === undefined) throw new Error("not created");
    const follower = follow({ maxStreams: 1 });
    await follower.attached(web, ...stopped);
    for (const container of stopped) {
      container.write("last");
      container.stop();
    }
    for (const container of stopped) await follower.status(container, "stopped");
    await follower.streaming(web);
    const { turns: before } = follower.pool.stats;
    for (let round = 0; round < 5; round++) {
      web.write(`round ${round}`);
      await follower.expectAll(web);
    }
    expect(follower.pool.stats).toMatchObject({
      containers: 7,
      streamsOpen: 1,
      streamsWaiting: 0,
      turns: before,
    });
    await follower.end();
    for (const container of stopped) follower.expectExactly(container);
  });
});

describe("a container that waits for its turn", () => {
  it("is removed meanwhile: its turn comes to find that, and goes on to the next", async () => {
    const holder = fake.create({ name: "holder" });
    // Its stream never opens, so its turn lasts for as long as it is followed.
    fake.fault = ({ path }) =>
      path.includes(`/containers/${holder.id}/logs`) ? { withholdHeaders: true } : undefined;
    const follower = follow({ maxStreams: 1 });
    await follower.until(() => follower.pool.stats.streamsOpen === 1, "the holder's turn");
    const [first, ...rest] = create(3);
    if (first === undefined) throw new Error("not created");
    for (const container of [first, ...rest]) await follower.status(container, "waiting");
    expect(follower.pool.stats).toMatchObject({ streamsOpen: 1, streamsWaiting: 3, turns: 1 });
    first.write("nobody has read this");
    first.remove();
    for (const container of rest) container.write("one");
    await follower.pool.detach(holder.id);
    for (const container of rest) await follower.expectAll(container);
    await follower.until(() => follower.pool.sources.size === 2, "the removed one is gone");
    const reasons = follower
      .seen("detached")
      .map(({ container, reason }) => [container.id, reason]);
    expect(reasons).toEqual([
      [holder.id, { kind: "closed" }],
      [first.id, { kind: "removed", complete: false }],
    ]);
    await follower.end();
    expect(fake.open.maxFollows).toBe(1);
  });

  it("gets its turn when the streams before it break, and when the engine was away", async () => {
    const maxStreams = 2;
    const containers = create(6);
    const follower = follow({ maxStreams });
    await follower.attached(...containers);
    for (let round = 0; round < 10; round++) {
      for (const container of containers) {
        container.write(`round ${round}`);
        container.cut();
      }
      if (round % 3 === 0) {
        fake.outage();
        await turns(20);
        fake.restore();
      }
      await turns(20);
    }
    for (const container of containers) await follower.expectAll(container);
    await eventually(() => follower.pool.stats.streamsOpen === maxStreams, "both streams in use");
    await follower.end();
    for (const container of containers) follower.expectExactly(container);
    expect(fake.open.maxFollows).toBeLessThanOrEqual(maxStreams);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
    expect(follower.pool.stats).toMatchObject({ streamsOpen: 0, streamsWaiting: 0, tasks: 0 });
  });
});

import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StreamPool } from "../../src/index.ts";
import type { PoolOptions, PoolStatus } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, eventually, failure, nothingOpen, thrown, turns } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";
import { sizes, twoSizes } from "../support/size.ts";

let east: FakeEngine;
let west: FakeEngine;
let pools: StreamPool[];
beforeEach(async () => {
  [east, west] = await Promise.all([FakeEngine.start(), FakeEngine.start()]);
  pools = [];
});
afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  await Promise.all([east.close(), west.close()]);
});

function open(options: PoolOptions = {}): StreamPool {
  const engines = { east: east.engine, west: west.engine };
  const pool = new StreamPool({ engines, source: eager, from: "start", ...options });
  pools.push(pool);
  return pool;
}

function follow(options: PoolOptions = {}): PoolFollower {
  return new PoolFollower(open(options));
}

function create(engine: FakeEngine, count: number, prefix: string): FakeContainer[] {
  return Array.from({ length: count }, (_, index) => {
    const container = engine.create({ name: `${prefix}${index}` });
    container.write("one");
    return container;
  });
}

/** The states of one engine, in their order. */
function statesOf(follower: PoolFollower, name: string): string[] {
  return follower
    .seen("engine")
    .filter(({ engine }) => engine === name)
    .map(({ state }) => state);
}

function isConnected(follower: PoolFollower, name: string): boolean {
  return statesOf(follower, name).at(-1) === "connected";
}

async function connected(follower: PoolFollower, ...names: readonly string[]): Promise<void> {
  await follower.until(() => names.every((name) => isConnected(follower, name)), "connected");
}

async function disconnected(follower: PoolFollower, name: string): Promise<void> {
  const isDown = (): boolean => statesOf(follower, name).at(-1) === "disconnected";
  await follower.until(isDown, `${name} disconnected`);
}

describe("several engines", () => {
  it("are each discovered, and records and statuses say which one they are of", async () => {
    const [here, there] = [create(east, 5, "e"), create(west, 7, "w")];
    const follower = follow();
    await follower.streaming(...here, ...there);
    await connected(follower, "east", "west");
    here.push(...create(east, 3, "later-e"));
    there.push(...create(west, 3, "later-w"));
    for (const container of [...here, ...there]) {
      container.write("two", { stream: "stderr" });
      await follower.expectAll(container);
    }
    await follower.end();
    for (const container of [...here, ...there]) follower.expectExactly(container);
    const eastern = new Set(here.map(({ id }) => id));
    const nameOf = (id: string): string => (eastern.has(id) ? "east" : "west");
    for (const { container } of [
      ...follower.records,
      ...follower.seen("attached"),
      ...follower.seen("detached"),
      ...follower.seen("source"),
    ])
      expect(container.engine).toBe(nameOf(container.id));
    expect(statesOf(follower, "east")).toEqual(["connected"]);
    expect(statesOf(follower, "west")).toEqual(["connected"]);
    await nothingOpen(east);
    await nothingOpen(west);
  });

  it("is the name default where there is but one", async () => {
    const [web] = create(east, 1, "c");
    if (web === undefined) throw new Error("none");
    const pool = new StreamPool({ engine: east.engine, from: "start" });
    pools.push(pool);
    const follower = new PoolFollower(pool);
    await follower.expectAll(web);
    await follower.end();
    expect(follower.records[0]?.container.engine).toBe("default");
    expect(follower.seen("engine")).toMatchObject([{ engine: "default", state: "connected" }]);
  });

  it("share the streams, and the names of a selection's function see the engine", async () => {
    const [here, there] = [create(east, 6, "c"), create(west, 6, "d")];
    const follower = follow({
      maxStreams: 2,
      timeSliceMs: 20,
      select: ({ engine, name }) => engine === "east" || name !== "d0",
    });
    const followed = [...here, ...there.slice(1)];
    for (const container of followed) await follower.expectAll(container);
    for (const container of [...here, ...there]) container.write("two");
    for (const container of followed) await follower.expectAll(container);
    await follower.end();
    for (const container of followed) follower.expectExactly(container);
    expect(follower.records).toHaveLength(22);
    expect(east.open.maxFollows).toBeLessThanOrEqual(2);
    expect(west.open.maxFollows).toBeLessThanOrEqual(2);
    expect(follower.pool.stats.streamsMax).toBe(2);
  });

  it("may have containers of the same name, which are two sources", async () => {
    const [here, there] = [east.create({ name: "web" }), west.create({ name: "web" })];
    const follower = follow();
    await follower.streaming(here, there);
    expect(follower.pool.sources.size).toBe(2);
    for (let line = 0; line < 20; line++) {
      here.write(`east ${line}`);
      there.write(`west ${line}`);
    }
    await follower.expectAll(here);
    await follower.expectAll(there);
    // The other's lines wait for nobody of another engine.
    here.remove();
    const next = east.create({ name: "web" });
    for (const container of [next, there]) {
      container.write("and one more");
      await follower.expectAll(container);
    }
    await follower.until(() => follower.pool.sources.size === 2, "2 again");
    await follower.end();
    for (const container of [here, there, next]) follower.expectExactly(container);
  });

  it("are not asked again and again for what the other one has", async () => {
    const [web] = create(west, 1, "web");
    if (web === undefined) throw new Error("none");
    const follower = follow();
    await follower.expectAll(web);
    for (let round = 0; round < 5; round++) {
      web.restart();
      web.write(`round ${round}`);
      await follower.expectAll(web);
    }
    await follower.end();
    expect(east.requests.filter(({ path }) => path.includes(web.id))).toEqual([]);
  });
});

describe("an engine that is down", () => {
  it("from the start does not disturb the other, and is found when it is there", async () => {
    const [here, there] = [create(east, 4, "e"), create(west, 4, "w")];
    east.outage();
    const follower = follow();
    await disconnected(follower, "east");
    for (const container of there) {
      container.write("two");
      await follower.expectAll(container);
    }
    expect(follower.seen("engine").find(({ engine }) => engine === "east")?.error).toMatchObject({
      code: "ENGINE_UNREACHABLE",
    });
    expect(statesOf(follower, "west")).toEqual(["connected"]);
    const later = create(east, 1, "created-meanwhile");
    there.push(...create(west, 1, "created-meanwhile"));
    await follower.expectAll(there[4] ?? west.container("w0"));
    east.restore();
    for (const container of [...here, ...later]) await follower.expectAll(container);
    expect(statesOf(follower, "east")).toEqual(["disconnected", "connected"]);
    await follower.end();
    for (const container of [...here, ...there, ...later]) follower.expectExactly(container);
  });

  it("later does not disturb the other, and nothing of either is lost", async () => {
    const [here, there] = [create(east, 4, "e"), create(west, 4, "w")];
    const follower = follow();
    await follower.streaming(...here, ...there);
    for (let round = 0; round < 3; round++) {
      east.outage();
      await disconnected(follower, "east");
      const [restarted, removed] = here;
      restarted?.restart();
      if (round === 2) removed?.stop();
      for (const container of [...here, ...there]) container.write(`in outage ${round}`);
      for (const container of there) {
        await follower.expectAll(container);
        container.restart();
        container.write("of the next run");
        await follower.expectAll(container);
      }
      there.push(...create(west, 1, `created-in-${round}-`));
      here.push(...create(east, 1, `created-in-${round}-`));
      await follower.expectAll(there.at(-1) ?? west.container("w0"));
      expect(statesOf(follower, "west")).toEqual(["connected"]);
      east.restore();
      await connected(follower, "east");
      for (const container of here) await follower.expectAll(container);
    }
    expect(statesOf(follower, "east")).toHaveLength(7);
    for (const container of there)
      expect(follower.of(container).map(({ type }) => type)).not.toContain("reconnecting");
    await follower.end();
    for (const container of [...here, ...there]) follower.expectExactly(container);
  });

  it("or never answers does not disturb the other", async () => {
    const there = create(west, 4, "w");
    create(east, 4, "e");
    east.fault = () => ({ withholdHeaders: true });
    const follower = follow();
    await eventually(() => east.requests.length > 0, "a request");
    for (let round = 0; round < 3; round++) {
      for (const container of there) container.restart();
      west.cutEvents();
      for (const container of there) container.write(`round ${round}`);
      for (const container of there) await follower.expectAll(container);
    }
    expect(statesOf(follower, "east")).toEqual([]);
    await follower.end();
    for (const container of there) follower.expectExactly(container);
    await nothingOpen(east);
    await nothingOpen(west);
  });

  it("does not keep the other's containers from their turns", twoSizes, async () => {
    const each = sizes({ short: 6, long: 10 });
    const [here, there] = [create(east, each, "e"), create(west, each, "w")];
    const follower = follow({ maxStreams: 2, timeSliceMs: 20 });
    for (const container of [...here, ...there]) await follower.expectAll(container);
    for (const fault of [undefined, () => ({ withholdHeaders: true }) as const]) {
      east.fault = fault;
      if (fault === undefined) east.outage();
      for (let round = 0; round < 3; round++) {
        for (const container of [...here, ...there]) container.write(`round ${round}`);
        if (fault === undefined) for (const container of there) await follower.expectAll(container);
        else break;
      }
      east.fault = undefined;
      if (fault !== undefined) for (const container of here) container.cut();
      east.restore();
      for (const container of [...here, ...there]) await follower.expectAll(container);
    }
    await follower.end();
    for (const container of [...here, ...there]) follower.expectExactly(container);
    expect(east.open.maxFollows).toBeLessThanOrEqual(2);
    expect(west.open.maxFollows).toBeLessThanOrEqual(2);
  });

  it("as is the other, and the pool goes on with whichever comes back first", async () => {
    const [here, there] = [create(east, 2, "e"), create(west, 2, "w")];
    for (const engine of [east, west]) engine.outage();
    const follower = follow();
    await disconnected(follower, "east");
    await disconnected(follower, "west");
    west.restore();
    for (const container of there) await follower.expectAll(container);
    expect(statesOf(follower, "east")).toEqual(["disconnected"]);
    east.restore();
    for (const container of here) await follower.expectAll(container);
    await follower.end();
    for (const container of [...here, ...there]) follower.expectExactly(container);
  });

  it("does not hold up close()", async () => {
    create(east, 4, "e");
    const there = create(west, 4, "w");
    const follower = follow();
    await connected(follower, "east", "west");
    for (const container of there) await follower.expectAll(container);
    east.outage();
    await disconnected(follower, "east");
    await follower.end();
    east.restore();
    for (const engine of [east, west]) await nothingOpen(engine);
    for (const container of there) follower.expectExactly(container);
    const { tasks, sockets, containers } = follower.pool.stats;
    expect([tasks, sockets, containers]).toEqual([0, 0, 0]);
  });
});

describe("attach()", () => {
  const nobody = { discover: false } as const;

  it("by `engineName` takes that engine's container", async () => {
    const [here, there] = [east.create({ name: "web" }), west.create({ name: "web" })];
    const follower = follow(nobody);
    const second = await follower.pool.attach("web", { engineName: "west" });
    expect(second.info).toMatchObject({ id: there.id, engine: "west" });
    const first = await follower.pool.attach("web", { engineName: "east" });
    expect(first.info).toMatchObject({ id: here.id, engine: "east" });
    expect(await follower.pool.attach("web", { engineName: "west" })).toBe(second);
    expect(await follower.pool.attach("web", { engineName: "east" })).toBe(first);
    for (const container of [here, there]) {
      container.write("one");
      await follower.expectAll(container);
    }
    await follower.end();
    expect(follower.seen("attached")).toHaveLength(2);
  });

  it("without one finds it wherever it is", async () => {
    const [here] = create(east, 1, "e");
    const [there] = create(west, 1, "w");
    if (here === undefined || there === undefined) throw new Error("none");
    const follower = follow(nobody);
    expect((await follower.pool.attach("w0")).info?.engine).toBe("west");
    expect((await follower.pool.attach(here.id)).info?.engine).toBe("east");
    expect((await follower.pool.attach(there.id)).info?.engine).toBe("west");
    for (const container of [here, there]) await follower.expectAll(container);
    await follower.end();
    for (const container of [here, there]) follower.expectExactly(container);
  });

  it("of what none has, or not the one that is named, says so", async () => {
    create(west, 1, "w");
    const follower = follow(nobody);
    await failure(follower.pool.attach("nobody"), "CONTAINER_NOT_FOUND");
    await failure(follower.pool.attach("w0", { engineName: "east" }), "CONTAINER_NOT_FOUND");
    await follower.pool.attach("w0");
    await failure(follower.pool.attach("w0", { engineName: "east" }), "CONTAINER_NOT_FOUND");
    expect(follower.pool.sources.size).toBe(1);
    await follower.end();
  });

  it("refuses a name of no engine", async () => {
    const [web] = create(east, 1, "web");
    const follower = follow(nobody);
    for (const engineName of ["north", "default", "", "toString", "__proto__", 5]) {
      // @ts-expect-error what a program without types may give
      const error = await failure(follower.pool.attach("web0", { engineName }), "INVALID_OPTION");
      expect(error.message).toContain("engineName");
      expect(error.message).toContain("east, west");
    }
    await follower.pool.attach("web0", { engineName: "east" });
    await failure(follower.pool.attach("web0", { engineName: "north" }), "INVALID_OPTION");
    if (web === undefined) throw new Error("none");
    await follower.expectAll(web);
    await follower.end();
  });

  it("finds what the second engine has while the first is down", async () => {
    const [there] = create(west, 1, "w");
    if (there === undefined) throw new Error("none");
    // It would wait for so long, if it asked one after the other.
    const engines = {
      east: { ...east.engine, connectTimeoutMs: 3_600_000 },
      west: west.engine,
    };
    east.outage();
    const follower = follow({ ...nobody, engines });
    await disconnected(follower, "east");
    expect((await follower.pool.attach("w0", { engineName: "west" })).info?.id).toBe(there.id);
    await follower.pool.detach("w0");
    const attaching = follower.pool.attach("w0").catch((error: unknown) => error);
    await follower.attached(there);
    expect(await attaching).toBe(follower.source(there));
    await follower.end();
  });

  it("of what is nowhere, while one engine is down, is the fault of the engine", async () => {
    create(west, 1, "w");
    const engines = { east: { ...east.engine, connectTimeoutMs: 50 }, west: west.engine };
    east.outage();
    const follower = follow({ ...nobody, engines });
    await failure(follower.pool.attach("nobody"), "ENGINE_UNREACHABLE");
    await failure(follower.pool.attach("nobody", { engineName: "west" }), "CONTAINER_NOT_FOUND");
    await follower.end();
  });
});

describe("a name that two engines have", () => {
  it("is detached and rotated by id", async () => {
    const [here, there] = [east.create({ name: "web" }), west.create({ name: "web" })];
    const follower = follow();
    await follower.streaming(here, there);
    expect(await follower.pool.rotate(there.id)).toMatchObject([
      { status: "fulfilled", value: { container: there.id } },
    ]);
    await follower.pool.detach(here.id);
    expect([...follower.pool.sources.keys()]).toEqual([there.id]);
    here.restart();
    there.restart();
    there.write("one");
    await follower.expectAll(there);
    await turns(20);
    expect([...follower.pool.sources.keys()]).toEqual([there.id]);
    // It is unambiguous again.
    await follower.pool.detach("web");
    expect(follower.pool.sources.size).toBe(0);
    await follower.end();
  });

  it("is never half detached: either both are, or neither, and then both go on", async () => {
    const [here, there] = [east.create({ name: "web" }), west.create({ name: "web" })];
    const follower = follow();
    await follower.streaming(here, there);
    const isRefused = await follower.pool.detach("web").then(
      () => false,
      () => true,
    );
    expect(follower.pool.sources.size).toBe(isRefused ? 2 : 0);
    await follower.end();
  });
});

describe("options", () => {
  const secret = "BEGIN PRIVATE KEY hunter2";
  const withSecret = { host: "example.com", key: secret, sshOptions: { password: secret } };

  /** Whatever a logger may print of an error. */
  function shownOf(error: Error): string {
    return [error.message, error.stack, JSON.stringify(error), inspect(error, { depth: 9 })].join();
  }

  it("refuse both engine and engines, and show no secrets", () => {
    const error = thrown(
      () => new StreamPool({ engine: withSecret, engines: { east: withSecret } }),
      "INVALID_OPTION",
    );
    expect(error.message).toContain("engines");
    expect(shownOf(error)).not.toContain("hunter2");
  });

  it("refuse an engine that is none, and show no secrets", () => {
    for (const engine of [
      [withSecret],
      "ftp://hunter2@example.com",
      { ...withSecret, key: [secret] },
    ]) {
      // @ts-expect-error what a program without types may give
      const error = thrown(() => new StreamPool({ engine }), "INVALID_OPTION");
      expect(error.message).toContain("engine");
      expect(shownOf(error)).not.toContain("hunter2");
    }
  });

  it("refuse engines that are none, and show no secrets", () => {
    const invalid: readonly unknown[] = [
      {},
      [],
      [withSecret],
      "east",
      5,
      null,
      { east: undefined },
      { east: "tcp://hunter2@example.com:port" },
      { east: east.engine, west: { ...withSecret, hots: "typo" } },
      { east: { ...withSecret, port: -1 } },
      { east: [withSecret] },
    ];
    for (const engines of invalid) {
      const error = thrown(
        // @ts-expect-error what a program without types may give
        () => new StreamPool({ engines }),
        "INVALID_OPTION",
      );
      expect(error.message).toContain("engine");
      expect(shownOf(error)).not.toContain("hunter2");
    }
  });

  it("take engines by any name", async () => {
    const [web] = create(east, 1, "web");
    if (web === undefined) throw new Error("none");
    for (const name of ["", "constructor", "eu-west 1/a", "5", "ñ"]) {
      const follower = follow({ engines: { [name]: east.engine } });
      await follower.expectAll(web);
      expect(follower.records[0]?.container.engine).toBe(name);
      expect(follower.seen("engine")).toEqual<PoolStatus[]>([
        { type: "engine", engine: name, state: "connected" },
      ]);
      await follower.end();
    }
  });

  it("are read once: what the caller does to them later changes nothing", async () => {
    const [web] = create(east, 1, "web");
    if (web === undefined) throw new Error("none");
    const engines: Record<string, typeof east.engine> = { east: { ...east.engine } };
    const pool = open({ engines });
    engines["west"] = west.engine;
    delete engines["east"];
    const follower = new PoolFollower(pool);
    await follower.expectAll(web);
    await follower.end();
    expect(west.requests).toEqual([]);
  });
});

import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { StreamPool } from "../../src/index.ts";
import type { Checkpoint, LogRecord, PoolStatus } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { LocalLeases, SharedStore } from "../support/pool-leases.ts";
import type { LocalOwner } from "../support/pool-leases.ts";

/** A pool with a sink, what it took, and what it told. */
class Collector {
  readonly pool: StreamPool;
  readonly owner: LocalOwner;
  readonly store: SharedStore;
  readonly taken: LogRecord[] = [];
  readonly told: string[] = [];
  /** The sink returns once that is resolved. */
  gate: Promise<void> = Promise.resolve();

  constructor(fake: FakeEngine, leases: LocalLeases, entries: Map<string, Checkpoint>) {
    this.owner = leases.owner();
    this.store = new SharedStore(entries);
    this.pool = new StreamPool({
      engine: fake.engine,
      from: "start",
      leases: this.owner,
      checkpoints: this.store,
      source: { checkpointEveryMs: 20 },
    });
    this.pool.on("status", (status: PoolStatus) => this.told.push(status.type));
    const sink = (records: readonly LogRecord[]): Promise<void> => {
      this.taken.push(...records);
      return this.gate;
    };
    this.pool.deliver(sink, { maxWaitMs: 5 });
  }

  get lines(): string[] {
    return this.taken.map(({ line }) => line);
  }
}

/** An engine with a container that runs, and what its collectors share. */
class Shared implements AsyncDisposable {
  readonly fake: FakeEngine;
  readonly web: FakeContainer;
  readonly entries: Map<string, Checkpoint> = new Map();
  readonly #leases = new LocalLeases();
  readonly #collectors: Collector[] = [];

  private constructor(fake: FakeEngine) {
    this.fake = fake;
    this.web = fake.create({ name: "web" });
    this.web.start();
  }

  static async start(): Promise<Shared> {
    return new Shared(await FakeEngine.start());
  }

  collector(): Collector {
    const collector = new Collector(this.fake, this.#leases, this.entries);
    this.#collectors.push(collector);
    return collector;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pool } of this.#collectors.toReversed()) await pool.close();
    await this.fake.close();
  }
}

/** A collector that stands by. */
async function spareOf(shared: Shared): Promise<Collector> {
  const spare = shared.collector();
  await expect.poll(() => spare.told, { timeout: 10_000 }).toContain("standby");
  return spare;
}

function write(container: FakeContainer, first: number, count: number): void {
  for (let n = first; n < first + count; n++) container.write(`line ${n}`);
}

async function hasTaken(collector: Collector, container: FakeContainer): Promise<void> {
  const last = container.written.at(-1)?.line;
  await expect.poll(() => collector.lines.at(-1), { timeout: 10_000 }).toBe(last);
}

describe("pools that share leases", () => {
  it("follow each container once: one of them, and the others stand by", async () => {
    await using shared = await Shared.start();
    const { web } = shared;
    write(web, 0, 10);
    const one = shared.collector();
    await hasTaken(one, web);
    const spare = await spareOf(shared);
    await spare.pool.ready();
    const { status, components } = spare.pool.health();
    expect(status).toBe("healthy");
    expect(components["streams"]?.detail).toBe(
      "no container is followed here; 1 on standby, whose lease another pool has",
    );
    write(web, 10, 10);
    await hasTaken(one, web);
    expect(spare.lines).toEqual([]);
    expect(shared.fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("the spare goes on from the last position saved, and the old holder neither delivers nor saves", async () => {
    await using shared = await Shared.start();
    const { web } = shared;
    write(web, 0, 10);
    const one = shared.collector();
    await hasTaken(one, web);
    const key = `${one.owner.keys[0]}`;
    await expect
      .poll(() => one.store.saved.filter((saved) => saved === key).length)
      .toBeGreaterThan(1);
    const spare = await spareOf(shared);
    await one.pool.rotate();
    one.owner.loseAll();
    await expect.poll(() => spare.told, { timeout: 10_000 }).toContain("attached");
    const saves = one.store.saved.filter((saved) => saved === key).length;
    write(web, 10, 10);
    await hasTaken(spare, web);
    expect(spare.lines).toEqual(web.written.slice(10).map(({ line }) => line));
    expect(one.lines).toEqual(web.written.slice(0, 10).map(({ line }) => line));
    expect(one.store.saved.filter((saved) => saved === key)).toHaveLength(saves);
    // The one that lost it is the spare now.
    await expect.poll(() => one.told, { timeout: 8_000 }).toContain("standby");
    spare.owner.loseAll();
    write(web, 20, 5);
    await hasTaken(one, web);
    const all = new Set([...one.lines, ...spare.lines]);
    expect(all).toEqual(new Set(web.written.map(({ line }) => line)));
  });

  it("one whose sink still has lines from before it lost the lease takes it again only once they are through", async () => {
    await using shared = await Shared.start();
    const { web } = shared;
    const gate = new AbortController();
    const one = shared.collector();
    one.gate = new Promise((resolve) => gate.signal.addEventListener("abort", () => resolve()));
    using _ = { [Symbol.dispose]: () => gate.abort() };
    write(web, 0, 10);
    await hasTaken(one, web);
    const key = `${one.owner.keys[0]}`;
    const spare = await spareOf(shared);
    one.owner.loseAll();
    await hasTaken(spare, web);
    write(web, 10, 10);
    await hasTaken(spare, web);
    await expect.poll(() => one.told, { timeout: 8_000 }).toContain("standby");
    await spare.pool.close();
    const saved = shared.entries.get(key);
    // Longer than a free lease takes.
    await delay(500);
    expect(one.owner.keys).toEqual([]);
    expect(shared.entries.get(key)).toEqual(saved);
    gate.abort();
    write(web, 20, 5);
    await hasTaken(one, web);
    const lines = web.written.map(({ line }) => line);
    expect(one.lines).toEqual([...lines.slice(0, 10), ...lines.slice(20)]);
    expect(spare.lines).toEqual(lines.slice(0, 20));
  });

  it("one that has the lease and can't load the position goes on from there once it can", async () => {
    await using shared = await Shared.start();
    const { web } = shared;
    const one = shared.collector();
    await one.pool.ready();
    const spare = await spareOf(shared);
    write(web, 0, 10);
    await hasTaken(one, web);
    spare.store.failures = 2;
    await one.pool.close();
    write(web, 10, 5);
    await hasTaken(spare, web);
    expect(spare.lines).toEqual(web.written.slice(10).map(({ line }) => line));
    expect(spare.store.failures).toBe(0);
  });

  it("one that loses the lease while it loads the position follows nothing before it has it again", async () => {
    await using shared = await Shared.start();
    const { web } = shared;
    const one = shared.collector();
    await one.pool.ready();
    const spare = await spareOf(shared);
    write(web, 0, 10);
    await hasTaken(one, web);
    const waiting: (() => void)[] = [];
    spare.store.waiting = waiting;
    one.owner.loseAll();
    await expect.poll(() => waiting.length, { timeout: 10_000 }).toBe(1);
    spare.owner.loseAll();
    // The first one has it again, and goes on meanwhile.
    await expect.poll(() => one.owner.keys.length, { timeout: 10_000 }).toBe(1);
    write(web, 10, 10);
    await hasTaken(one, web);
    spare.store.waiting = undefined;
    for (const go of waiting) go();
    write(web, 20, 10);
    await hasTaken(one, web);
    expect(spare.told).not.toContain("attached");
    await one.pool.close();
    write(web, 30, 10);
    await hasTaken(spare, web);
    expect(spare.lines).toEqual(web.written.slice(30).map(({ line }) => line));
  });

  it("a pool that is closed gives its leases back once all is saved", async () => {
    await using shared = await Shared.start();
    const { web } = shared;
    write(web, 0, 10);
    const one = shared.collector();
    await hasTaken(one, web);
    const spare = await spareOf(shared);
    write(web, 10, 10);
    await hasTaken(one, web);
    await one.pool.close();
    write(web, 20, 10);
    await hasTaken(spare, web);
    expect(spare.lines).toEqual(web.written.slice(20).map(({ line }) => line));
    expect(one.owner.keys).toEqual([]);
  });

  it("a container that goes while its lease is waited for is forgotten, and one that is detached is given back", async () => {
    await using shared = await Shared.start();
    const { fake, web } = shared;
    const api = fake.create({ name: "api" });
    api.start();
    const one = shared.collector();
    await one.pool.ready();
    await expect.poll(() => one.owner.keys.length, { timeout: 10_000 }).toBe(2);
    const spare = shared.collector();
    await expect
      .poll(() => spare.told.filter((type) => type === "standby").length, { timeout: 10_000 })
      .toBe(2);
    api.remove();
    await expect
      .poll(() => spare.pool.health().components["streams"]?.detail)
      .toContain("1 on standby");
    write(web, 0, 5);
    await hasTaken(one, web);
    await one.pool.detach("web");
    write(web, 5, 5);
    await hasTaken(spare, web);
    await expect.poll(() => one.owner.keys).toEqual([]);
  });

  it("one that has lost its leases often asks for them again as soon as one that lost them once", async () => {
    await using shared = await Shared.start();
    const one = shared.collector();
    for (let time = 0; time < 5; time++) {
      await expect.poll(() => one.owner.keys.length, { timeout: 10_000 }).toBe(1);
      await expect.poll(() => one.pool.sources.size).toBe(1);
      one.owner.loseAll();
    }
    // After a fifth failure in a row it would be eight seconds or more.
    await expect.poll(() => one.owner.keys.length, { timeout: 7_000 }).toBe(1);
  });

  it("attach() waits for the lease", async () => {
    await using shared = await Shared.start();
    const { web } = shared;
    const one = shared.collector();
    await one.pool.ready();
    await expect.poll(() => one.owner.keys.length, { timeout: 10_000 }).toBe(1);
    const spare = await spareOf(shared);
    const attached = spare.pool.attach("web");
    one.owner.loseAll();
    expect((await attached).info?.name).toBe("web");
    write(web, 0, 5);
    await hasTaken(spare, web);
  });

  it("need a store for what is delivered", () => {
    const leases = new LocalLeases().owner();
    expect(() => new StreamPool({ leases })).toThrow("together with checkpoints");
  });
});

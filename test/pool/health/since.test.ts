import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MemoryCheckpointStore, StreamPool } from "../../../src/index.ts";
import type { PoolOptions } from "../../../src/index.ts";
import { FakeEngine } from "../../../src/testing.ts";
import type { FakeContainer } from "../../../src/testing.ts";
import { eager, eventually, failure } from "../../support/fake-follow.ts";
import { closeWhenFinished } from "../../support/left-open.ts";
import { later } from "../../support/watched-pool.ts";

/** Nobody asks for so long: what is told then is not when somebody asked. */
const UNASKED_MS = 3_000;
/** What is told as a time may be so far from the system's clock. */
const CLOCK_MS = 100;

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(() => fake.close());

function open(options: PoolOptions = {}): StreamPool {
  const pool = new StreamPool({
    engine: fake.engine,
    from: "start",
    source: { ...eager, checkpointEveryMs: 1 },
    checkpoints: new MemoryCheckpointStore(),
    ...options,
  });
  closeWhenFinished(pool);
  return pool;
}

function sinceOf(pool: StreamPool, component: string): number {
  const found = later(UNASKED_MS, () => pool.health()).components[component];
  expect(found?.status).toBe("healthy");
  return found?.since ?? NaN;
}

function streaming(pool: StreamPool): Promise<void> {
  return eventually(() => pool.sources.get(web.id)?.stats.state === "streaming", "streaming");
}

describe("what is healthy is so", () => {
  it("since it began, and not since somebody asked", async () => {
    const before = Date.now();
    const pool = open();
    pool.deliver(() => {}, { name: "s" });
    await streaming(pool);
    const followedAt = Date.now();
    const names = ["engine:default", "discovery", "streams", "buffer", "delivery:s", "checkpoints"];
    for (const name of names) {
      const since = sinceOf(pool, name);
      expect(since).toBeGreaterThanOrEqual(before - CLOCK_MS);
      expect(since).toBeLessThanOrEqual(followedAt + CLOCK_MS);
      // It stays so.
      expect(sinceOf(pool, name)).toBe(since);
    }
    await pool.close();
  });

  it("since an engine was reached again, also where nobody asked in between", async () => {
    const pool = open();
    pool.deliver(() => {});
    await streaming(pool);
    const first = sinceOf(pool, "engine:default");
    const told: string[] = [];
    pool.on("engine", ({ state }) => told.push(state));
    const away = Date.now();
    fake.outage();
    await eventually(() => told.includes("disconnected"), "away");
    fake.restore();
    await eventually(() => told.at(-1) === "connected", "back");
    const back = Date.now();
    const since = sinceOf(pool, "engine:default");
    expect(since).toBeGreaterThan(first);
    expect(since).toBeGreaterThanOrEqual(away - CLOCK_MS);
    expect(since).toBeLessThanOrEqual(back + CLOCK_MS);
    await pool.close();
  });

  it("since it began, where the engine's events were only asked for again", async () => {
    const pool = open();
    pool.deliver(() => {});
    await streaming(pool);
    const first = sinceOf(pool, "engine:default");
    const asked = (): number => fake.requests.filter(({ path }) => path.includes("/events")).length;
    const before = asked();
    fake.cutEvents();
    await eventually(() => asked() > before, "asked for again");
    await eventually(() => pool.health().components["engine:default"]?.status === "healthy");
    expect(sinceOf(pool, "engine:default")).toBe(first);
    await pool.close();
  });

  it("since a sink took what it had refused, also where nobody asked in between", async () => {
    const pool = open();
    let refusals = 0;
    let tookAt = 0;
    pool.deliver(
      () => {
        if (refusals++ < 3) throw new Error("busy");
        tookAt = Date.now();
      },
      { name: "s", maxWaitMs: 0, retry: { minDelayMs: 1, maxDelayMs: 1 } },
    );
    await streaming(pool);
    const refusedAt = Date.now();
    web.write("one");
    await eventually(() => tookAt > 0, "taken");
    const since = sinceOf(pool, "delivery:s");
    expect(since).toBeGreaterThanOrEqual(refusedAt - CLOCK_MS);
    expect(since).toBeLessThanOrEqual(tookAt + CLOCK_MS);
    await pool.close();
  });

  it("no longer than since it was seen ill", async () => {
    const pool = open({ timeSliceMs: 1 });
    pool.deliver(() => {});
    await streaming(pool);
    fake.fault = ({ path }) => (path.includes("/logs") ? { status: 500 } : undefined);
    web.cut();
    await eventually(() => pool.health().components["streams"]?.status !== "healthy", "ill");
    const illAt = Date.now();
    fake.fault = undefined;
    await eventually(() => pool.health().components["streams"]?.status === "healthy", "well");
    expect(sinceOf(pool, "streams")).toBeGreaterThanOrEqual(illAt - CLOCK_MS);
    await pool.close();
  });
});

it("a pool that has ended is unhealthy since then, and not since somebody asked", async () => {
  const pool = open();
  pool.deliver(() => {});
  await streaming(pool);
  await pool.close();
  const closedAt = Date.now();
  for (const { since } of Object.values(later(UNASKED_MS, () => pool.health()).components))
    expect(since).toBeLessThanOrEqual(closedAt + CLOCK_MS);
  await failure(pool.ready(), "CLOSED");
});

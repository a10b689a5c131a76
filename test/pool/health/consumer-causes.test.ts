import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PoolOptions, Sink } from "../../../src/index.ts";
import { BOUNDS } from "../../../src/pool/health/bounds.ts";
import { FakeEngine } from "../../../src/testing.ts";
import type { FakeContainer } from "../../../src/testing.ts";
import { eager, eventually, failure } from "../../support/fake-follow.ts";
import { twoSizes } from "../../support/size.ts";
import { WatchedPool } from "../../support/watched-pool.ts";

let fake: FakeEngine;
let web: FakeContainer;
let watched: WatchedPool;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(async () => {
  await watched.pool.close().catch(() => {});
  await fake.close();
});

function open(name: string, options: PoolOptions = {}): WatchedPool {
  watched = new WatchedPool(name, { engine: fake.engine, ...options });
  return watched;
}

/** More than the pool holds. */
function writeMuch(): void {
  for (let index = 0; index < 2_000; index++) web.write(`${index} ${"x".repeat(100)}`);
}

const tight: PoolOptions = { bufferBytes: 10_000, source: { ...eager, bufferBytes: 10_000 } };

describe("a pool is not healthy, and names the sink,", () => {
  it("that fails and is called again", async () => {
    const pool = open("a sink that is retried");
    let isDown = true;
    const sink: Sink = async (records, context) => {
      if (isDown) throw new Error("HTTP 503");
      await pool.keep(records, context);
    };
    const retry = { minDelayMs: 1, maxDelayMs: 20 };
    pool.pool.deliver(sink, { name: "http", maxWaitMs: 0, retry });
    await pool.fails(() => web.write("first"));
    await pool.expectTold({
      component: "delivery:http",
      status: "degraded",
      says: /^attempt \d+ failed: HTTP 503$/,
    });
    // It is told while the sink is called as well.
    let looks = 0;
    const seen = await pool.samples(() => ++looks > 100);
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set(["degraded"]));
    await pool.expectRecovery(() => {
      isDown = false;
    }, web);
  });

  it("that does not return", twoSizes, async () => {
    const pool = open("a sink that hangs");
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const sink: Sink = async (records, context) => {
      await gate;
      await pool.keep(records, context);
    };
    pool.pool.deliver(sink, { name: "disk", maxWaitMs: 0 });
    await pool.fails(() => web.write("first"));
    await pool.expectTold({
      component: "delivery:disk",
      status: "degraded",
      says: /^a batch of 1 records was not taken for \d+ s$/,
      afterMs: BOUNDS.sinkMs + 500,
    });
    await pool.expectRecovery(() => go(), web);
  });

  it("that has failed for good, also where two have one name", async () => {
    const pool = open("a sink that has failed");
    pool.pool.deliver(pool.keep, { name: "http" });
    const sink: Sink = () => {
      throw new Error("HTTP 400");
    };
    const broken = pool.pool.deliver(sink, {
      name: "http",
      maxWaitMs: 0,
      retry: { attempts: 1 },
    });
    web.write("first");
    await failure(broken.done, "SINK_FAILED");
    for (const component of ["delivery:http#2", "engine:default", "streams"])
      await pool.expectTold({
        component,
        status: "unhealthy",
        says: /^the pool has failed: .*http#2.*HTTP 400/,
      });
    expect(pool.pool.health()).toMatchObject({ status: "unhealthy", ready: false });
    await failure(pool.pool.ready(), "SINK_FAILED");
  });
});

describe("a pool is not healthy, and its streams are blamed for nothing,", () => {
  it("where a loop does not ask, so that nothing is read", twoSizes, async () => {
    const pool = open("a loop that does not ask", tight);
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const loop = (async () => {
      for await (const record of pool.pool) {
        pool.records.push(record);
        if (pool.records.length === 1) await gate;
      }
    })();
    await pool.fails(writeMuch);
    await eventually(() => pool.records.length === 1);
    await pool.expectTold({
      component: "buffer",
      status: "unhealthy",
      says: /^full, so that nothing is read: \d+ bytes wait since \d+ s, and the consumer takes nothing$/,
      afterMs: BOUNDS.fullMs + 1_000,
    });
    // However long that lasts: nothing is wrong with the stream.
    for (const ms of [20_000, 70_000]) {
      const { streams } = pool.healthIn(ms).components;
      expect(streams).toMatchObject({ status: "healthy" });
    }
    await pool.expectRecovery(() => go(), web);
    expect(pool.statuses.filter(({ type }) => type === "stalled")).toEqual([]);
    await pool.pool.close();
    await loop;
  });

  it("where there is no consumer", twoSizes, async () => {
    const pool = open("no consumer");
    await pool.pool.ready();
    await pool.healthy();
    await pool.fails(() => web.write("first"));
    await eventually(() => pool.pool.stats.bufferedBytes > 0);
    await pool.expectTold({
      component: "buffer",
      status: "degraded",
      says: /^\d+ bytes wait since \d+ s, and the consumer takes nothing$/,
      afterMs: BOUNDS.untakenMs + 500,
    });
    await pool.expectRecovery(() => pool.consume(), web);
  });
});

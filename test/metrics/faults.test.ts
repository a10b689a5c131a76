import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MemoryCheckpointStore } from "../../src/index.ts";
import type { Checkpoint, LogBatch, PoolOptions } from "../../src/index.ts";
import { BOUNDS } from "../../src/pool/health/bounds.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer, Fault } from "../../src/testing.ts";
import { Scraper } from "../support/exposition.ts";
import type { Exposition } from "../support/exposition.ts";
import { eager, eventually } from "../support/fake-follow.ts";
import { sizes, twoSizes } from "../support/size.ts";
import { WatchedPool, later } from "../support/watched-pool.ts";
import type { Expected } from "../support/watched-pool.ts";

class FaultyStore extends MemoryCheckpointStore {
  isFull = false;

  override async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    if (this.isFull) throw new Error("no space left");
    await super.save(entries);
  }
}

let fake: FakeEngine;
let web: FakeContainer;
let store: FaultyStore;
let watched: WatchedPool;
let scraper: Scraper;
/** What the sink, or the loop, does with what it gets. */
let consumer: "takes" | "hangs" | "fails";
let release: () => void;
let released: Promise<void>;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  web.write("before");
  store = new FaultyStore();
  consumer = "takes";
  released = new Promise((resolve) => {
    release = resolve;
  });
});
afterEach(async () => {
  release();
  await watched.pool.close().catch(() => {});
  await fake.close();
});

function open(cause: string, options: PoolOptions = {}): void {
  watched = new WatchedPool(cause, {
    engine: { ...fake.engine, connectTimeoutMs: 300 },
    source: { ...eager, checkpointEveryMs: 1 },
    checkpoints: store,
    ...options,
  });
  scraper = new Scraper(watched.pool);
}

function deliver(): void {
  const sink = async (records: LogBatch): Promise<void> => {
    if (consumer === "hangs") await released;
    if (consumer === "fails") throw new Error("HTTP 503");
    watched.records.push(...records);
  };
  const retry = { minDelayMs: 1, maxDelayMs: 20 };
  watched.pool.deliver(sink, { name: "disk", maxWaitMs: 0, retry });
}

async function loop(): Promise<void> {
  for await (const record of watched.pool) {
    watched.records.push(record);
    if (consumer === "hangs") await released;
  }
}

function failLogs(fault: Fault): void {
  fake.fault = ({ path }) => (path.includes("/logs") ? fault : undefined);
}

function takesAgain(): void {
  consumer = "takes";
  release();
}

function restored(): void {
  fake.fault = undefined;
}

/** Since another scrape. */
function rise(name: string, now: Exposition, before: Exposition, labels = {}): number {
  return now.sum(`dockspool_${name}`, labels) - before.sum(`dockspool_${name}`, labels);
}

function gauge(name: string, now: Exposition, labels = {}): number {
  return now.sum(`dockspool_${name}`, labels);
}

const lagOfWeb = (now: Exposition): number =>
  gauge("container_log_lag_seconds", now, { container_name: "web" });
const inPhase = (phase: string, now: Exposition): number =>
  gauge("container_phase", now, { phase });

interface Start {
  readonly cause: string;
  readonly options?: PoolOptions;
  /** Default: a sink. */
  readonly by?: "loop";
}

interface Case extends Start {
  readonly make: () => unknown;
  /** What health says. */
  readonly told: Expected;
  /** What series show, once health has turned. */
  readonly shows: (now: Exposition, before: Exposition) => boolean;
  readonly mend: () => unknown;
  /** What they show when it is over. */
  readonly over: (now: Exposition, before: Exposition) => boolean;
}

const tight: PoolOptions = { bufferBytes: 10_000, source: { ...eager, bufferBytes: 10_000 } };

const CASES: readonly Case[] = [
  {
    cause: "an engine that is down",
    make: () => fake.outage(),
    told: { component: "engine:default", status: "unhealthy", says: /Can't reach the engine/ },
    shows: (now, before) =>
      rise("container_stream_reconnects_total", now, before) > 0 &&
      rise("container_stream_errors_total", now, before, { reason: "ENGINE_UNREACHABLE" }) > 0 &&
      inPhase("following", now) === 0 &&
      lagOfWeb(now) > 0.1,
    mend: () => fake.restore(),
    over: (now) => inPhase("following", now) === 1,
  },
  {
    cause: "capture that stands still while everything else lives",
    make: () => {
      failLogs({ withholdHeaders: true });
      web.cut();
      fake.create({ name: "next" });
    },
    told: {
      component: "streams",
      status: "unhealthy",
      says: /can't be followed for \d+ s/,
      afterMs: BOUNDS.troubleMs,
    },
    shows: (now, before) =>
      // It lives.
      rise("container_events_total", now, before, { action: "start" }) === 1 &&
      gauge("containers", now) === 2 &&
      gauge("component_health", now, { component: "engine:default" }) === 1 &&
      gauge("component_health", now, { component: "discovery" }) === 1 &&
      // And stands still.
      rise("log_lines_total", now, before) === 0 &&
      gauge("container_stream_age_seconds", now) === 0 &&
      inPhase("following", now) === 0 &&
      lagOfWeb(now) > 0.3,
    mend: restored,
    over: (now) => inPhase("following", now) === 2,
  },
  {
    cause: "a stream that has died without a word, and can't be opened anew",
    options: { source: { ...eager, checkpointEveryMs: 1, stallProbeMs: 400 } },
    make: () => {
      failLogs({ status: 502 });
      web.stall();
      web.write("kept back");
    },
    told: {
      component: "streams",
      status: "unhealthy",
      says: /^web can't be followed for \d+ s: .*502/,
      afterMs: BOUNDS.troubleMs,
    },
    shows: (now, before) =>
      rise("container_stream_errors_total", now, before, { reason: "ENGINE_RESPONSE" }) > 0 &&
      lagOfWeb(now) > 0.1,
    mend: restored,
    over: (now, before) => rise("container_stream_stalls_total", now, before) === 1,
  },
  {
    cause: "a buffer that is full",
    options: tight,
    by: "loop",
    make: () => {
      consumer = "hangs";
      for (let line = 0; line < 1_000; line++) web.write(`${line} ${"x".repeat(100)}`);
    },
    told: {
      component: "buffer",
      status: "unhealthy",
      says: /^full, so that nothing is read/,
      afterMs: BOUNDS.fullMs + 1_000,
    },
    shows: (now) =>
      gauge("buffer_bytes", now) >= gauge("buffer_limit_bytes", now) && lagOfWeb(now) > 0.1,
    mend: takesAgain,
    over: (now) => gauge("buffer_bytes", now) === 0,
  },
  {
    cause: "a sink that is stuck",
    make: () => {
      consumer = "hangs";
      web.write("in its hands");
    },
    told: {
      component: "delivery:disk",
      status: "degraded",
      says: /^a batch of 1 records was not taken for \d+ s$/,
      afterMs: BOUNDS.sinkMs + 500,
    },
    shows: (now, before) =>
      rise("log_lines_total", now, before) === 1 &&
      rise("log_lines_delivered_total", now, before) === 0 &&
      rise("delivery_batches_total", now, before) === 0 &&
      // Some of that before the sink was called.
      lagOfWeb(now) > 0.5,
    mend: takesAgain,
    over: (now, before) =>
      rise("delivery_batches_total", now, before, { outcome: "delivered" }) > 0 &&
      rise("delivery_seconds_sum", now, before) > 0.1,
  },
  {
    cause: "a sink that fails",
    make: () => {
      consumer = "fails";
      web.write("refused");
    },
    told: {
      component: "delivery:disk",
      status: "degraded",
      says: /^attempt \d+ failed: HTTP 503$/,
    },
    shows: (now, before) =>
      rise("delivery_retries_total", now, before, { sink: "disk" }) > 2 && lagOfWeb(now) > 0.05,
    mend: takesAgain,
    over: (now, before) =>
      rise("delivery_batches_total", now, before, { outcome: "delivered" }) > 0,
  },
  {
    cause: "checkpoints that can't be written",
    make: () => {
      store.isFull = true;
      web.write("delivered, and not saved");
    },
    told: {
      component: "checkpoints",
      status: "degraded",
      says: /^attempt \d+ failed: .*no space left/,
    },
    shows: (now, before) =>
      rise("checkpoint_writes_total", now, before, { outcome: "failed" }) > 0 &&
      gauge("checkpoint_age_seconds", now) > 0.1 &&
      // Lines come all the same.
      rise("log_lines_delivered_total", now, before) === 1 &&
      lagOfWeb(now) === 0,
    mend: () => {
      store.isFull = false;
    },
    over: (now, before) =>
      rise("checkpoint_writes_total", now, before, { outcome: "saved" }) > 0 &&
      gauge("checkpoint_age_seconds", now) === 0,
  },
];

/** A pool that follows web, well: what its series show. */
async function following({ cause, options, by }: Start): Promise<Exposition> {
  open(cause, options);
  if (by === "loop") void loop();
  else deliver();
  await watched.has(web);
  await watched.healthy();
  return await scraper.until(
    (now) => lagOfWeb(now) === 0 && gauge("checkpoint_age_seconds", now) === 0,
  );
}

describe("health and series show", () => {
  it.each(CASES)("$cause, and the way back", twoSizes, async (fault) => {
    const { make, told, shows, mend, over } = fault;
    const before = await following(fault);
    await watched.fails(make);
    await watched.expectTold(told);
    const aheadMs = sizes({ short: told.afterMs ?? 0, long: 0 });
    const turned = await later(aheadMs, () => scraper.scrape());
    const health = "dockspool_component_health";
    const { component, status } = told;
    expect(turned.value(health, { component })).toBe(status === "degraded" ? 0.5 : 0);
    await scraper.until((now) => shows(now, before), "the fault");
    await watched.expectRecovery(mend, web);
    const after = await scraper.until(
      (now) => over(now, before) && lagOfWeb(now) === 0 && now.value(health, { component }) === 1,
      "the way back",
    );
    expect(rise("container_log_gaps_total", after, before)).toBe(0);
    expect(after.value("dockspool_ready")).toBe(1);
  });

  it("a gap: health while the log is not had, the series once it is known what is lost", async () => {
    const before = await following({ cause: "a gap" });
    failLogs({ status: 500 });
    web.cut();
    for (let line = 0; line < 100; line++) web.write(`line ${line}`);
    web.truncate(10);
    await watched.expectTold({
      component: "streams",
      status: "unhealthy",
      says: /^web can't be followed/,
      afterMs: BOUNDS.troubleMs,
    });
    restored();
    await scraper.until((now) => rise("container_log_gaps_total", now, before) === 1);
    await eventually(() => watched.records.length === 11);
    await watched.healthy();
    const after = await scraper.until((now) => lagOfWeb(now) === 0);
    expect(rise("log_lines_delivered_total", after, before)).toBe(10);
    expect(watched.records.map(({ line }) => line)).toEqual([
      "before",
      ...web.log.map(({ line }) => line),
    ]);
  });

  it("a pool that is closed", async () => {
    const before = await following({ cause: "closed" });
    expect(before.value("dockspool_ready")).toBe(1);
    await watched.pool.close();
    const after = await scraper.scrape();
    expect(watched.pool.health()).toMatchObject({ status: "unhealthy", ready: false });
    expect(after.value("dockspool_ready")).toBe(0);
    const healths = after.of("dockspool_component_health");
    expect(healths.length).toBeGreaterThanOrEqual(5);
    expect(healths.filter(({ value }) => value !== 0)).toEqual([]);
    for (const name of ["tasks", "sockets_open", "container_streams_active", "containers"])
      expect(gauge(name, after)).toBe(0);
    // What was counted stays.
    expect(rise("log_lines_delivered_total", after, before)).toBe(0);
    expect(gauge("log_lines_delivered_total", after)).toBe(1);
  });
});

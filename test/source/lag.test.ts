import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StreamPool } from "../../src/index.ts";
import type { PoolOptions } from "../../src/index.ts";
import { lagMs } from "../../src/source/lag.ts";
import type { LagParts } from "../../src/source/lag.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { Scraper } from "../support/exposition.ts";
import type { Exposition } from "../support/exposition.ts";
import { eager } from "../support/fake-follow.ts";

const NOW = Date.parse("2026-11-28T12:00:00Z");
const HOUR_MS = 3_600_000;

/** `ms` before now. */
function ago(ms: number): string {
  return new Date(NOW - ms).toISOString().replace("Z", "000000Z");
}

function parts(known: Partial<LagParts>): LagParts {
  return {
    isAtEnd: false,
    currentUntil: undefined,
    begunAt: NOW - 5_000,
    hasRead: false,
    readUntil: undefined,
    undeliveredFrom: undefined,
    now: NOW,
    logNow: NOW,
    ...known,
  };
}

describe("the lag is", () => {
  const current = { isAtEnd: true, currentUntil: NOW } as const;
  it.each<[string, Partial<LagParts>, number]>([
    [
      "0 at the end of the log, however old its last line is",
      { ...current, readUntil: ago(HOUR_MS) },
      0,
    ],
    [
      "the age of the oldest line that is not delivered",
      { ...current, undeliveredFrom: ago(700) },
      700,
    ],
    ["the time since reading was to begin, before the first line", {}, 5_000],
    [
      "the same where an earlier process read the log until long ago",
      { readUntil: ago(HOUR_MS) },
      5_000,
    ],
    [
      "the age of what comes, while the log is read from its start",
      { hasRead: true, readUntil: ago(48 * HOUR_MS) },
      48 * HOUR_MS,
    ],
    [
      "the time since the log was at its end, where lines were rare",
      { currentUntil: NOW - 900, hasRead: true, readUntil: ago(HOUR_MS) },
      900,
    ],
    [
      "the time since the last line, where lines came without a pause",
      { currentUntil: NOW - HOUR_MS, hasRead: true, readUntil: ago(400) },
      400,
    ],
    [
      "the worse of what is not read and what is not delivered",
      { currentUntil: NOW - 900, undeliveredFrom: ago(4_000) },
      4_000,
    ],
    [
      "never below 0, where the log's clock is a little ahead",
      { ...current, undeliveredFrom: ago(-30) },
      0,
    ],
    [
      "by the clock that stamps the log",
      { ...current, logNow: NOW - HOUR_MS, undeliveredFrom: ago(HOUR_MS + 60) },
      60,
    ],
  ])("%s", (_, known, expected) => {
    expect(lagMs(parts(known))).toBe(expected);
  });
});

let fake: FakeEngine;
let web: FakeContainer;
const pools: StreamPool[] = [];
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  await fake.close();
});

function open(options: PoolOptions = {}): { pool: StreamPool; scraper: Scraper } {
  const pool = new StreamPool({ engine: fake.engine, from: "start", source: eager, ...options });
  pools.push(pool);
  return { pool, scraper: new Scraper(pool) };
}

const LAG = "dockspool_container_log_lag_seconds";
const DELIVERED = "dockspool_log_lines_delivered_total";

async function caughtUp(scraper: Scraper, name = "web"): Promise<void> {
  await scraper.until((all) => all.value(LAG, { container_name: name }) === 0, "no lag");
}

async function behind(scraper: Scraper, seconds: number, name = "web"): Promise<Exposition> {
  return await scraper.until((all) => all.sum(LAG, { container_name: name }) > seconds, "a lag");
}

describe("a container's lag", () => {
  it("is 0 once all is delivered, and stays so while nothing is written", async () => {
    for (let line = 0; line < 1_000; line++) web.write(`line ${line}`);
    const { pool, scraper } = open();
    pool.deliver(() => {});
    await scraper.until((all) => all.sum(DELIVERED) === 1_000);
    await caughtUp(scraper);
    const seen = new Set<number>();
    for (let look = 0; look < 100; look++) seen.add((await scraper.scrape()).value(LAG));
    expect(seen).toEqual(new Set([0]));
    web.stop();
    await caughtUp(scraper);
  });

  it("grows while a sink takes nothing, whether the buffer is full or not, and ends with that", async () => {
    const { pool, scraper } = open({
      bufferBytes: 20_000,
      source: { ...eager, bufferBytes: 20_000 },
    });
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    pool.deliver(() => gate, { maxWaitMs: 0 });
    web.write("first");
    await behind(scraper, 0.1);
    for (let line = 0; line < 2_000; line++) web.write(`${line} ${"x".repeat(50)}`);
    await scraper.until((all) => all.value("dockspool_buffer_bytes") > 15_000);
    await behind(scraper, (await scraper.scrape()).value(LAG) + 0.1);
    go();
    await scraper.until((all) => all.sum(DELIVERED) === 2_001);
    await caughtUp(scraper);
    expect((await scraper.scrape()).value("dockspool_buffer_bytes")).toBe(0);
  });

  it.each([
    ["is refused", { status: 500 }],
    ["is not answered for", { withholdHeaders: true }],
  ] as const)("grows while its log %s, though nothing may have been written", async (_, fault) => {
    const engine = { ...fake.engine, connectTimeoutMs: 200 };
    const { pool, scraper } = open({ engine });
    pool.deliver(() => {});
    web.write("first");
    await scraper.until((all) => all.sum(DELIVERED) === 1);
    await caughtUp(scraper);
    fake.fault = ({ path }) => (path.includes("/logs") ? fault : undefined);
    web.cut();
    await behind(scraper, 0.3);
    // What is as much as may be missing never shrinks before a line has come.
    let last = 0;
    const falls: number[] = [];
    await scraper.until((all) => {
      const lag = all.value(LAG);
      if (lag < last) falls.push(lag);
      last = lag;
      return lag > 0.8;
    });
    expect(falls).toEqual([]);
    fake.fault = undefined;
    await caughtUp(scraper);
  });

  it.each([
    ["is cut", () => web.cut()],
    ["ends with its engine", () => fake.outage()],
  ])("begins at 0 where its stream %s, however long that was open", async (_, end) => {
    const { pool, scraper } = open();
    pool.deliver(() => {});
    web.write("first");
    await scraper.until((all) => all.sum(DELIVERED) === 1);
    await scraper.until((all) => all.value("dockspool_container_stream_age_seconds") > 0.5);
    await caughtUp(scraper);
    fake.fault = ({ path }) => (path.includes("/logs") ? { status: 500 } : undefined);
    const endedAt = Date.now();
    end();
    const scraped = await behind(scraper, 0);
    expect(scraped.value(LAG) * 1_000).toBeLessThanOrEqual(Date.now() - endedAt);
    fake.fault = undefined;
    fake.restore();
    await caughtUp(scraper);
  });

  it("grows from the beginning where its log was never had", async () => {
    fake.fault = ({ path }) => (path.includes("/logs") ? { status: 500 } : undefined);
    const { pool, scraper } = open();
    pool.deliver(() => {});
    const scraped = await behind(scraper, 0.2);
    expect(scraped.sum("dockspool_container_log_lines_total")).toBe(0);
    fake.fault = undefined;
    await caughtUp(scraper);
  });

  it("grows while it waits for a turn", async () => {
    const { pool, scraper } = open({ maxStreams: 1, timeSliceMs: 60_000 });
    pool.deliver(() => {});
    const chatter = setInterval(() => web.write("on and on"), 1);
    try {
      await scraper.until((all) => all.sum(DELIVERED) > 10);
      fake.create({ name: "next" }).write("waits");
      const scraped = await behind(scraper, 0.3, "next");
      expect(scraped.value("dockspool_container_streams_waiting")).toBe(1);
    } finally {
      clearInterval(chatter);
    }
    await caughtUp(scraper, "next");
  });

  it("is that of the lines while a log of two days ago is read, also over a cut, and 0 at its end", async () => {
    const days = 2 * 24 * 3_600;
    const from = Date.now() - days * 1_000;
    for (let line = 0; line < 4_000; line++)
      web.write(`${line} ${"x".repeat(500)}`, { timestamp: new Date(from + line).toISOString() });
    const { pool, scraper } = open({ source: { ...eager, bufferBytes: 50_000 } });
    let isSlow = true;
    pool.deliver(
      async () => {
        if (isSlow) await new Promise((resolve) => setTimeout(resolve, 5));
      },
      { maxRecords: 20, maxWaitMs: 0 },
    );
    const isOld = (lag: number): boolean => lag > days - 60 && lag < days + 60;
    const wrong: number[] = [];
    let isCut = false;
    await scraper.until((all) => {
      const lag = all.value(LAG);
      if (all.sum(DELIVERED) > 0 && !isOld(lag)) wrong.push(lag);
      if (all.sum(DELIVERED) > 300 && !isCut) {
        isCut = true;
        web.cut();
      }
      return all.sum(DELIVERED) > 1_000;
    });
    // Where the machine is so busy that nothing comes for a while, all seems to have been read.
    expect(wrong.filter((lag) => lag !== 0)).toEqual([]);
    expect(wrong.length).toBeLessThan(3);
    isSlow = false;
    await scraper.until((all) => all.sum(DELIVERED) === 4_000);
    await caughtUp(scraper);
  });

  it.each([
    ["ahead", 2 * HOUR_MS],
    ["behind", -2 * HOUR_MS],
  ])("is not made by an engine's clock that is two hours %s", async (_, clockAheadMs) => {
    await using other = await FakeEngine.start({ clockAheadMs });
    const job = other.create({ name: "job" });
    const { pool, scraper } = open({ engine: other.engine });
    pool.deliver(() => {});
    const chatter = setInterval(() => job.write("on and on"), 1);
    const seen: number[] = [];
    try {
      await scraper.until((all) => {
        seen.push(all.sum(LAG, { container_name: "job" }));
        return all.sum(DELIVERED) > 300;
      });
    } finally {
      clearInterval(chatter);
    }
    // Of this machine's load, and of what is not known of that clock.
    expect(Math.max(...seen)).toBeLessThan(60);
    await caughtUp(scraper, "job");
    other.fault = ({ path }) => (path.includes("/logs") ? { status: 500 } : undefined);
    job.cut();
    await behind(scraper, 0.3, "job");
    expect((await scraper.scrape()).value(LAG, { container_name: "job" })).toBeLessThan(60);
  });
});

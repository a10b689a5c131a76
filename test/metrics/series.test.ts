import fs, { readdirSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MemoryCheckpointStore, StreamPool } from "../../src/index.ts";
import type { PoolOptions, Sink } from "../../src/index.ts";
import { PHASES } from "../../src/metrics/figures.ts";
import { DELIVERY_SECONDS, ROTATION_SECONDS } from "../../src/metrics/histograms.ts";
import { SERIES } from "../../src/metrics/series.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { Scraper } from "../support/exposition.ts";
import { eager, eventually } from "../support/fake-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
const pools: StreamPool[] = [];
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close().catch(() => {})));
  await fake.close();
});

function open(options: PoolOptions = {}): StreamPool {
  const pool = new StreamPool({ engine: fake.engine, from: "start", source: eager, ...options });
  pools.push(pool);
  return pool;
}

const engine = "default";
const ofWeb = (): { engine: string; container_name: string; container_id: string } => ({
  engine,
  container_name: "web",
  container_id: web.id.slice(0, 12),
});
const take: Sink = () => {};

describe("before a pool begins", () => {
  it("every series is there", async () => {
    const scraped = await new Scraper(open()).scrape();
    const histograms = [ROTATION_SECONDS, DELIVERY_SECONDS];
    const types = [
      ...SERIES.map(({ name, type }) => [`dockspool_${name}`, type]),
      ...histograms.map(({ name }) => [`dockspool_${name}`, "histogram"]),
    ];
    expect(Object.fromEntries(scraped.types)).toEqual(Object.fromEntries(types));
  });

  it("each has a zero, but what is a limit, and what is well already", async () => {
    const scraped = await new Scraper(open({ maxStreams: 7, bufferBytes: 1_000_000 })).scrape();
    // There is none to be ill yet, but the engine.
    expect(scraped.value("dockspool_component_health", { component: "engine:default" })).toBe(0);
    const own = new Set(["dockspool_component_health", "dockspool_file_descriptors_open"]);
    const set = scraped.samples.filter(({ name, value }) => value !== 0 && !own.has(name));
    expect(set.map(({ name, value }) => [name, value])).toEqual([
      ["dockspool_container_streams_max", 7],
      ["dockspool_buffer_limit_bytes", 1_000_000],
    ]);
    const without = [...SERIES.map(({ name }) => name), `${ROTATION_SECONDS.name}_count`].filter(
      (name) => scraped.of(`dockspool_${name}`).length === 0,
    );
    // There is no sink yet.
    expect(without).toEqual(["delivery_batches_total", "delivery_retries_total"]);
  });

  it("file descriptors are not there where the system does not tell", async () => {
    const scraper = new Scraper(open());
    const own = readdirSync("/proc/self/fd").length;
    const here = (await scraper.scrape()).value("dockspool_file_descriptors_open");
    expect(Math.abs(here - own)).toBeLessThan(20);
    const spy = vi.spyOn(fs, "readdirSync").mockImplementation(() => {
      throw new Error("ENOENT");
    });
    syncBuiltinESMExports();
    try {
      expect((await scraper.scrape()).of("dockspool_file_descriptors_open")).toEqual([]);
    } finally {
      spy.mockRestore();
      syncBuiltinESMExports();
    }
  });

  it("each of an engine's is there for every value that its labels may have", async () => {
    await using west = await FakeEngine.start();
    const pool = new StreamPool({ engines: { east: fake.engine, west: west.engine } });
    pools.push(pool);
    pool.deliver(take, { name: "disk" });
    pool.deliver(take, { name: "http" });
    const scraped = await new Scraper(pool).scrape();
    for (const name of ["east", "west"]) {
      const values = (series: string, label: string): (string | undefined)[] =>
        scraped.of(`dockspool_${series}`, { engine: name }).map(({ labels }) => labels[label]);
      expect(values("container_phase", "phase")).toEqual([...PHASES]);
      expect(values("log_lines_total", "stream")).toEqual(["stdout", "stderr"]);
      expect(values("container_log_lines_total", "stream")).toEqual(["stdout", "stderr"]);
      expect(values("container_stream_errors_total", "reason")).toContain("ENGINE_UNREACHABLE");
      expect(values("container_events_total", "action")).toContain("start");
      expect(scraped.value("dockspool_containers", { engine: name })).toBe(0);
      expect(
        scraped.value("dockspool_container_stream_rotation_seconds_count", { engine: name }),
      ).toBe(0);
    }
    for (const sink of ["disk", "http"]) {
      const outcomes = scraped
        .of("dockspool_delivery_batches_total", { sink })
        .map(({ labels }) => labels["outcome"]);
      expect(outcomes).toEqual(["delivered", "dead_letter", "failed"]);
      expect(scraped.value("dockspool_delivery_retries_total", { sink })).toBe(0);
      expect(scraped.value("dockspool_delivery_seconds_count", { sink })).toBe(0);
    }
    expect(scraped.value("dockspool_checkpoint_writes_total", { outcome: "failed" })).toBe(0);
  });
});

describe("series", () => {
  it("count lines and their bytes by stream, container and engine, and what is delivered of them", async () => {
    const api = fake.create({ name: "api" });
    for (let line = 0; line < 100; line++) {
      web.write("abc");
      if (line % 4 === 0) web.write("é", { stream: "stderr" });
      if (line % 10 === 0) api.write("x", { stream: "stderr" });
    }
    const pool = open();
    const scraper = new Scraper(pool);
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    pool.deliver(() => gate, { name: "disk" });
    const read = await scraper.until((all) => all.sum("dockspool_log_lines_total") === 135);
    expect(
      read.value("dockspool_container_log_lines_total", { ...ofWeb(), stream: "stdout" }),
    ).toBe(100);
    expect(
      read.value("dockspool_container_log_lines_total", { ...ofWeb(), stream: "stderr" }),
    ).toBe(25);
    expect(read.value("dockspool_container_log_bytes_total", ofWeb())).toBe(300 + 50);
    expect(read.value("dockspool_log_lines_total", { engine, stream: "stderr" })).toBe(35);
    expect(read.value("dockspool_log_bytes_total", { engine })).toBe(360);
    expect(read.value("dockspool_log_lines_delivered_total", { engine })).toBe(0);
    expect(read.value("dockspool_buffer_bytes")).toBeGreaterThanOrEqual(360);
    go();
    await scraper.until(
      (all) =>
        all.value("dockspool_log_lines_delivered_total", { engine }) === 135 &&
        all.value("dockspool_buffer_bytes") === 0,
    );
  });

  it.each([
    ["a terminal, whose one stream is stdout's", { tty: true }, { stdout: 2, stderr: 0 }],
    ["chosen streams only", { streams: ["stderr"] }, { stdout: 0, stderr: 1 }],
    ["records of several lines as one", { multiline: { start: /^\S/ } }, { stdout: 1, stderr: 1 }],
  ] as const)("count %s", async (_, options, expected) => {
    const isTty = "tty" in options;
    const job = fake.create({ name: "job", tty: isTty });
    job.write("first");
    job.write(" second");
    if (!isTty) job.write("third", { stream: "stderr" });
    const { streams, multiline } = { streams: undefined, multiline: undefined, ...options };
    const source = {
      ...eager,
      ...(streams === undefined ? {} : { streams }),
      ...(multiline === undefined ? {} : { multiline: { ...multiline, maxWaitMs: 1 } }),
    };
    const pool = open({ select: { names: "job" }, source });
    const scraper = new Scraper(pool);
    pool.deliver(take);
    const container = { container_name: "job" };
    const total = expected.stdout + expected.stderr;
    const scraped = await scraper.until(
      (all) => all.sum("dockspool_container_log_lines_total", container) === total,
    );
    for (const [stream, lines] of Object.entries(expected))
      expect(scraped.value("dockspool_container_log_lines_total", { ...container, stream })).toBe(
        lines,
      );
  });

  it("tell of streams, sockets, tasks, phases, and of those that wait for a turn", async () => {
    for (const name of ["a", "b", "c"]) fake.create({ name });
    const stopped = fake.create({ name: "stopped" });
    const pool = open({ maxStreams: 3, timeSliceMs: 60_000 });
    const scraper = new Scraper(pool);
    pool.deliver(take);
    const chatter = setInterval(() => {
      for (const container of [web, stopped]) container.write("on and on");
    }, 1);
    try {
      const scraped = await scraper.until(
        (all) =>
          all.value("dockspool_containers", { engine }) === 5 &&
          all.value("dockspool_container_streams_waiting") > 0 &&
          all.value("dockspool_container_streams_active") === 3,
      );
      const phases = scraped.of("dockspool_container_phase", { engine });
      expect(phases.reduce((sum, { value }) => sum + value, 0)).toBe(5);
      expect(scraped.value("dockspool_container_phase", { engine, phase: "waiting" })).toBe(
        scraped.value("dockspool_container_streams_waiting"),
      );
      expect(scraped.value("dockspool_tasks")).toBeGreaterThan(0);
      expect(scraped.value("dockspool_sockets_open")).toBeGreaterThanOrEqual(3);
      expect(scraped.value("dockspool_container_streams_max")).toBe(3);
    } finally {
      clearInterval(chatter);
    }
    stopped.stop();
    await scraper.until(
      (all) => all.value("dockspool_container_phase", { engine, phase: "stopped" }) === 1,
    );
    await pool.close();
    const after = await scraper.scrape();
    for (const name of ["tasks", "sockets_open", "container_streams_active", "ready"])
      expect(after.value(`dockspool_${name}`)).toBe(0);
    expect(after.sum("dockspool_container_phase")).toBe(0);
  });

  it("count rotations, time them, and tell how old a stream is", async () => {
    const pool = open();
    const scraper = new Scraper(pool);
    pool.deliver(take);
    web.write("one");
    await pool.ready();
    const first = await scraper.until(
      (all) => all.value("dockspool_container_stream_age_seconds", ofWeb()) > 0.05,
    );
    expect(first.value("dockspool_container_stream_rotations_total", ofWeb())).toBe(0);
    for (let round = 0; round < 3; round++) await pool.rotate("web");
    const scraped = await scraper.scrape();
    expect(scraped.value("dockspool_container_stream_rotations_total", ofWeb())).toBe(3);
    const rotation = "dockspool_container_stream_rotation_seconds";
    expect(scraped.value(`${rotation}_count`, { engine })).toBe(3);
    expect(scraped.value(`${rotation}_sum`, { engine })).toBeGreaterThan(0);
    expect(scraped.value(`${rotation}_bucket`, { engine, le: "+Inf" })).toBe(3);
    web.stop();
    await scraper.until(
      (all) => all.value("dockspool_container_stream_age_seconds", ofWeb()) === 0,
    );
  });

  it("count reconnects, and errors by their codes", async () => {
    const pool = open();
    const scraper = new Scraper(pool);
    pool.deliver(take);
    await pool.ready();
    const reasons = ["ENGINE_RESPONSE", "ENGINE_UNREACHABLE"] as const;
    const faults = { ENGINE_RESPONSE: { status: 500 }, ENGINE_UNREACHABLE: { cutAfterBytes: 0 } };
    for (const reason of reasons) {
      fake.fault = ({ path }) => (path.includes("/logs") ? faults[reason] : undefined);
      const before = await scraper.scrape();
      web.write("next");
      web.cut();
      await scraper.until(
        (all) =>
          all.value("dockspool_container_stream_errors_total", { engine, reason }) >=
          before.value("dockspool_container_stream_errors_total", { engine, reason }) + 3,
        reason,
      );
    }
    fake.fault = undefined;
    const after = await scraper.until(
      (all) => all.value("dockspool_container_phase", { engine, phase: "following" }) === 1,
    );
    expect(after.value("dockspool_container_stream_reconnects_total", ofWeb())).toBe(
      after.sum("dockspool_container_stream_errors_total"),
    );
    expect(after.value("dockspool_container_stream_reconnects_total", ofWeb())).toBe(
      pool.stats.reconnects,
    );
  });

  it("count batches by outcome, their time, and retries", async () => {
    const pool = open();
    const scraper = new Scraper(pool);
    let failures = 2;
    pool.deliver(
      () => {
        if (failures-- > 0) throw new Error("HTTP 503");
      },
      { name: "http", maxWaitMs: 0, retry: { minDelayMs: 1, maxDelayMs: 2 } },
    );
    pool.deliver(
      () => {
        throw new Error("HTTP 400");
      },
      { name: "strict", maxWaitMs: 0, retry: { attempts: 1 }, deadLetter: () => {} },
    );
    web.write("one");
    const batches = "dockspool_delivery_batches_total";
    const scraped = await scraper.until(
      (all) =>
        all.value(batches, { sink: "http", outcome: "delivered" }) === 1 &&
        all.value(batches, { sink: "strict", outcome: "dead_letter" }) === 1,
    );
    expect(scraped.value("dockspool_delivery_retries_total", { sink: "http" })).toBe(2);
    expect(scraped.value("dockspool_delivery_retries_total", { sink: "strict" })).toBe(0);
    expect(scraped.value("dockspool_delivery_seconds_count", { sink: "http" })).toBe(1);
    expect(scraped.value("dockspool_delivery_seconds_count", { sink: "strict" })).toBe(1);
    expect(scraped.sum(batches)).toBe(2);
  });

  it("count writes of positions, and tell for how long one waits to be saved", async () => {
    let saved = (): void => {};
    class SlowStore extends MemoryCheckpointStore {
      override async save(entries: Parameters<MemoryCheckpointStore["save"]>[0]): Promise<void> {
        await new Promise<void>((resolve) => {
          saved = resolve;
        });
        await super.save(entries);
      }
    }
    const pool = open({ checkpoints: new SlowStore(), source: { ...eager, checkpointEveryMs: 1 } });
    const scraper = new Scraper(pool);
    pool.deliver(take, { maxWaitMs: 0 });
    web.write("one");
    const writes = "dockspool_checkpoint_writes_total";
    const waiting = await scraper.until(
      (all) => all.value("dockspool_checkpoint_age_seconds") > 0.05,
    );
    expect(waiting.value(writes, { outcome: "saved" })).toBe(0);
    await scraper.until((all) => {
      saved();
      return (
        all.value("dockspool_checkpoint_age_seconds") === 0 &&
        all.value(writes, { outcome: "saved" }) > 0
      );
    });
    const closing = pool.close();
    await eventually(() => {
      saved();
      return pool.stats.containers === 0;
    });
    await scraper.until((all) => {
      saved();
      return all.value("dockspool_checkpoint_age_seconds") === 0;
    });
    await closing;
  });

  it("count what the engine tells of containers, and what is not known of as one action", async () => {
    const pool = open();
    const scraper = new Scraper(pool);
    pool.deliver(take);
    await pool.ready();
    const job = fake.create({ name: "job" });
    await eventually(() => pool.sources.has(job.id));
    job.pause();
    job.pause();
    job.rename("batch");
    job.stop();
    job.remove();
    const events = "dockspool_container_events_total";
    await scraper.until((all) => all.value(events, { engine, action: "destroy" }) === 1);
    const scraped = await scraper.scrape();
    const counted = ["create", "start", "pause", "unpause", "rename", "die"].map((action) => [
      action,
      scraped.value(events, { engine, action }),
    ]);
    expect(Object.fromEntries(counted)).toEqual({
      create: 1,
      start: 1,
      pause: 1,
      unpause: 1,
      rename: 1,
      die: 1,
    });
  });

  it("tell how many containers wait for their lease", async () => {
    fake.create({ name: "api" });
    const acquire = (_: string, signal: AbortSignal): Promise<never> =>
      new Promise((__, reject) =>
        signal.addEventListener("abort", () => reject(new Error("nobody waits any more"))),
      );
    const pool = open({ checkpoints: new MemoryCheckpointStore(), leases: { acquire } });
    const scraper = new Scraper(pool);
    pool.deliver(take);
    const waiting = await scraper.until(
      (all) => all.value("dockspool_containers_standby", { engine }) === 2,
    );
    expect(waiting.value("dockspool_containers", { engine })).toBe(0);
    web.remove();
    await scraper.until((all) => all.value("dockspool_containers_standby", { engine }) === 1);
  });

  it("count gaps and stalls", async () => {
    const pool = open({ source: { ...eager, stallProbeMs: 400 } });
    const scraper = new Scraper(pool);
    pool.deliver(take, { maxWaitMs: 0 });
    web.write("first");
    await scraper.until((all) => all.sum("dockspool_log_lines_delivered_total") === 1);
    web.stall();
    web.write("kept back");
    await scraper.until(
      (all) => all.value("dockspool_container_stream_stalls_total", ofWeb()) === 1,
    );
    await scraper.until((all) => all.sum("dockspool_log_lines_delivered_total") === 2);
    fake.fault = ({ path }) => (path.includes("/logs") ? { status: 500 } : undefined);
    web.cut();
    for (let line = 0; line < 100; line++) web.write(`line ${line}`);
    web.truncate(10);
    fake.fault = undefined;
    await scraper.until((all) => all.value("dockspool_container_log_gaps_total", ofWeb()) === 1);
    const scraped = await scraper.until(
      (all) => all.sum("dockspool_log_lines_delivered_total") === 12,
    );
    expect(scraped.sum("dockspool_container_log_lines_total")).toBe(12);
    expect(scraped.value("dockspool_log_gaps_total", { engine })).toBe(1);
  });

  it("count gaps, and logs that were cut short, of containers that are gone", async () => {
    const pool = open();
    const scraper = new Scraper(pool);
    pool.deliver(take, { maxWaitMs: 0 });
    web.write("first");
    await scraper.until((all) => all.sum("dockspool_log_lines_delivered_total") === 1);
    fake.fault = ({ path }) => (path.includes("/logs") ? { status: 500 } : undefined);
    web.cut();
    for (let line = 0; line < 100; line++) web.write(`line ${line}`);
    web.truncate(10);
    fake.fault = undefined;
    await scraper.until((all) => all.value("dockspool_log_gaps_total", { engine }) === 1);
    expect((await scraper.scrape()).value("dockspool_log_ends_cut_short_total", { engine })).toBe(
      0,
    );
    fake.outage();
    await scraper.until(
      (all) => all.sum("dockspool_container_phase", { phase: "following" }) === 0,
    );
    web.write("nobody can read this");
    web.remove();
    fake.restore();
    const gone = await scraper.until((all) => all.value("dockspool_containers", { engine }) === 0);
    expect(gone.sum("dockspool_container_log_gaps_total")).toBe(0);
    expect(gone.value("dockspool_log_gaps_total", { engine })).toBe(1);
    expect(gone.value("dockspool_log_ends_cut_short_total", { engine })).toBe(1);
    // It is gone before anything of it could be asked.
    const brief = fake.create({ name: "brief" });
    brief.write("one");
    brief.stop();
    brief.remove();
    await scraper.until((all) => all.value("dockspool_log_ends_cut_short_total", { engine }) === 2);
  });
});

describe("a container's series", () => {
  it("end when it is gone; what was read of it stays counted for its engine", async () => {
    const pool = open();
    const scraper = new Scraper(pool);
    pool.deliver(take, { maxWaitMs: 0 });
    const job = fake.create({ name: "job" });
    for (let line = 0; line < 5; line++) job.write(`line ${line}`, { stream: "stderr" });
    await scraper.until((all) => all.sum("dockspool_log_lines_delivered_total") === 5);
    expect((await scraper.scrape()).of("dockspool_container_log_lag_seconds")).toHaveLength(2);
    job.remove();
    const scraped = await scraper.until(
      (all) => !all.samples.some(({ labels }) => labels["container_name"] === "job"),
    );
    expect(scraped.value("dockspool_log_lines_total", { engine, stream: "stderr" })).toBe(5);
    expect(scraped.value("dockspool_log_lines_delivered_total", { engine })).toBe(5);
    expect(scraped.value("dockspool_containers", { engine })).toBe(1);
    web.remove();
    await scraper.until((all) => all.value("dockspool_containers", { engine }) === 0);
    // None is left: a zero stands for what may come.
    const [nobody, ...others] = (await scraper.scrape()).of("dockspool_container_log_lag_seconds");
    expect(others).toEqual([]);
    expect(nobody?.labels).toEqual({ engine, container_name: "", container_id: "" });
    // The next one that leaves takes nothing from what the others have counted.
    const next = fake.create({ name: "next" });
    next.write("one");
    await scraper.until((all) => all.sum("dockspool_log_lines_delivered_total") === 6);
    next.remove();
    await scraper.until((all) => all.value("dockspool_containers", { engine }) === 0);
    const last = await scraper.scrape();
    expect(last.value("dockspool_log_lines_total", { engine, stream: "stderr" })).toBe(5);
    expect(last.value("dockspool_log_lines_total", { engine, stream: "stdout" })).toBe(1);
    expect(last.value("dockspool_log_lines_delivered_total", { engine })).toBe(6);
  });

  it("have its new name once it is renamed, and go on counting", async () => {
    const pool = open();
    const scraper = new Scraper(pool);
    pool.deliver(take);
    web.write("one");
    const lines = "dockspool_container_log_lines_total";
    await scraper.until((all) => all.sum(lines, ofWeb()) === 1);
    web.rename("shop");
    web.write("two");
    const scraped = await scraper.until((all) => all.sum(lines, { container_name: "shop" }) === 2);
    expect(scraped.of(lines, { container_name: "web" })).toEqual([]);
    expect(scraped.of(lines).map(({ labels }) => labels["container_id"])).toEqual([
      web.id.slice(0, 12),
      web.id.slice(0, 12),
    ]);
  });

  it("have valid text, whatever its name is", async () => {
    const names = [
      'say "hi"',
      "two\nlines",
      "back\\slash",
      "Zeile ü 😀",
      "a{b}c,d=e",
      "# HELP x y",
    ];
    for (const name of names) fake.create({ name }).write(name);
    const pool = open();
    const scraper = new Scraper(pool);
    pool.deliver(take);
    const scraped = await scraper.until(
      (all) => all.sum("dockspool_log_lines_total") >= names.length,
    );
    const shown = scraped
      .of("dockspool_container_log_lag_seconds")
      .map(({ labels }) => labels["container_name"]);
    // A line feed is shown as it is written in JavaScript: a label has no control characters.
    const expected = names.map((name) => name.replace("\n", "\\n"));
    expect(shown).toEqual(expect.arrayContaining(expected));
  });
});

import { Counter, Registry, register } from "prom-client";
import type { OpenMetricsContentType } from "prom-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StreamPool } from "../src/index.ts";
import type { PoolOptions, Sink } from "../src/index.ts";
import { DELIVERY_SECONDS, ROTATION_SECONDS } from "../src/metrics/histograms.ts";
import { SERIES } from "../src/metrics/series.ts";
import { registerPrometheus } from "../src/prometheus.ts";
import type { PrometheusOptions } from "../src/prometheus.ts";
import { FakeEngine } from "../src/testing.ts";
import { Exposition, Scraper } from "./support/exposition.ts";
import { eager, thrown } from "./support/fake-follow.ts";

let fake: FakeEngine;
const pools: StreamPool[] = [];
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  await fake.close();
  register.clear();
});

function open(options: PoolOptions = {}): StreamPool {
  const pool = new StreamPool({ engine: fake.engine, from: "start", source: eager, ...options });
  pools.push(pool);
  return pool;
}

const take: Sink = () => {};
const NAMES = [...SERIES, ROTATION_SECONDS, DELIVERY_SECONDS].map(({ name }) => name);

function namesIn(registry: Registry): string[] {
  return registry.getMetricsAsArray().map(({ name }) => name);
}

describe("registerPrometheus()", () => {
  it("registers with prom-client's own registry, unless told otherwise", async () => {
    const unregister = registerPrometheus(open());
    expect(namesIn(register)).toEqual(NAMES.map((name) => `dockspool_${name}`));
    expect(new Exposition(await register.metrics()).value("dockspool_ready")).toBe(0);
    unregister();
    expect(namesIn(register)).toEqual([]);
  });

  it("keeps the predecessor's names with its prefix", async () => {
    const scraped = await new Scraper(open(), { prefix: "log_capturer_" }).scrape();
    expect([...scraped.types.keys()]).toEqual(
      expect.arrayContaining([
        "log_capturer_tasks",
        "log_capturer_file_descriptors_open",
        "log_capturer_container_streams_active",
        "log_capturer_container_stream_rotations_total",
        "log_capturer_container_stream_age_seconds",
        "log_capturer_container_stream_errors_total",
        "log_capturer_component_health",
      ]),
    );
    expect([...scraped.types.keys()].filter((name) => name.includes("dockspool"))).toEqual([]);
  });

  it("serves OpenMetrics and default labels, as any other series", async () => {
    const registry = new Registry<OpenMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    registry.setDefaultLabels({ host: "one" });
    registerPrometheus(open(), { registry });
    const text = await registry.metrics();
    expect(text).toMatch(/^# TYPE dockspool_container_log_lines counter$/m);
    expect(text).toMatch(/^dockspool_container_log_lines_total\{.*\} 0$/m);
    expect(text).toMatch(/^dockspool_ready\{host="one"\} 0$/m);
    expect(text).toMatch(/# EOF\n$/);
    expect(await registry.getMetricsAsJSON()).toHaveLength(NAMES.length);
  });

  it("shows each of two engines", async () => {
    await using west = await FakeEngine.start();
    fake.create({ name: "web" }).write("one");
    for (const line of ["one", "two"]) west.create({ name: line }).write(line);
    const pool = new StreamPool({
      engines: { east: fake.engine, west: west.engine },
      from: "start",
      source: eager,
    });
    pools.push(pool);
    const scraper = new Scraper(pool);
    pool.deliver(take);
    const scraped = await scraper.until((all) => all.sum("dockspool_log_lines_total") === 3);
    const stream = "stdout";
    for (const [engine, lines] of Object.entries({ east: 1, west: 2 })) {
      expect(scraped.value("dockspool_log_lines_total", { engine, stream })).toBe(lines);
      expect(scraped.value("dockspool_containers", { engine })).toBe(lines);
      expect(scraped.of("dockspool_container_log_lag_seconds", { engine })).toHaveLength(lines);
    }
    for (const component of ["engine:east", "engine:west", "discovery", "streams", "buffer"])
      await scraper.until((all) => all.value("dockspool_component_health", { component }) === 1);
  });

  it("shows what is there when the pool is scraped, also in the tick in which that has changed", async () => {
    const pool = open();
    const scraper = new Scraper(pool);
    pool.deliver(take, { name: "late" });
    const scraped = await scraper.scrape();
    expect(scraped.of("dockspool_delivery_batches_total", { sink: "late" })).toHaveLength(3);
    expect(scraped.value("dockspool_delivery_seconds_count", { sink: "late" })).toBe(0);
  });
});

describe("option containers", () => {
  const own = (all: Exposition): string[] =>
    all
      .of("dockspool_container_log_bytes_total")
      .map(({ labels }) => labels["container_name"] ?? "");

  it("false shows an engine's containers together, those that are gone included", async () => {
    const containers = ["a", "b", "c"].map((name) => fake.create({ name }));
    const pool = open();
    const scraper = new Scraper(pool, { containers: false });
    pool.deliver(take, { maxWaitMs: 0 });
    for (const container of containers) container.write("1234");
    const bytes = "dockspool_container_log_bytes_total";
    const scraped = await scraper.until((all) => all.sum(bytes) === 12);
    expect(own(scraped)).toEqual([""]);
    for (const container of containers) container.remove();
    let lowest = Infinity;
    await scraper.until((all) => {
      lowest = Math.min(lowest, all.sum(bytes));
      return all.sum("dockspool_containers") === 0;
    });
    expect(lowest).toBe(12);
    expect((await scraper.scrape()).value(bytes, { engine: "default", container_name: "" })).toBe(
      12,
    );
  });

  it("a number shows so many by themselves, and the others together", async () => {
    for (const name of ["a", "b", "c", "d", "e"]) fake.create({ name }).write("1234");
    const pool = open();
    const scraper = new Scraper(pool, { containers: 2 });
    pool.deliver(take, { maxWaitMs: 0 });
    const scraped = await scraper.until(
      (all) => all.sum("dockspool_container_log_bytes_total") === 20,
    );
    const names = own(scraped);
    expect(names.filter((name) => name !== "")).toHaveLength(2);
    expect(names).toHaveLength(3);
    expect(scraped.value("dockspool_container_log_bytes_total", { container_name: "" })).toBe(12);
  });
});

describe("what it returns", () => {
  it("removes every series, and nothing else; the registry can be used again", async () => {
    fake.create({ name: "web" }).write("one");
    const registry = new Registry();
    const another = new Counter({ name: "another_total", help: "x", registers: [registry] });
    const pool = open();
    for (let round = 0; round < 3; round++) {
      const unregister = registerPrometheus(pool, { registry });
      expect(namesIn(registry)).toHaveLength(NAMES.length + 1);
      unregister();
      unregister();
      expect(registry.getMetricsAsArray()).toEqual([another]);
    }
    const scraper = new Scraper(pool, { registry });
    pool.deliver(take);
    await scraper.until((all) => all.sum("dockspool_log_lines_total") === 1);
  });

  it("leaves no listener and no timer behind", async () => {
    const pool = open();
    const listeners = (): number =>
      pool.eventNames().reduce((sum, name) => sum + pool.listenerCount(name), 0);
    const resources = (): string[] => process.getActiveResourcesInfo().toSorted();
    const before = [listeners(), resources()];
    const scraper = new Scraper(pool);
    await scraper.scrape();
    expect([listeners(), resources()]).toEqual(before);
    scraper.unregister();
    expect([listeners(), resources()]).toEqual(before);
  });

  it("lets nothing be counted any more", async () => {
    const web = fake.create({ name: "web" });
    const pool = open();
    const registry = new Registry();
    const unregister = registerPrometheus(pool, { registry });
    const rotations = registry.getSingleMetric("dockspool_container_stream_rotation_seconds");
    const deliveries = registry.getSingleMetric("dockspool_delivery_seconds");
    unregister();
    pool.deliver(take, { name: "disk", maxWaitMs: 0 });
    web.write("one");
    await pool.ready();
    await pool.rotate();
    for (const histogram of [rotations, deliveries]) {
      const values = (await histogram?.get())?.values ?? [];
      expect(values.filter(({ value }) => value > 0)).toEqual([]);
    }
  });

  it("removes nothing of a pool that has taken its place", () => {
    const registry = new Registry();
    const first = registerPrometheus(open(), { registry });
    first();
    registerPrometheus(open(), { registry });
    first();
    expect(namesIn(registry)).toHaveLength(NAMES.length);
  });
});

describe("two pools", () => {
  it("on one registry are refused before anything is registered, and told what to do", async () => {
    const registry = new Registry();
    const first = new Scraper(open(), { registry });
    const second = open();
    const error = thrown(() => registerPrometheus(second, { registry }), "INVALID_OPTION");
    expect(error.message).toBe(
      'registry has a series "dockspool_tasks" already: give each pool a prefix, or a registry, of its own.',
    );
    expect(namesIn(registry)).toHaveLength(NAMES.length);
    expect((await first.scrape()).value("dockspool_ready")).toBe(0);
  });

  it("are refused by a single series that is in the way, the last one too", () => {
    const registry = new Registry();
    const name = `dockspool_${DELIVERY_SECONDS.name}`;
    new Counter({ name, help: "x", registers: [registry] }).inc();
    const error = thrown(() => registerPrometheus(open(), { registry }), "INVALID_OPTION");
    expect(error.message).toContain(name);
    expect(namesIn(registry)).toEqual([name]);
  });

  it("can share a registry by prefixes, and have registries of their own", async () => {
    fake.create({ name: "web" }).write("one");
    const registry = new Registry();
    const [one, two] = [open(), open()];
    const scraper = new Scraper(one, { registry, prefix: "one_" });
    registerPrometheus(two, { registry, prefix: "two_" });
    registerPrometheus(two, { registry: new Registry() });
    one.deliver(take);
    const scraped = await scraper.until((all) => all.sum("one_log_lines_total") === 1);
    expect(scraped.sum("two_log_lines_total")).toBe(0);
  });
});

describe("options that can't work are refused:", () => {
  const refused: readonly (readonly [string, unknown, string])[] = [
    [
      "no options",
      null,
      'Option "options" was given null; allowed: an object with any of registry, prefix, containers.',
    ],
    [
      "a slip",
      { prefx: "a_" },
      'Unknown option "prefx"; did you mean "prefix"? Known: registry, prefix, containers.',
    ],
    [
      "a prefix that no series may have",
      { prefix: "log-capturer." },
      'Option "prefix" was given "log-capturer."; allowed: letters, digits, _ and :, not beginning with a digit.',
    ],
    [
      "a prefix that is no text",
      { prefix: 5 },
      'Option "prefix" was given 5; allowed: letters, digits, _ and :, not beginning with a digit.',
    ],
    [
      "a negative number of containers",
      { containers: -1 },
      'Option "containers" was given -1; allowed: true, false, or a whole number from 0.',
    ],
    [
      "a part of a container",
      { containers: 1.5 },
      'Option "containers" was given 1.5; allowed: true, false, or a whole number from 0.',
    ],
    [
      "no registry",
      { registry: {} },
      `Option "registry" was given {}; allowed: prom-client's Registry.`,
    ],
  ];
  it.each(refused)("%s", (_, options, message) => {
    const registry = new Registry();
    const given = options as PrometheusOptions;
    const all = given === null || "registry" in given ? given : { registry, ...given };
    expect(thrown(() => registerPrometheus(open(), all), "INVALID_OPTION").message).toBe(message);
    expect(namesIn(registry)).toEqual([]);
    expect(namesIn(register)).toEqual([]);
  });

  it("what is no pool", () => {
    const registry = new Registry();
    for (const pool of [{}, null, "pool"])
      expect(
        thrown(() => registerPrometheus(pool as StreamPool, { registry }), "INVALID_OPTION")
          .message,
      ).toMatch(/^Option "pool" was given .*; allowed: a StreamPool\.$/);
    expect(namesIn(registry)).toEqual([]);
  });
});

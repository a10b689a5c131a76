import { metrics } from "@opentelemetry/api";
import {
  AggregationTemporality,
  DataPointType,
  MeterProvider,
  MetricReader,
} from "@opentelemetry/sdk-metrics";
import type { DataPoint, MetricData } from "@opentelemetry/sdk-metrics";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StreamPool } from "../src/index.ts";
import type { PoolOptions, Sink } from "../src/index.ts";
import { DELIVERY_SECONDS, ROTATION_SECONDS } from "../src/metrics/histograms.ts";
import { SERIES } from "../src/metrics/series.ts";
import { registerOpenTelemetry } from "../src/opentelemetry.ts";
import type { OpenTelemetryOptions } from "../src/opentelemetry.ts";
import { FakeEngine } from "../src/testing.ts";
import type { FakeContainer } from "../src/testing.ts";
import { eager, eventually, thrown } from "./support/fake-follow.ts";

type Attributes = Readonly<Record<string, string>>;

class Reader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

/** The SDK's cumulative readers go on with what is not observed any more; this one does not. */
function useDelta(): void {
  reader = new Reader({ aggregationTemporalitySelector: () => AggregationTemporality.DELTA });
  provider = new MeterProvider({ readers: [reader] });
}

/** What a reader has collected, by the names of the metrics. */
class Collected {
  readonly metrics: ReadonlyMap<string, MetricData>;

  constructor(all: readonly MetricData[]) {
    this.metrics = new Map(all.map((metric) => [metric.descriptor.name, metric]));
  }

  points(name: string, attributes: Attributes = {}): DataPoint<unknown>[] {
    const points: DataPoint<unknown>[] = this.metrics.get(name)?.dataPoints ?? [];
    return points.filter((point) =>
      Object.entries(attributes).every(([key, value]) => point.attributes[key] === value),
    );
  }

  value(name: string, attributes: Attributes = {}): unknown {
    const points = this.points(name, attributes);
    if (points.length > 1) throw new Error(`${name}: ${JSON.stringify(points)}`);
    return points[0]?.value;
  }
}

let fake: FakeEngine;
let web: FakeContainer;
let reader: Reader;
let provider: MeterProvider;
const pools: StreamPool[] = [];
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  reader = new Reader();
  provider = new MeterProvider({ readers: [reader] });
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  await provider.shutdown();
  metrics.disable();
  await fake.close();
});

function open(options: PoolOptions = {}): StreamPool {
  const pool = new StreamPool({ engine: fake.engine, from: "start", source: eager, ...options });
  pools.push(pool);
  return pool;
}

function register(pool: StreamPool, options: OpenTelemetryOptions = {}): () => void {
  return registerOpenTelemetry(pool, { meter: provider.getMeter("test"), ...options });
}

async function collect(): Promise<Collected> {
  const { resourceMetrics, errors } = await reader.collect();
  expect(errors).toEqual([]);
  return new Collected(resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics));
}

async function until(test: (all: Collected) => boolean): Promise<Collected> {
  let all = await collect();
  let isLooking = false;
  await eventually(() => {
    if (test(all)) return true;
    if (!isLooking) {
      isLooking = true;
      void collect().then((next) => {
        all = next;
        isLooking = false;
      });
    }
    return false;
  });
  return all;
}

const take: Sink = () => {};
const LINES = "dockspool.container.log.lines";

/** Units of OpenTelemetry: time in seconds, sizes in bytes, counts by what is counted. */
const UNIT = /^(?:s|By|1|\{[a-z_]+\})$/;
/** Lower case words, joined by dots; words of more than one are joined by "_". */
const NAME = /^dockspool(?:\.[a-z]+(?:_[a-z]+)*)+$/;

describe("registerOpenTelemetry()", () => {
  it("registers each series, by OpenTelemetry's names and units", async () => {
    const pool = open();
    register(pool);
    pool.deliver(take, { name: "disk", maxWaitMs: 0 });
    web.write("one");
    await pool.ready();
    await pool.rotate();
    const all = await until(({ metrics: known }) => known.size === SERIES.length + 2);
    for (const [name, { descriptor }] of all.metrics) {
      expect(name).toMatch(NAME);
      expect(descriptor.unit).toMatch(UNIT);
      expect(descriptor.description).toMatch(/^\S.*\.$|^1: healthy/);
    }
    const units = [...all.metrics].map(([name, { descriptor }]) => [name, descriptor.unit]);
    expect(Object.fromEntries(units)).toMatchObject({
      "dockspool.tasks": "{task}",
      "dockspool.containers": "{container}",
      "dockspool.file_descriptors.open": "{file_descriptor}",
      "dockspool.container.log.lines": "{line}",
      "dockspool.container.log.size": "By",
      "dockspool.container.log.lag": "s",
      "dockspool.container.stream.age": "s",
      "dockspool.container.stream.rotation.duration": "s",
      "dockspool.container.stream.rotations": "{rotation}",
      "dockspool.buffer.usage": "By",
      "dockspool.buffer.limit": "By",
      "dockspool.delivery.duration": "s",
      "dockspool.delivery.batches": "{batch}",
      "dockspool.checkpoint.age": "s",
      "dockspool.component.health": "1",
      "dockspool.ready": "1",
    });
  });

  it("has a sum that only grows for what is counted, and none for what is measured", async () => {
    const pool = open();
    register(pool);
    pool.deliver(take, { name: "disk", maxWaitMs: 0 });
    web.write("one");
    const all = await until((now) => now.value("dockspool.log.lines.delivered") === 1);
    const kind = (name: string): string => {
      const metric = all.metrics.get(name);
      if (metric?.dataPointType === DataPointType.SUM)
        return metric.isMonotonic ? "counter" : "up and down";
      return metric?.dataPointType === DataPointType.GAUGE ? "gauge" : "another";
    };
    const counters = [
      LINES,
      "dockspool.container.log.size",
      "dockspool.container.stream.rotations",
      "dockspool.log.lines.delivered",
      "dockspool.delivery.batches",
      "dockspool.container.events",
    ];
    expect(counters.map(kind)).toEqual(counters.map(() => "counter"));
    const additive = ["tasks", "sockets.open", "containers", "buffer.usage", "container.phase"];
    expect(additive.map((name) => kind(`dockspool.${name}`))).toEqual(
      additive.map(() => "up and down"),
    );
    const gauges = ["ready", "component.health", "checkpoint.age", "container.log.lag"];
    expect(gauges.map((name) => kind(`dockspool.${name}`))).toEqual(gauges.map(() => "gauge"));
  });

  it("has a zero of each from the start, and the right values later", async () => {
    const pool = open();
    register(pool);
    const first = await collect();
    expect(first.metrics.size).toBe(SERIES.length - 2);
    expect(first.value("dockspool.log.size")).toBe(0);
    expect(first.value("dockspool.container.log.lag")).toBe(0);
    pool.deliver(take, { name: "disk", maxWaitMs: 0 });
    for (let line = 0; line < 10; line++) web.write("1234");
    web.write("12", { stream: "stderr" });
    const all = await until((now) => now.value("dockspool.log.lines.delivered") === 11);
    const container = { "container.name": "web", "container.id": web.id.slice(0, 12) };
    expect(all.value(LINES, { ...container, "log.iostream": "stdout" })).toBe(10);
    expect(all.value(LINES, { ...container, "log.iostream": "stderr" })).toBe(1);
    expect(all.value("dockspool.container.log.size", container)).toBe(42);
    expect(all.points(LINES, container)[0]?.attributes).toEqual({
      ...container,
      "dockspool.engine": "default",
      "log.iostream": "stdout",
    });
    expect(
      all.value("dockspool.delivery.batches", {
        "dockspool.sink": "disk",
        "dockspool.outcome": "delivered",
      }),
    ).toBeGreaterThan(0);
    expect(
      all.value("dockspool.container.stream.errors", { "error.type": "ENGINE_UNREACHABLE" }),
    ).toBe(0);
    const sums = [LINES, "dockspool.delivery.batches"].flatMap((name) => all.points(name));
    expect(sums.every(({ value }) => Number(value) >= 0)).toBe(true);
  });

  it("records rotations and deliveries in histograms of seconds", async () => {
    const pool = open();
    register(pool);
    pool.deliver(take, { name: "disk", maxWaitMs: 0 });
    web.write("one");
    await pool.ready();
    await pool.rotate();
    await pool.rotate();
    const all = await until((now) => now.points("dockspool.delivery.duration").length > 0);
    const histograms = [
      [
        "container.stream.rotation.duration",
        { "dockspool.engine": "default" },
        2,
        ROTATION_SECONDS,
      ],
      ["delivery.duration", { "dockspool.sink": "disk" }, 1, DELIVERY_SECONDS],
    ] as const;
    for (const [name, attributes, count, { buckets }] of histograms) {
      const [point] = all.points(`dockspool.${name}`, attributes);
      expect(point?.attributes).toEqual(attributes);
      expect(point?.value).toMatchObject({ count, buckets: { boundaries: [...buckets] } });
    }
  });

  it("uses the global meter provider, a prefix, and series of few containers where told", async () => {
    metrics.setGlobalMeterProvider(provider);
    fake.create({ name: "api" }).write("one");
    web.write("one");
    const pool = open();
    registerOpenTelemetry(pool, { prefix: "collector.", containers: 1 });
    pool.deliver(take);
    const all = await until((now) => now.points("collector.container.log.lag").length === 2);
    const named = all
      .points("collector.container.log.lag")
      .map(({ attributes }) => Object.keys(attributes).length);
    expect(named.toSorted((a, b) => a - b)).toEqual([1, 3]);
    expect([...all.metrics.keys()].filter((name) => !name.startsWith("collector."))).toEqual([]);
  });

  it("observes a container no more once it is gone", async () => {
    useDelta();
    const pool = open();
    register(pool);
    pool.deliver(take, { maxWaitMs: 0 });
    web.write("one");
    await until((now) => now.points(LINES, { "container.name": "web" }).length === 2);
    web.remove();
    const all = await until((now) => now.points(LINES, { "container.name": "web" }).length === 0);
    expect(all.points("dockspool.log.lines", { "log.iostream": "stdout" })).toHaveLength(1);
  });
});

describe("what it returns", () => {
  it("ends what is observed and recorded; a meter can be used again", async () => {
    useDelta();
    const pool = open();
    const listeners = (): number =>
      pool.eventNames().reduce((sum, name) => sum + pool.listenerCount(name), 0);
    const before = [listeners(), process.getActiveResourcesInfo().toSorted()];
    const unregister = register(pool);
    expect((await collect()).metrics.size).toBeGreaterThan(0);
    unregister();
    unregister();
    expect([listeners(), process.getActiveResourcesInfo().toSorted()]).toEqual(before);
    pool.deliver(take, { maxWaitMs: 0 });
    web.write("one");
    await pool.ready();
    await pool.rotate();
    expect([...(await collect()).metrics.keys()]).toEqual([]);
    register(pool);
    const all = await until((now) => now.value("dockspool.log.lines.delivered") === 1);
    expect(all.value("dockspool.ready")).toBe(1);
  });
});

describe("options that can't work are refused:", () => {
  const refused: readonly (readonly [string, unknown, string])[] = [
    [
      "a slip",
      { metre: 1 },
      'Unknown option "metre"; did you mean "meter"? Known: meter, prefix, containers.',
    ],
    [
      "what is no meter",
      { meter: {} },
      'Option "meter" was given {}; allowed: a Meter of OpenTelemetry.',
    ],
    [
      "a prefix that no name may have",
      { prefix: "ü." },
      'Option "prefix" was given "ü."; allowed: letters, digits and _ . / -, beginning with a letter.',
    ],
    [
      "a text for a number",
      { containers: "10" },
      'Option "containers" was given "10"; allowed: true, false, or a whole number from 0.',
    ],
  ];
  it.each(refused)("%s", (_, options, message) => {
    const given = options as OpenTelemetryOptions;
    expect(thrown(() => registerOpenTelemetry(open(), given), "INVALID_OPTION").message).toBe(
      message,
    );
  });

  it("what is no pool", () => {
    const pool = {} as StreamPool;
    expect(thrown(() => registerOpenTelemetry(pool), "INVALID_OPTION").message).toBe(
      'Option "pool" was given {}; allowed: a StreamPool.',
    );
  });
});

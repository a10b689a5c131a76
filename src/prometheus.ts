import { Counter, Gauge, Histogram, register } from "prom-client";
import type { Metric, Registry, RegistryContentType } from "prom-client";
import { checkKeys, checkMethods } from "./checks.ts";
import { DockspoolError, invalidOption } from "./errors.ts";
import { MeasuredPool } from "./metrics/measured-pool.ts";
import { DELIVERY_SECONDS, ROTATION_SECONDS } from "./metrics/histograms.ts";
import type { HistogramSeries } from "./metrics/histograms.ts";
import { SERIES } from "./metrics/series.ts";
import type { Sample, Series } from "./metrics/series.ts";
import type { StreamPool } from "./pool/stream-pool.ts";

export interface PrometheusOptions {
  /** Where the series are registered; default: prom-client's own, `register`. */
  registry?: Registry<RegistryContentType>;
  /** What each name begins with; default "dockspool_". */
  prefix?: string;
  /**
   * True (default): each container has series of its own, until it is gone. A number: at most so many containers at once have;
   * all others of an engine are shown together, without a name. False: all of them are.
   */
  containers?: boolean | number;
}

const METHODS = ["registerMetric", "getSingleMetric", "removeSingleMetric"];
const PREFIX = /^(?:[a-zA-Z_:][a-zA-Z0-9_:]*)?$/;

/**
 * Shows a pool's figures as series of prom-client. They are read whenever the registry is scraped. Returns what removes them.
 *
 * @example
 * const registry = new Registry();
 * const unregister = registerPrometheus(pool, { registry });
 * @throws DockspoolError INVALID_OPTION, also where the registry has a series of one of these names
 */
export function registerPrometheus(pool: StreamPool, options: PrometheusOptions = {}): () => void {
  checkKeys("", options, ["registry", "prefix", "containers"]);
  const { registry = register, prefix = "dockspool_", containers = true } = options;
  if (typeof prefix !== "string" || !PREFIX.test(prefix))
    throw invalidOption("prefix", prefix, "letters, digits, _ and :, not beginning with a digit");
  checkMethods("registry", registry, METHODS, "prom-client's Registry");
  refuseTaken(registry, prefix);
  const measured = new MeasuredPool(pool, containers);
  const rotations = histogram(ROTATION_SECONDS, prefix);
  const deliveries = histogram(DELIVERY_SECONDS, prefix);
  const all = new Map<string, Metric>();
  for (const series of SERIES) all.set(prefix + series.name, collected(series, measured, prefix));
  all.set(prefix + ROTATION_SECONDS.name, rotations);
  all.set(prefix + DELIVERY_SECONDS.name, deliveries);
  for (const metric of all.values()) registry.registerMetric(metric);
  const { engines, retries } = measured.figures;
  for (const { name: engine } of engines) rotations.zero({ engine });
  for (const { labels } of retries) deliveries.zero(labels);
  measured.observe({
    rotated: (engine, seconds) => rotations.observe({ engine }, seconds),
    delivered: (sink, seconds) => deliveries.observe({ sink }, seconds),
    sinkJoined: (sink) => deliveries.zero({ sink }),
  });
  return () => {
    measured.release();
    // What another pool has registered since is not ours.
    for (const [name, metric] of all)
      if (registry.getSingleMetric(name) === metric) registry.removeSingleMetric(name);
  };
}

/** A series whose values are read anew for each scrape. */
function collected(series: Series, measured: MeasuredPool, prefix: string): Counter | Gauge {
  const { name, help, labels } = series;
  const configuration = { name: prefix + name, help, labelNames: labels, registers: [] };
  const samples = (): Iterable<Sample> => series.read(measured.scrape);
  if (series.type === "gauge")
    return new Gauge({
      ...configuration,
      collect() {
        this.reset();
        // It begins at 0, also where there is no value.
        if (labels.length === 0) this.remove();
        for (const { labels: own, value } of samples()) this.set(own, value);
      },
    });
  return new Counter({
    ...configuration,
    collect() {
      this.reset();
      for (const { labels: own, value } of samples()) this.inc(own, value);
    },
  });
}

function histogram({ name, help, labels, buckets }: HistogramSeries, prefix: string): Histogram {
  return new Histogram({
    name: prefix + name,
    help,
    labelNames: labels,
    buckets: [...buckets],
    registers: [],
  });
}

function names(prefix: string): string[] {
  return [...SERIES, ROTATION_SECONDS, DELIVERY_SECONDS].map(({ name }) => prefix + name);
}

/** All of them, or none. */
function refuseTaken(registry: Registry<RegistryContentType>, prefix: string): void {
  const taken = names(prefix).find((name) => registry.getSingleMetric(name) !== undefined);
  if (taken === undefined) return;
  throw new DockspoolError(
    "INVALID_OPTION",
    `registry has a series "${taken}" already: give each pool a prefix, or a registry, of its own.`,
  );
}

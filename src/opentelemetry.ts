import { metrics } from "@opentelemetry/api";
import type {
  Attributes,
  BatchObservableCallback,
  Histogram,
  Meter,
  Observable,
} from "@opentelemetry/api";
import { checkKeys, checkMethods } from "./checks.ts";
import { invalidOption } from "./errors.ts";
import { MeasuredPool } from "./metrics/measured-pool.ts";
import { DELIVERY_SECONDS, ROTATION_SECONDS } from "./metrics/histograms.ts";
import type { HistogramSeries } from "./metrics/histograms.ts";
import { SERIES } from "./metrics/series.ts";
import type { Sample, Series } from "./metrics/series.ts";
import type { StreamPool } from "./pool/stream-pool.ts";

export interface OpenTelemetryOptions {
  /** Default: the global meter provider's, of the name "dockspool". */
  meter?: Meter;
  /** What each name begins with; default "dockspool.". */
  prefix?: string;
  /**
   * True (default): each container has attributes of its own, until it is gone. A number: at most so many containers at once
   * have; all others of an engine are shown together, without a name. False: all of them are.
   */
  containers?: boolean | number;
}

const METHODS = ["createObservableCounter", "createHistogram", "addBatchObservableCallback"];
/** At most 255 characters, of which some are the name's own (OpenTelemetry, metrics API). */
const PREFIX = /^(?:[a-zA-Z][a-zA-Z0-9_./-]{0,199})?$/;
/** Prometheus' endings: types and units stand beside the name here. */
const ENDING = /_(?:total|seconds|bytes)$/;

/** OpenTelemetry's semantic conventions, where they have a word. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  container_name: "container.name",
  container_id: "container.id",
  stream: "log.iostream",
  reason: "error.type",
};

/** Names that would lose more than their unit. */
const NAMES: Readonly<Record<string, string>> = {
  buffer_bytes: "buffer.usage",
  buffer_limit_bytes: "buffer.limit",
  container_log_bytes_total: "container.log.size",
  log_bytes_total: "log.size",
  container_stream_rotation_seconds: "container.stream.rotation.duration",
  delivery_seconds: "delivery.duration",
  file_descriptors_open: "file_descriptors.open",
};

/**
 * Shows a pool's figures as metrics of OpenTelemetry, by its own names and units: `dockspool_container_log_lines_total` is
 * `dockspool.container.log.lines`. They are read whenever a reader collects. Returns what removes them.
 *
 * @example
 * const unregister = registerOpenTelemetry(pool, { meter: provider.getMeter("collector") });
 * @throws DockspoolError INVALID_OPTION
 */
export function registerOpenTelemetry(
  pool: StreamPool,
  options: OpenTelemetryOptions = {},
): () => void {
  checkKeys("", options, ["meter", "prefix", "containers"]);
  const {
    meter = metrics.getMeter("dockspool"),
    prefix = "dockspool.",
    containers = true,
  } = options;
  if (typeof prefix !== "string" || !PREFIX.test(prefix))
    throw invalidOption("prefix", prefix, "letters, digits and _ . / -, beginning with a letter");
  checkMethods("meter", meter, METHODS, "a Meter of OpenTelemetry");
  const measured = new MeasuredPool(pool, containers);
  const instruments = SERIES.map((series) => ({
    series,
    observable: observable(series, meter, prefix),
  }));
  const observables = instruments.map((one) => one.observable);
  const collect: BatchObservableCallback = (result) => {
    const { scrape } = measured;
    for (const { series, observable: one } of instruments)
      for (const { labels, value } of series.read(scrape))
        result.observe(one, value, attributesOf(labels));
  };
  meter.addBatchObservableCallback(collect, observables);
  const rotations = histogram(ROTATION_SECONDS, meter, prefix);
  const deliveries = histogram(DELIVERY_SECONDS, meter, prefix);
  measured.observe({
    rotated: (engine, seconds) => rotations.record(seconds, attributesOf({ engine })),
    delivered: (sink, seconds) => deliveries.record(seconds, attributesOf({ sink })),
  });
  return () => {
    measured.release();
    meter.removeBatchObservableCallback(collect, observables);
  };
}

function observable(
  { name, type, unit, help: description }: Series,
  meter: Meter,
  prefix: string,
): Observable {
  const full = prefix + nameOf(name);
  const options = { description, unit };
  if (type === "counter") return meter.createObservableCounter(full, options);
  // What is counted, in pieces or bytes, can be added up; times and states can't.
  const isAdditive = unit.startsWith("{") || unit === "By";
  return isAdditive
    ? meter.createObservableUpDownCounter(full, options)
    : meter.createObservableGauge(full, options);
}

function histogram(
  { name, unit, help, buckets }: HistogramSeries,
  meter: Meter,
  prefix: string,
): Histogram {
  return meter.createHistogram(prefix + nameOf(name), {
    description: help,
    unit,
    advice: { explicitBucketBoundaries: [...buckets] },
  });
}

/** "container_log_lines_total" is "container.log.lines". */
function nameOf(name: string): string {
  return NAMES[name] ?? name.replace(ENDING, "").replaceAll("_", ".");
}

/** What has no value is no attribute. */
function attributesOf(labels: Sample["labels"]): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(labels))
    if (value !== "") attributes[ATTRIBUTES[name] ?? `dockspool.${name}`] = value;
  return attributes;
}

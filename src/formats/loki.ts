import { toUSVString } from "node:util";
import { checkFunction, checkKeys } from "../checks.ts";
import { epochNanoseconds } from "../wire/timestamps.ts";
import { listed } from "./record.ts";
import type { PlainRecord } from "./record.ts";

/** The names of labels, or of structured metadata, and their values. Those without a value are left out. */
export type LokiLabels = Readonly<Record<string, string | undefined>>;

export interface LokiOptions {
  /**
   * A record's labels. Each combination of values is a stream that Loki keeps open: choose what has few values, such as a service,
   * and never an id. Default: `container`, `stream`, `engine`, and of Compose's containers `compose_project` and
   * `compose_service`. Names are made valid; values are cut at 2,048 bytes of UTF-8; the first 15 are taken (Loki's own limits).
   */
  labels?: (record: PlainRecord) => LokiLabels;
  /** What is kept beside a line and is no label, such as its `id`; Loki 3 takes it. Default none. */
  metadata?: (record: PlainRecord) => LokiLabels;
}

type LokiEntry =
  | readonly [nanoseconds: string, line: string]
  | readonly [nanoseconds: string, line: string, metadata: Readonly<Record<string, string>>];

export interface LokiStream {
  readonly stream: Readonly<Record<string, string>>;
  readonly values: readonly LokiEntry[];
}

/** Defaults of Loki's `limits_config`: `max_label_names_per_series`, `max_label_name_length`, `max_label_value_length`. */
const MAX_LABELS = 15;
const MAX_NAME = 1_024;
const MAX_VALUE = 2_048;

/**
 * Records as the body of Loki's push API (JSON): lines of the same labels are one stream, in their order.
 *
 * @see https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs
 * @throws DockspoolError INVALID_OPTION
 */
export function lokiStreams(
  records: PlainRecord | readonly PlainRecord[],
  options: LokiOptions = {},
): { streams: LokiStream[] } {
  checkLokiOptions(options);
  const { labels = defaultLabels, metadata } = options;
  const streams = new Map<string, { stream: Record<string, string>; values: LokiEntry[] }>();
  for (const record of listed(records)) {
    const stream = valid(labels(record), MAX_LABELS);
    const key = JSON.stringify(Object.entries(stream).toSorted(byName));
    const { values } = streams.get(key) ?? { values: new Array<LokiEntry>() };
    if (values.length === 0) streams.set(key, { stream, values });
    const time = String(epochNanoseconds(record.timestamp));
    if (metadata === undefined) values.push([time, record.line]);
    else values.push([time, record.line, valid(metadata(record), Infinity)]);
  }
  return { streams: [...streams.values()] };
}

/** @throws DockspoolError INVALID_OPTION */
export function checkLokiOptions(options: LokiOptions): void {
  checkKeys("", options, ["labels", "metadata"]);
  if (options.labels !== undefined) checkFunction("labels", options.labels);
  if (options.metadata !== undefined) checkFunction("metadata", options.metadata);
}

function defaultLabels({ container, stream }: PlainRecord): LokiLabels {
  return {
    container: container.name,
    stream,
    engine: container.engine,
    compose_project: container.labels["com.docker.compose.project"],
    compose_service: container.labels["com.docker.compose.service"],
  };
}

/** Names as Prometheus allows them: letters, digits and "_", no digit first. */
function valid(labels: LokiLabels, most: number): Record<string, string> {
  const entries: (readonly [string, string])[] = [];
  for (const [name, value] of Object.entries(labels)) {
    if (value === undefined || value === "" || name === "" || entries.length >= most) continue;
    const safe = name.replace(/^(?=\d)|[^a-zA-Z0-9_]/g, "_");
    entries.push([safe.slice(0, MAX_NAME), beginning(toUSVString(value))]);
  }
  return Object.fromEntries(entries);
}

const encoder = new TextEncoder();
const room = new Uint8Array(MAX_VALUE);

/** As much of a value as Loki takes, without half a character. */
function beginning(value: string): string {
  const { read } = encoder.encodeInto(value, room);
  return value.slice(0, read);
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

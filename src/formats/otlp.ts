import { toUSVString } from "node:util";
import { checkKeys } from "../checks.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { epochNanoseconds } from "../wire/timestamps.ts";
import { imageName } from "./image.ts";
import { attributesOf } from "./otlp-values.ts";
import type { KeyValue } from "./otlp-values.ts";
import { parseLine } from "./parse/parse-line.ts";
import type { Level, ParsedLine } from "./parse/parsed-line.ts";
import { listed } from "./record.ts";
import type { PlainRecord } from "./record.ts";

export interface OtlpOptions {
  /** More attributes of each resource, such as `{ "deployment.environment.name": "production" }`. */
  resource?: Readonly<Record<string, string | number | boolean>>;
  /** Which of a container's labels are attributes, as `container.label.<name>`: all (true), none (false, default), or these. */
  labels?: boolean | readonly string[];
  /** True: the line goes through `parseLine`, for body, severity, trace and attributes. Default false. */
  parse?: boolean;
}

/** One log record in the JSON encoding of OTLP. */
export interface OtlpLogRecord {
  /** Epoch nanoseconds: the engine's timestamp. */
  readonly timeUnixNano: string;
  readonly observedTimeUnixNano: string;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly KeyValue[];
  /** 32 and 16 hex digits, where a parsed line has them as `trace_id` and `span_id`. */
  readonly traceId?: string;
  readonly spanId?: string;
}

export interface OtlpLogs {
  readonly resourceLogs: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeLogs: readonly {
      readonly scope: { readonly name: string };
      readonly logRecords: readonly OtlpLogRecord[];
    }[];
  }[];
}

/** The least of each range (OpenTelemetry, logs data model). */
const SEVERITY: Readonly<Record<Level, number>> = {
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
  fatal: 21,
};

/**
 * Records as an `ExportLogsServiceRequest` in OTLP's JSON encoding. A container is a resource with the semantic conventions' names;
 * `service.name` is Compose's service, else the container's name, unless `resource` has it. The attribute `log.record.uid` is the record's `id`.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 * @throws DockspoolError INVALID_OPTION
 */
export function otlpLogs(
  records: PlainRecord | readonly PlainRecord[],
  options: OtlpOptions = {},
): OtlpLogs {
  checkOtlpOptions(options);
  const observed = `${Date.now()}000000`;
  const byContainer = new Map<string, { container: ContainerInfo; logRecords: OtlpLogRecord[] }>();
  for (const record of listed(records)) {
    const { container } = record;
    const key = `${container.engine} ${container.id}`;
    const { logRecords } = byContainer.get(key) ?? { logRecords: new Array<OtlpLogRecord>() };
    if (logRecords.length === 0) byContainer.set(key, { container, logRecords });
    logRecords.push(logRecord(record, observed, options.parse === true));
  }
  const resourceLogs = [...byContainer.values()].map(({ container, logRecords }) => ({
    resource: { attributes: attributesOf(resourceOf(container, options)) },
    scopeLogs: [{ scope: { name: "dockspool" }, logRecords }],
  }));
  return { resourceLogs };
}

/** @throws DockspoolError INVALID_OPTION */
export function checkOtlpOptions(options: OtlpOptions): void {
  checkKeys("", options, ["resource", "labels", "parse"]);
}

function resourceOf(container: ContainerInfo, options: OtlpOptions): Record<string, unknown> {
  const { labels = false, resource } = options;
  const { name, tag } = imageName(container.image);
  const chosen = Object.entries(container.labels).filter(
    ([label]) => labels === true || (labels !== false && labels.includes(label)),
  );
  return {
    "service.name": container.labels["com.docker.compose.service"] ?? container.name,
    "container.id": container.id,
    "container.name": container.name,
    "container.image.name": name,
    ...(tag === undefined ? {} : { "container.image.tags": [tag] }),
    ...Object.fromEntries(chosen.map(([label, value]) => [`container.label.${label}`, value])),
    ...resource,
  };
}

function logRecord(record: PlainRecord, observed: string, isParsed: boolean): OtlpLogRecord {
  const parsed = isParsed ? parseLine(record.line) : undefined;
  const { traceId, spanId, fields } = traced(parsed?.fields ?? {});
  return {
    timeUnixNano: String(epochNanoseconds(record.timestamp)),
    observedTimeUnixNano: observed,
    ...severityOf(parsed),
    body: { stringValue: toUSVString(parsed?.message ?? record.line) },
    attributes: attributesOf({
      ...record.attributes,
      ...fields,
      "log.iostream": record.stream,
      "log.record.uid": record.id,
      ...(record.truncated ? { "dockspool.truncated": true } : {}),
    }),
    ...(traceId === undefined ? {} : { traceId }),
    ...(spanId === undefined ? {} : { spanId }),
  };
}

function severityOf(parsed: ParsedLine | undefined): Partial<OtlpLogRecord> {
  if (parsed?.level === undefined) return {};
  return { severityNumber: SEVERITY[parsed.level], severityText: parsed.level.toUpperCase() };
}

/** What programs that are traced write into their lines (OpenTelemetry, trace context in non-OTLP log formats). */
function traced(given: Readonly<Record<string, unknown>>): {
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
} {
  const { trace_id: trace, span_id: span, trace_flags: _flags, ...fields } = given;
  const traceId = hexId(trace, 32);
  const spanId = hexId(span, 16);
  if (traceId === undefined) return { traceId, spanId: undefined, fields: given };
  return { traceId, spanId, fields };
}

function hexId(value: unknown, digits: number): string | undefined {
  if (typeof value !== "string" || value.length !== digits) return undefined;
  return /^[0-9a-f]+$/i.test(value) && !/^0+$/.test(value) ? value.toLowerCase() : undefined;
}

import { toUSVString } from "node:util";
import { parseLine } from "../../formats/parse/parse-line.ts";
import type { Level } from "../../formats/parse/parsed-line.ts";
import type { LogRecord } from "../../wire/records.ts";
import { coarsen } from "../../wire/timestamps.ts";

export interface MessageOptions {
  readonly facility: number;
  readonly hostname: string;
  readonly sdId: string;
  readonly isParsed: boolean;
}

/** Severities of RFC 5424: 2 is critical, 3 error, 4 warning, 6 informational, 7 debug. */
const SEVERITY: Readonly<Record<Level, number>> = {
  fatal: 2,
  error: 3,
  warn: 4,
  info: 6,
  debug: 7,
  trace: 7,
};

/**
 * A record as a message of RFC 5424. The host is the collector's, the program the container's name, the process its short id, the
 * message's id the stream.
 * @see https://www.rfc-editor.org/rfc/rfc5424#section-6
 */
export function syslogMessage(record: LogRecord, options: MessageOptions): string {
  const { container, stream, timestamp } = record;
  const header = [
    `<${options.facility * 8 + severityOf(record, options.isParsed)}>1`,
    // It has six digits behind the point at the most.
    coarsen(timestamp, 6),
    name(options.hostname, 255),
    name(container.name, 48),
    name(container.id.slice(0, 12), 128),
    name(stream, 32),
  ].join(" ");
  const data = structuredData(options.sdId, {
    id: record.id,
    timestamp,
    container: container.id,
    image: container.image,
    engine: container.engine,
    ...(record.truncated ? { truncated: "true" } : {}),
  });
  return `${header} ${data} ${toUSVString(record.line)}`;
}

/** As Docker's own syslog driver: errors on stderr, else information; unless the line says itself what it is. */
function severityOf({ line, stream }: LogRecord, isParsed: boolean): number {
  const level = isParsed ? parseLine(line).level : undefined;
  return level === undefined ? (stream === "stderr" ? 3 : 6) : SEVERITY[level];
}

/** Printable ASCII without spaces; "-" stands for nothing. */
function name(text: string, max: number): string {
  const safe = text.replace(/[^\u0021-\u007e]/g, "_").slice(0, max);
  return safe === "" ? "-" : safe;
}

function structuredData(id: string, values: Readonly<Record<string, string>>): string {
  const params = Object.entries(values).map(
    ([param, value]) => ` ${param}="${toUSVString(value).replace(/["\\\]]/g, "\\$&")}"`,
  );
  return `[${id}${params.join("")}]`;
}

/**
 * A message as it goes over TCP: its length in bytes, then itself, so that it may hold any character.
 * @see https://www.rfc-editor.org/rfc/rfc6587#section-3.4.1
 */
export function counted(message: string): string {
  return `${Buffer.byteLength(message)} ${message}`;
}

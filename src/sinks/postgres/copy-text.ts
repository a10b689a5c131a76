import { toUSVString } from "node:util";
import type { LogRecord } from "../../wire/records.ts";
import { epochNanoseconds } from "../../wire/timestamps.ts";

/** The table's columns, in the order of the values below. */
export const COLUMNS = {
  id: "text",
  time: "timestamptz",
  nanoseconds: "bigint",
  engine: "text",
  container_id: "text",
  container_name: "text",
  image: "text",
  labels: "jsonb",
  stream: "text",
  line: "text",
  truncated: "boolean",
  attributes: "jsonb",
} as const;

function valuesOf({ container, ...record }: LogRecord, id: string): (string | undefined)[] {
  return [
    id,
    record.timestamp,
    String(epochNanoseconds(record.timestamp)),
    container.engine,
    container.id,
    container.name,
    container.image,
    storableJson(container.labels),
    record.stream,
    record.line,
    String(record.truncated),
    record.attributes === undefined ? undefined : storableJson(record.attributes),
  ];
}

/**
 * Records in the text format of COPY, each with its number in the batch.
 * @see https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.2
 */
export function copyText(records: readonly LogRecord[]): string {
  let text = "";
  for (const [number, record] of records.entries()) {
    text += String(number);
    for (const value of valuesOf(record, record.id)) text += `\t${copied(value)}`;
    text += "\n";
  }
  return text;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** Undefined is NULL. */
function copied(value: string | undefined): string {
  return value === undefined
    ? "\\N"
    : storable(value).replace(/[\\\n\r\t]/g, (character) => ESCAPES[character] ?? character);
}

function storableJson(texts: Readonly<Record<string, string>>): string {
  const entries = Object.entries(texts).map(
    ([name, text]) => [storable(name), storable(text)] as const,
  );
  return JSON.stringify(Object.fromEntries(entries));
}

/** PostgreSQL's texts hold any character but NUL; that becomes U+FFFD, as what is no Unicode does. */
function storable(value: string): string {
  return toUSVString(value).replaceAll("\0", "\ufffd");
}

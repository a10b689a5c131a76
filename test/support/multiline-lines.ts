import type { LogRecord, LogStream } from "../../src/index.ts";

/** Each record's stream and text. */
export function streamed(records: readonly LogRecord[]): [LogStream, string][] {
  return records.map(({ stream, line }) => [stream, line]);
}

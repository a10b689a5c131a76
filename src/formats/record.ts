import type { LogRecord } from "../wire/records.ts";

/** What a format needs of a record: a `LogRecord`, or one that was read back from its JSON. */
export type PlainRecord = Omit<LogRecord, "toJSON">;

/** The same record with another text. Its `id` stays that of the engine's line, and is computed when asked for. */
export function withLine(record: LogRecord, line: string): LogRecord {
  return {
    ...record,
    line,
    get id(): string {
      return record.id;
    },
    toJSON: () => ({ ...record.toJSON(), line }),
  };
}

/** One record or several. */
export function listed<T>(records: T | readonly T[]): readonly T[] {
  return isList(records) ? records : [records];
}

function isList<T>(records: T | readonly T[]): records is readonly T[] {
  return Array.isArray(records);
}

import type { LineRecord } from "../wire/records.ts";
import { compareTimestamps } from "../wire/timestamps.ts";

/** Records at the beginning that the caller did not ask for. */
export type Skip = { readonly lines: number } | { readonly before: string };

/** What is to be skipped behind `record`; `isSkipped`: the record itself. */
export function skipPast(
  skip: Skip,
  record: LineRecord,
): { readonly isSkipped: boolean; readonly rest: Skip | undefined } {
  if ("before" in skip) {
    const isSkipped = compareTimestamps(record.timestamp, skip.before) < 0;
    return { isSkipped, rest: isSkipped ? skip : undefined };
  }
  const { lines } = skip;
  return { isSkipped: lines > 0, rest: lines > 1 ? { lines: lines - 1 } : undefined };
}

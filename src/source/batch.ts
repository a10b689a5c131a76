import type { Trail } from "../resume/trail.ts";
import type { Entry } from "../wire/entry.ts";
import type { LineRecord } from "../wire/records.ts";

/** What one chunk brought: the records of the chosen streams, and what finds the place behind each of them again. */
export interface Batch {
  readonly records: readonly LineRecord[];
  /** For each record, how many of `entries` had come when it was complete. */
  readonly ends: readonly number[];
  readonly entries: readonly Entry[];
  /** The place before `entries`. */
  readonly before: Trail;
  readonly bytes: number;
  /** By `performance.now()`. */
  readonly arrivedAt: number;
  /** How many entries came behind the last record, none of a chosen stream. */
  passed: number;
  /** A place behind so many of them that the last record's would be hard to find. */
  later?: Trail;
}

/** The place right behind the record at `index`. */
export function trailBehind(batch: Batch, index: number): Trail {
  const isLast = index === batch.records.length - 1;
  if (isLast && batch.later !== undefined) return batch.later;
  const trail = batch.before.clone();
  trail.add(batch.entries, 0, batch.ends[index] ?? 0);
  // Without a newline a line is known to have ended only by what came next.
  const record = batch.records[index];
  if (record !== undefined) trail.endOpenLine(record.stream);
  return trail;
}

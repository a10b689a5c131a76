import type { Trail } from "../resume/trail.ts";
import type { Position } from "../resume/position.ts";
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
  /** The place behind them, and behind what came later without a record of a chosen stream. */
  after: Trail;
  readonly bytes: number;
}

/** The place right behind the record at `index`. */
export function positionBehind(batch: Batch, index: number): Position | undefined {
  const record = batch.records[index];
  const end = batch.ends[index];
  if (index === batch.records.length - 1 || record === undefined || end === undefined) {
    return batch.after.position;
  }
  const trail = batch.before.clone();
  trail.add(batch.entries, 0, end);
  // Without a newline a line is known to have ended only by what came next.
  trail.endOpenLine(record.stream);
  return trail.position;
}

import type { OpenBlock } from "../resume/blocks.ts";
import type { Trail } from "../resume/trail.ts";
import type { Entry } from "../wire/entry.ts";
import type { LineRecord } from "../wire/records.ts";

/** The records of several lines that are open behind a record, each by its first line. */
export interface BlocksBehind {
  readonly blocks: readonly OpenBlock[];
  /** A line of the same stream has begun behind it. */
  readonly isInLine: boolean;
}

/** What one chunk brought: the records of the chosen streams, and what finds the place behind each of them again. */
export interface Batch {
  readonly records: LineRecord[];
  /** For each record, how many of `entries` had come when it was complete. */
  readonly ends: number[];
  readonly entries: Entry[];
  /** What was read before and after it is one log, without a gap, as long as this is the same. */
  readonly trail: Trail;
  /** The place before `entries`. */
  readonly before: Trail;
  bytes: number;
  /** When its first and its last chunk came, by `performance.now()`. */
  readonly begunAt: number;
  arrivedAt: number;
  /** How many entries came behind the last record, none of a chosen stream. */
  passed: number;
  /** With `multiline`: for each record, what is open behind it. */
  readonly joins?: BlocksBehind[];
  /** A place behind so many of them that the last record's would be hard to find. */
  later?: Trail;
}

/** Up to so many bytes chunks that wait together are handed out together. */
const JOINED_BYTES = 64 * 1024;

/** Puts `next`, which follows `batch` and came within some time of it, into it. False where they are to stay apart. */
export function joinTo(batch: Batch, next: Batch, withinMs: number): boolean {
  if (next.arrivedAt - batch.begunAt > withinMs) return false;
  // A line that was ended without an entry has a place of its own.
  const hasEntries = batch.entries.length > 0 && next.entries.length > 0;
  const isGapless = batch.trail === next.trail && batch.passed === 0;
  if (!hasEntries || !isGapless || batch.bytes + next.bytes > JOINED_BYTES) return false;
  const count = batch.entries.length;
  for (const end of next.ends) batch.ends.push(count + end);
  for (const entry of next.entries) batch.entries.push(entry);
  for (const record of next.records) batch.records.push(record);
  for (const join of next.joins ?? []) batch.joins?.push(join);
  batch.bytes += next.bytes;
  batch.passed = next.passed;
  batch.arrivedAt = next.arrivedAt;
  return true;
}

/** The place right behind the record at `index`. */
export function trailBehind(batch: Batch, index: number): Trail {
  const isLast = index === batch.records.length - 1;
  if (isLast && batch.later !== undefined) return batch.later;
  const trail = batch.before.clone();
  trail.add(batch.entries, 0, batch.ends[index] ?? 0);
  // Without a newline a line is known to have ended only by what came next.
  const record = batch.records[index];
  const join = batch.joins?.[index];
  if (join !== undefined) trail.blocks = join.blocks;
  if (record !== undefined && join?.isInLine !== true) trail.endOpenLine(record.stream);
  return trail;
}

import type { Supply } from "../delivery/supply.ts";
import type { LogBatch, LogRecord } from "../wire/records.ts";
import type { BatchReader } from "./batch-reader.ts";
import type { End } from "./buffer.ts";
import { steadyAt } from "../lifetime/steady-clock.ts";

/** Records that are at hand and that the consumer does not take. */
export interface Untaken {
  /** By `steadyNow()`: since when they are at hand and nothing was taken or delivered. */
  readonly since: number;
  /** What the queue holds, records in the consumer's hand included. */
  readonly bufferedBytes: number;
}

/** What a consumer takes records from: one container's, or a pool's. */
export interface RecordQueue {
  /** For a loop: the next records, where some are at hand. What was in hand is delivered. */
  nextRecords(): BatchReader<LogRecord> | undefined;
  /** For a loop: the next batch, where one is at hand. What was in hand is delivered. */
  nextBatch(): LogBatch | undefined;
  /** What is in hand is delivered. */
  acknowledge(): void;
  /** For sinks. */
  readonly supply: Supply;
  /** Undefined where nothing is at hand. */
  readonly untaken: Untaken | undefined;
  /** Resolves when there may be records at hand, or nothing more comes. One caller waits at a time. */
  available(): Promise<void>;
  /** Set once nothing more comes. */
  readonly ended: End | undefined;
}

/** `at`: by `performance.now()`; `deliveredAt`: by `steadyNow()`. */
export function untakenSince(at: number, deliveredAt: number | undefined): number {
  return Math.max(steadyAt(at), deliveredAt ?? 0);
}

import type { BatchOutcome } from "../metrics/tally.ts";

/** How a batch ended. */
export interface BatchEnd {
  readonly sink: string;
  readonly outcome: BatchOutcome;
  readonly records: number;
  /** Calls of the sink. */
  readonly attempts: number;
  /** From its first call on, in milliseconds. */
  readonly ms: number;
  /** Of the last call; undefined where that was good. */
  readonly error: unknown;
}

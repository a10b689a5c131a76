import type { LogBatch } from "../wire/records.ts";

/** A batch of one container on its way to the sinks. */
export interface SuppliedBatch {
  readonly records: LogBatch;
  /** When the first of them arrived, by `performance.now()`. */
  readonly arrivedAt: number;
  /** Reading waits until some of what was read is delivered. */
  readonly isUrgent: boolean;
  /** The next `count` records are delivered. Batches of one container are acknowledged in their order. */
  readonly acknowledge: (count: number) => void;
}

/** What was read, in the order in which it is delivered. */
export interface Supply {
  /** The next batch, where one is at hand. */
  take(): SuppliedBatch | undefined;
  /** Records that arrived by then, by `performance.now()`, are at hand. */
  holdsFrom(time: number): boolean;
  /** Resolves when there may be records at hand, or nothing more comes. One caller waits at a time. */
  available(): Promise<void>;
  /** Set once nothing more comes. The failure says why. */
  readonly ended: { readonly failure?: { readonly error: unknown } } | undefined;
}

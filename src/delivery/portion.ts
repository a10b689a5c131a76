import type { LogBatch } from "../wire/records.ts";

/** Lines that were read together, of one container, on their way to the sinks. */
export interface Portion {
  readonly records: LogBatch;
  /** When the first of them came, by `performance.now()`. */
  readonly arrivedAt: number;
  /** Reading waits until some of what was read is delivered. */
  readonly isPressing: boolean;
  /** The next `count` of them are delivered. Portions of one container are acknowledged in their order. */
  readonly acknowledge: (count: number) => void;
}

/** What was read, in the order in which it is to be delivered. */
export interface Supply {
  /** The next lines where some are at hand. */
  take(): Portion | undefined;
  /** Lines that came by then are at hand. */
  holdsFrom(time: number): boolean;
  /** Resolves when there may be lines at hand, or nothing more comes. One waits at a time. */
  available(): Promise<void>;
  /** Set once nothing more comes; with a failure, that is why. */
  readonly ended: { readonly failure?: { readonly error: unknown } } | undefined;
}

import { fieldOf } from "../errors.ts";

/**
 * What a sink may say by the error that it throws. Any object may have these fields; an error without them is tried again after the
 * usual delay.
 */
export interface SinkError {
  /** False: another attempt would fail as well. The batch is given up at once, as after the last attempt. */
  readonly retryable?: boolean;
  /** The next attempt comes no sooner than after so many milliseconds, but after `retry.maxDelayMs` at the latest. */
  readonly retryAfterMs?: number;
}

/** The sink says that no other attempt would help. */
export function isFinal(error: unknown): boolean {
  return fieldOf(error, "retryable") === false;
}

/** How long to wait, where the sink has asked for more than that; never more than `maxDelayMs`. */
export function delayAfter(error: unknown, delayMs: number, maxDelayMs: number): number {
  const asked = fieldOf(error, "retryAfterMs");
  if (typeof asked !== "number" || !(asked > delayMs)) return delayMs;
  return Math.ceil(Math.min(asked, maxDelayMs));
}

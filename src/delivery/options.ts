import {
  MAX_TIMER_MS,
  checkDelays,
  checkFunction,
  checkKeys,
  checkNumber,
  checkText,
  withoutUndefined,
} from "../checks.ts";
import { invalidOption } from "../errors.ts";
import type { BackoffOptions } from "../lifetime/backoff.ts";
import type { DeliveryOptions, Sink } from "./sink.ts";

export interface ResolvedDelivery {
  readonly name: string;
  readonly maxRecords: number;
  readonly maxWaitMs: number;
  readonly timeoutMs: number;
  /** The last attempt; Infinity where there is none. */
  readonly attempts: number;
  readonly backoff: BackoffOptions;
  readonly deadLetter: DeliveryOptions["deadLetter"];
}

const optionNames = [
  "name",
  "maxRecords",
  "maxWaitMs",
  "timeoutMs",
  "retry",
  "deadLetter",
] as const satisfies readonly (keyof DeliveryOptions)[];

const MAX_RECORDS = 1_000_000;
const retryDefaults: BackoffOptions = { minDelayMs: 100, maxDelayMs: 30_000 };

/** @throws DockspoolError INVALID_OPTION, with the option, what was given and what is allowed */
export function resolveDelivery(sink: Sink, options: DeliveryOptions): ResolvedDelivery {
  checkFunction("sink", sink);
  checkKeys("", options, optionNames);
  const given = withoutUndefined(options);
  const { maxRecords = 1_000, maxWaitMs = 200, timeoutMs = 30_000, retry = {}, deadLetter } = given;
  const { name = sink.name === "" ? "sink" : sink.name } = given;
  checkText("name", name);
  checkNumber("maxRecords", maxRecords, 1, MAX_RECORDS, "records");
  checkNumber("maxWaitMs", maxWaitMs, 0, MAX_TIMER_MS, "milliseconds");
  checkNumber("timeoutMs", timeoutMs, 1, MAX_TIMER_MS, "milliseconds");
  if (deadLetter !== undefined) checkFunction("deadLetter", deadLetter);
  return { name, maxRecords, maxWaitMs, timeoutMs, deadLetter, ...resolveRetry(retry) };
}

function resolveRetry(
  retry: NonNullable<DeliveryOptions["retry"]>,
): Pick<ResolvedDelivery, "attempts" | "backoff"> {
  checkKeys("retry", retry, ["attempts", "minDelayMs", "maxDelayMs"]);
  const { attempts = Infinity, ...delays } = withoutUndefined(retry);
  if (attempts !== Infinity && !(Number.isSafeInteger(attempts) && attempts >= 1))
    throw invalidOption("retry.attempts", attempts, "a whole number from 1, or Infinity");
  return { attempts, backoff: checkDelays("retry", delays, retryDefaults) };
}

import { messageOf } from "../errors.ts";
import type { DockspoolError } from "../errors.ts";

/** A batch that a sink has not taken yet. */
export interface Undelivered {
  readonly records: number;
  /** By `steadyNow()`: when its first attempt began. Nothing was delivered since. */
  readonly pendingSince: number;
}

/** What a delivery does. `since`: by `steadyNow()`. */
export type SinkState =
  /** Nothing is at hand. */
  | { readonly type: "idle"; readonly since: number }
  /** Records are at hand, and the batch is neither full nor old enough. */
  | { readonly type: "filling"; readonly since: number }
  /** The sink is called. `error`: of the attempt before. */
  | ({
      readonly type: "calling";
      readonly since: number;
      readonly attempt: number;
      readonly error?: unknown;
    } & Undelivered)
  /** An attempt has failed, and the next one follows after `delayMs`. */
  | ({
      readonly type: "retrying";
      readonly since: number;
      readonly attempt: number;
      readonly delayMs: number;
      readonly error: unknown;
    } & Undelivered)
  /** All attempts have failed: `deadLetter` is called. */
  | ({
      readonly type: "giving-up";
      readonly since: number;
      readonly attempt: number;
      readonly error: unknown;
    } & Undelivered)
  /** It has given up, and reading ends. */
  | { readonly type: "failed"; readonly since: number; readonly error: DockspoolError }
  /** It was stopped or aborted, or nothing more comes. */
  | { readonly type: "ended"; readonly since: number };

/** A sink and what it does. */
export interface SinkReport {
  /** Unique among the sinks of its source or pool. */
  readonly name: string;
  readonly state: SinkState;
  /** Since when no attempt has failed, by `steadyNow()`. */
  readonly soundSince: number;
}

/** What a delivery waits for, for people. */
export function sinkWaitsFor(state: SinkState): string | undefined {
  switch (state.type) {
    case "idle":
      return "records";
    case "filling":
      return "more records";
    case "calling":
      return `${state.records} record(s) to be taken, attempt ${state.attempt}`;
    case "retrying":
      return `attempt ${state.attempt + 1} in ${state.delayMs} ms: ${messageOf(state.error)}`;
    case "giving-up":
      return `${state.records} record(s) to be put aside: ${messageOf(state.error)}`;
    case "failed":
      return `nothing: ${state.error.message}`;
    default:
      return undefined;
  }
}

/** How many attempts at the current batch have failed, and the last one's error; undefined where none has. */
export function failureOf(
  state: SinkState,
): { readonly attempts: number; readonly error: unknown } | undefined {
  switch (state.type) {
    case "calling":
      return state.attempt === 1 ? undefined : { attempts: state.attempt - 1, error: state.error };
    case "retrying":
    case "giving-up":
      return { attempts: state.attempt, error: state.error };
    default:
      return undefined;
  }
}

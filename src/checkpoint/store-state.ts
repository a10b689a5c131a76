import type { DockspoolError } from "../errors.ts";

/** A call of the store that has not been answered. */
export interface StoreCall {
  readonly method: "load" | "keys" | "save" | "delete";
  /** The key, or its beginning, that is asked for; undefined where there are many. */
  readonly key: string | undefined;
  /** By `steadyNow()`. */
  readonly since: number;
}

/** A side of the store that fails. It is asked again and again. */
export interface StoreFailure {
  readonly side: "read" | "write";
  /** Of the first of the attempts, by `steadyNow()`. */
  readonly since: number;
  /** In a row. */
  readonly attempts: number;
  /** When the last attempt failed, by `steadyNow()`. */
  readonly lastAt: number;
  /** Of the last attempt. */
  readonly error: DockspoolError;
}

interface UnderWay {
  /** The oldest first; those that were given up are not among them. */
  readonly calls: readonly StoreCall[];
}

/** How the store does. */
export type StoreState = UnderWay &
  (
    | /** It has not answered yet. */ { readonly type: "unused" }
    | /** What was asked last was done. `at`: of the last answer; both by `steadyNow()`. */ {
        readonly type: "working";
        readonly since: number;
        readonly at: number;
      }
    | /** The one that has failed for longest is the first. */ {
        readonly type: "failing";
        readonly failures: readonly [StoreFailure, ...StoreFailure[]];
      }
  );

/** What happens to a call. */
export type StoreEvent =
  | { readonly type: "asked"; readonly call: StoreCall }
  | { readonly type: "answered"; readonly call: StoreCall }
  | { readonly type: "failed"; readonly call: StoreCall; readonly error: DockspoolError }
  /** Nobody waits for its answer any more, which says nothing about the store. */
  | { readonly type: "left"; readonly call: StoreCall };

export const UNUSED: StoreState = { type: "unused", calls: [] };

/** The state after an event of that time, by `steadyNow()`. */
export function nextState(state: StoreState, event: StoreEvent, at: number): StoreState {
  const { call } = event;
  if (event.type === "asked") return { ...state, calls: [...state.calls, call] };
  const calls = state.calls.filter((other) => other !== call);
  if (event.type === "left") return { ...state, calls };
  const side = sideOf(call);
  const failures = state.type === "failing" ? state.failures : [];
  const others = failures.filter((failure) => failure.side !== side);
  if (event.type === "failed") {
    const known = failures.find((failure) => failure.side === side);
    const { error } = event;
    const failure =
      known === undefined
        ? { side, since: at, attempts: 1, lastAt: at, error }
        : { ...known, attempts: known.attempts + 1, lastAt: at, error };
    const [first, ...rest] = [...others, failure].toSorted((a, b) => a.since - b.since);
    return { type: "failing", failures: [first ?? failure, ...rest], calls };
  }
  const [first, ...rest] = others;
  if (first !== undefined) return { type: "failing", failures: [first, ...rest], calls };
  const since = state.type === "working" ? state.since : at;
  return { type: "working", since, at, calls };
}

function sideOf({ method }: StoreCall): StoreFailure["side"] {
  return method === "load" || method === "keys" ? "read" : "write";
}

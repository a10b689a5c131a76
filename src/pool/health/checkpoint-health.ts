import type { StoreCall, StoreFailure, StoreState } from "../../checkpoint/store-state.ts";
import { BOUNDS } from "./bounds.ts";
import { span, worstOf } from "./report.ts";
import type { Finding } from "./report.ts";

/** What is wrong with the store of the positions. */
export function checkpointFinding(state: StoreState, now: number): Finding | undefined {
  const failures = state.type === "failing" ? state.failures : [];
  const failed = failures
    .filter(({ lastAt }) => now - lastAt < BOUNDS.storeRetryMs)
    .map((failure) => failureOf(failure));
  const unanswered = state.calls
    .filter(({ since }) => now - since >= BOUNDS.storeMs)
    .map((call) => slownessOf(call, now));
  return worstOf(failed) ?? worstOf(unanswered);
}

/** What can't be read keeps containers from being followed; what can't be saved comes again after a crash. */
function failureOf({ side, since, attempts, error }: StoreFailure): Finding {
  const status = side === "read" ? "unhealthy" : "degraded";
  return { status, detail: `attempt ${attempts} failed: ${error.message}`, since };
}

function slownessOf({ method, since }: StoreCall, now: number): Finding {
  const status = method === "load" || method === "keys" ? "unhealthy" : "degraded";
  return { status, detail: `${method}() was not answered for ${span(now - since)}`, since };
}

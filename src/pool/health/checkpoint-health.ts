import type { StoreCall, StoreFailure, StoreState } from "../../checkpoint/store-state.ts";
import { BOUNDS } from "./bounds.ts";
import { span } from "./report.ts";
import type { Finding } from "./report.ts";

/** What is wrong with the store of the positions. */
export function checkpointFinding(state: StoreState, now: number): Finding | undefined {
  const failures = state.type === "failing" ? state.failures : [];
  const failure = failures.find(({ lastAt }) => now - lastAt < BOUNDS.storeRetryMs);
  if (failure !== undefined) return failed(failure);
  const [oldest] = state.calls;
  if (oldest === undefined || now - oldest.since < BOUNDS.storeMs) return undefined;
  return unanswered(oldest, now);
}

/** What can't be read keeps containers from being followed; what can't be saved comes again after a crash. */
function failed({ side, since, attempts, error }: StoreFailure): Finding {
  const status = side === "read" ? "unhealthy" : "degraded";
  return { status, detail: `attempt ${attempts} failed: ${error.message}`, since };
}

function unanswered({ method, since }: StoreCall, now: number): Finding {
  const status = method === "load" || method === "keys" ? "unhealthy" : "degraded";
  return { status, detail: `${method}() was not answered for ${span(now - since)}`, since };
}

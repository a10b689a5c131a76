import type { StoreState } from "../../checkpoint/store-state.ts";
import { span } from "./report.ts";
import type { Finding } from "./report.ts";

/** A call of the store that has not been answered for so long. */
const SLOW_MS = 10_000;

/** What is wrong with the store of the positions. */
export function checkpointFinding(state: StoreState, now: number): Finding | undefined {
  if (state.type === "failing") {
    const [{ side, since, attempts, error }] = state.failures;
    const status = side === "read" ? "unhealthy" : "degraded";
    return { status, detail: `attempt ${attempts} failed: ${error.message}`, since };
  }
  const [oldest] = state.calls;
  if (oldest === undefined || now - oldest.since < SLOW_MS) return undefined;
  const { method, since } = oldest;
  const detail = `${method}() was not answered for ${span(now - since)}`;
  return {
    status: method === "load" || method === "keys" ? "unhealthy" : "degraded",
    detail,
    since,
  };
}

import { messageOf } from "../../errors.ts";
import { failureOf } from "../../delivery/sink-state.ts";
import type { SinkState } from "../../delivery/sink-state.ts";
import type { Untaken } from "../../queue/record-queue.ts";
import { BOUNDS } from "./bounds.ts";
import { span } from "./report.ts";
import type { Finding } from "./report.ts";

/** What is wrong with a sink. */
export function sinkFinding(state: SinkState, now: number): Finding | undefined {
  const { since } = state;
  if (state.type === "failed") return { status: "unhealthy", detail: state.error.message, since };
  const failure = failureOf(state);
  if (failure !== undefined && "pendingSince" in state) {
    const detail = `attempt ${failure.attempts} failed: ${messageOf(failure.error)}`;
    return { status: "degraded", detail, since: state.pendingSince };
  }
  if (state.type !== "calling" || now - since < BOUNDS.sinkMs) return undefined;
  const detail = `a batch of ${state.records} records was not taken for ${span(now - since)}`;
  return { status: "degraded", detail, since };
}

/** `fullSince`: since when reading waits for room, by `steadyNow()`. */
export function bufferFinding(
  untaken: Untaken | undefined,
  fullSince: number | undefined,
  now: number,
): Finding | undefined {
  if (untaken === undefined) return undefined;
  const since = fullSince === undefined ? untaken.since : Math.max(untaken.since, fullSince);
  const isFull = fullSince !== undefined && now - since >= BOUNDS.fullMs;
  if (!isFull && now - untaken.since < BOUNDS.untakenMs) return undefined;
  const what = `${untaken.bufferedBytes} bytes wait since ${span(now - untaken.since)}, and the consumer takes nothing`;
  return isFull
    ? { status: "unhealthy", detail: `full, so that nothing is read: ${what}`, since }
    : { status: "degraded", detail: what, since: untaken.since };
}

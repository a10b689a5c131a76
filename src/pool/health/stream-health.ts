import { waitsFor } from "../../source/phase.ts";
import type { Phase } from "../../source/phase.ts";
import { span } from "./report.ts";
import type { Finding } from "./report.ts";

/** One container that is followed. */
export interface FollowedStream {
  /** The container's. */
  readonly name: string;
  readonly phase: Phase;
  /** When the phase began, in epoch milliseconds. */
  readonly since: number;
  readonly lastByteAt: number | undefined;
  /** Its reader waits for its consumer to make room. */
  readonly isPaused: boolean;
  /** How long its tasks may take to end. */
  readonly rotateTimeoutMs: number;
}

/** What is usual in the pool. */
export interface StreamPlan {
  /** Between two rotations of a stream; undefined where there are none. */
  readonly rotateEveryMs: number | undefined;
  /** In how long every container has its turn. */
  readonly roundMs: number;
}

/** So long without a byte a phase that waits for the engine is out of bounds: six times an answer's time, and some. */
const SILENT_MS = 75_000;
const SLACK_MS = 10_000;

/** It is open, stopped, or in its turn. */
export function isSettled(phase: Phase): boolean {
  if (phase.type === "catching-up") return phase.isOpened;
  return !["idle", "locating", "opening", "aligning", "reconnecting"].includes(phase.type);
}

/** What is wrong with a container's stream. */
export function streamFinding(
  stream: FollowedStream,
  { rotateEveryMs, roundMs }: StreamPlan,
  now: number,
): Finding | undefined {
  const { name, phase, since } = stream;
  const lasts = now - since;
  const late = (limitMs: number, from = since): Finding | undefined => {
    if (now - from <= limitMs) return undefined;
    const what = waitsFor(phase) ?? "a rotation";
    return {
      status: "degraded",
      detail: `${name} waits for ${what} since ${span(now - from)}`,
      since,
    };
  };
  switch (phase.type) {
    case "reconnecting":
      return { status: "degraded", detail: `${name}: ${phase.error.message}`, since };
    case "locating":
    case "opening":
    case "aligning":
    case "catching-up":
      return stream.isPaused ? undefined : late(SILENT_MS, Math.max(since, stream.lastByteAt ?? 0));
    case "waiting":
      return late(2 * roundMs + SLACK_MS);
    case "closing":
      return late(stream.rotateTimeoutMs + SLACK_MS);
    case "following":
      if (rotateEveryMs === undefined || lasts <= 2 * rotateEveryMs + SLACK_MS) return undefined;
      return {
        status: "degraded",
        detail: `${name} was to be rotated every ${span(rotateEveryMs)}, and was not for ${span(lasts)}`,
        since,
      };
    default:
      return undefined;
  }
}

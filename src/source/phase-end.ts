import type { Phase } from "./phase.ts";
import { steadyNow } from "../lifetime/steady-clock.ts";

/** What a phase's end depends on. Times are by `steadyNow()`. */
interface Bounds {
  /** When the phase began. */
  readonly since: number;
  readonly lastByteAt: number | undefined;
  /** The consumer keeps the reader waiting. */
  readonly isPaused: boolean;
  /** How long the engine may be silent. */
  readonly connectTimeoutMs: number;
  readonly rotateTimeoutMs: number;
  /** When the open stream is rotated at the latest. */
  readonly rotatesBy: number | undefined;
  /** How often a container that stands still is looked at. */
  readonly lookEveryMs: number;
}

/** An answer's head has one of it, its body five. */
const ANSWER_TIMEOUTS = 6;

/** When something else is done at the latest, by `steadyNow()`; undefined where that is for others to say. */
export function endsBy(
  phase: Phase,
  bounds: Bounds,
  now: number = steadyNow(),
): number | undefined {
  const { since, isPaused, connectTimeoutMs } = bounds;
  const heardAt = Math.max(since, bounds.lastByteAt ?? 0);
  switch (phase.type) {
    case "locating":
      return since + ANSWER_TIMEOUTS * connectTimeoutMs;
    case "opening":
      return since + connectTimeoutMs;
    case "aligning":
      return isPaused ? undefined : heardAt + phase.silenceMs;
    case "catching-up":
      return isPaused ? undefined : heardAt + connectTimeoutMs;
    case "following":
      return bounds.rotatesBy;
    case "closing":
      return since + bounds.rotateTimeoutMs;
    case "reconnecting":
      return since + phase.delayMs;
    case "stopped":
      return now + bounds.lookEveryMs;
    default:
      return undefined;
  }
}

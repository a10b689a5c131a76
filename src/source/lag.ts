import type { PhaseType } from "./phase.ts";

/** A follow that has brought nothing for so long has brought what there was. */
const QUIET_MS = 50;

export interface LagParts {
  readonly phase: PhaseType;
  /** Since when an open stream has brought nothing, by `performance.now()`. */
  readonly quietSince: number;
  /** When all that was written was known to be read last, in epoch milliseconds by our clock. */
  readonly currentUntil: number;
  /** The time in the log of the newest entry that was read, and of the oldest record that is not delivered. */
  readonly readUntil: string | undefined;
  readonly undeliveredFrom: string | undefined;
  /** In epoch milliseconds by our clock, and by the one that stamps the log. */
  readonly now: number;
  readonly logNow: number;
}

/** Whether all that the container writes is read as it comes. */
export function isCurrent(phase: PhaseType): boolean {
  return phase === "following" || phase === "stopped";
}

/**
 * How far what is delivered is behind what was written, in milliseconds: 0 where all is delivered. Where it is not known whether
 * there is something to read, because no stream is open, it is for how long that has been so.
 */
export function lagMs(parts: LagParts): number {
  const { now, logNow, readUntil, undeliveredFrom } = parts;
  const readMs = readUntil === undefined ? Infinity : logNow - Date.parse(readUntil);
  const unreadMs = isAtEnd(parts) ? 0 : Math.min(now - parts.currentUntil, readMs);
  const undeliveredMs = undeliveredFrom === undefined ? 0 : logNow - Date.parse(undeliveredFrom);
  return Math.max(0, unreadMs, undeliveredMs);
}

function isAtEnd({ phase, quietSince }: LagParts): boolean {
  return (
    phase === "stopped" || (phase === "following" && performance.now() - quietSince > QUIET_MS)
  );
}

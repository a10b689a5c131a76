export interface LagParts {
  /** All that was written is known to be read. */
  readonly isAtEnd: boolean;
  /** When that was so last, by `steadyNow()`; undefined where it never was. */
  readonly currentUntil: number | undefined;
  /** When reading was to begin, likewise. */
  readonly begunAt: number;
  /** Lines have been read. */
  readonly hasRead: boolean;
  /** The time in the log of the newest entry that was read, and of the oldest record that is not delivered. */
  readonly readUntil: string | undefined;
  readonly undeliveredFrom: string | undefined;
  /** By `steadyNow()`, and in epoch milliseconds by the clock that stamps the log. */
  readonly now: number;
  readonly logNow: number;
}

/**
 * How far what is delivered is behind what was written, in milliseconds: 0 where all is delivered. Where it is not known whether
 * there is more to read, it is as much as may be missing: the time since the newest line that was read, or since the log was at
 * its end, whichever is less; before the first line, the time since reading was to begin.
 */
export function lagMs(parts: LagParts): number {
  const { logNow, undeliveredFrom } = parts;
  const unreadMs = parts.isAtEnd ? 0 : unreadForMs(parts);
  const undeliveredMs = undeliveredFrom === undefined ? 0 : logNow - Date.parse(undeliveredFrom);
  return Math.max(0, unreadMs, undeliveredMs);
}

function unreadForMs({ currentUntil, begunAt, hasRead, readUntil, now, logNow }: LagParts): number {
  const readMs = readUntil === undefined ? Infinity : logNow - Date.parse(readUntil);
  if (currentUntil !== undefined) return Math.min(now - currentUntil, readMs);
  // What stands before the first line is of another time: of before a restart, or of none.
  return hasRead && readUntil !== undefined ? readMs : now - begunAt;
}

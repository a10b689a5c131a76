const ORIGIN = performance.timeOrigin;
/** What is told as a time is no more than so far from the system's clock, and is the same each time it is told. */
const STEP_MS = 100;
let knownMs = 0;

/**
 * The time in milliseconds since the epoch, by a clock that nobody sets: what is to last, or has lasted, is counted by it. Where the
 * system's clock was set since the process began, they differ.
 */
export function steadyNow(): number {
  return steadyAt(performance.now());
}

/** A time by `performance.now()`. */
export function steadyAt(time: number): number {
  return Math.floor(ORIGIN + time);
}

/** A time by `steadyNow()` as the system's clock has it now, in epoch milliseconds. */
export function toEpoch(time: number): number {
  return time + aheadMs();
}

/** A time in epoch milliseconds, as the system's clock has it now, by `steadyNow()`. */
export function fromEpoch(time: number): number {
  return time - aheadMs();
}

/** How far the system's clock was set ahead, in milliseconds. */
export function aheadMs(): number {
  const measuredMs = Date.now() - steadyNow();
  if (Math.abs(measuredMs - knownMs) > STEP_MS) knownMs = measuredMs;
  return knownMs;
}

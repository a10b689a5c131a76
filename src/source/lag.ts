import type { Entry } from "../wire/entry.ts";

/** As fast as an engine writes a log, in bytes per millisecond (measured: 20 to 50 MB a second). */
const FASTEST_BYTES_PER_MS = 50_000;

/**
 * How far a follow is behind its log, by the timestamps of what it brings. Where it is behind by more than the engine may
 * need to fill a log file, the engine's own log rotation may overtake it, and says nothing when it does.
 */
export class Lag {
  readonly #allowedMs: number;
  /** The least difference of the clocks seen: the engine may be another machine. */
  #leastMs = Infinity;

  /** `maxFileBytes`: undefined where the log is never rotated. */
  constructor(maxFileBytes: number | undefined) {
    this.#allowedMs = maxFileBytes === undefined ? Infinity : maxFileBytes / FASTEST_BYTES_PER_MS;
  }

  mayBeOvertaken(entries: readonly Entry[]): boolean {
    const last = entries.at(-1);
    if (last === undefined || this.#allowedMs === Infinity) return false;
    const lagMs = Date.now() - Date.parse(last.timestamp);
    this.#leastMs = Math.min(this.#leastMs, lagMs);
    return lagMs - this.#leastMs > this.#allowedMs;
  }
}

import type { Checkpoint } from "./store.ts";

/** How often whoever keeps a position confirms that its container is there, moved or not. */
export const CONFIRM_EVERY_MS = 86_400_000;
/** An entry that nobody has confirmed for so long, and whose container the engine does not list, is deleted. */
const PRUNE_AFTER_MS: number = 30 * CONFIRM_EVERY_MS;
/** An earlier time is that of a machine whose clock was not set yet. */
const PLAUSIBLE_SINCE: number = Date.UTC(2024, 0);

/**
 * Whether an entry may be deleted whose container the engine does not list. Another machine may have the same engine id, as
 * clones have: then the container is there, and somebody saves or confirms its entry.
 *
 * @param now epoch milliseconds
 */
export function isForgotten({ savedAt }: Checkpoint, now: number): boolean {
  const time = typeof savedAt === "string" ? Date.parse(savedAt) : NaN;
  return time > PLAUSIBLE_SINCE && now - time > PRUNE_AFTER_MS;
}

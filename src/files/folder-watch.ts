import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";

/**
 * The kernel keeps so many events for the process until it takes them, drops the rest, and Node.js does not tell (inotify(7), `max_queued_events`: 16,384).
 * Half of that is left to watches that are not of this module.
 */
const MOST_EVENTS = 8_192;
/** Nobody's watches fill it in less. */
const LONGEST_BUSY_MS = 100;

/** Between two of these the events may have been more than the kernel keeps. */
let doubts = 0;
let inTurn = 0;
let activeMs = 0;

/** Calls `changed` for each change in a folder: with the name of what was made, renamed or removed there, or without where something was written. */
export function watchFolder(folder: string, changed: (renamed?: string) => void): FSWatcher {
  return watch(folder, (type, name) => {
    count();
    changed(type === "rename" ? (name ?? undefined) : undefined);
  });
}

/** As long as this is the same no event was lost, as far as they have come. */
export function watchDoubts(): number {
  return doubts;
}

/** Resolves when all events have come of what was done before. */
export async function eventsSoFar(): Promise<void> {
  // The turn that is under way may have asked for them already.
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function count(): void {
  if (inTurn === 0) {
    setImmediate(() => {
      inTurn = 0;
    });
    const { active } = performance.eventLoopUtilization();
    if (active - activeMs > LONGEST_BUSY_MS) doubts++;
    activeMs = active;
  }
  if (++inTurn === MOST_EVENTS) doubts++;
}

import { performance } from "node:perf_hooks";
import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";

/**
 * The kernel keeps so many events for the process until it takes them, drops the rest, and Node.js does not tell of that (inotify(7), `max_queued_events`: 16,384
 * unless it is set otherwise). Half of it is left to other watches of the process's.
 */
const MOST_EVENTS = 8_192;
/** Nobody fills it in less, while the process does something else. */
const LONGEST_BUSY_MS = 250;

/** How often there may have been more. */
let doubts = 0;
/** Events in this turn of the event loop. */
let inTurn = 0;
/** When events were taken last, in the time that the process was not idle. */
let activeMs = 0;

/** "rename": a file of that name was made, renamed or removed; "change": it was written. */
export type FolderListener = (event: "rename" | "change", name: string | null) => void;

/** As `watch` of Node.js. What comes is counted, lest it be more than the kernel keeps. */
export function watchFolder(folder: string, listener: FolderListener): FSWatcher {
  noteTaken();
  return watch(folder, (event, name) => {
    count();
    listener(event, name);
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
  noteTaken();
}

function count(): void {
  if (inTurn === 0) {
    noteTaken();
    setImmediate(() => {
      inTurn = 0;
    });
  }
  if (++inTurn === MOST_EVENTS) doubts++;
}

/** The process takes events now, and was busy for so long at most since it did so before. */
function noteTaken(): void {
  const { active } = performance.eventLoopUtilization();
  if (active - activeMs > LONGEST_BUSY_MS) doubts++;
  activeMs = active;
}

import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const LEAST_COLLECTIONS = 3;
const MOST_COLLECTIONS = 6;
/** A collection that frees less has nothing left to free: each takes a while in a process with a large heap. */
const REMNANT_BYTES = 64 * 1024;

/** What is left of the heap, in bytes, when nothing more can be collected. */
export async function heapBytes(): Promise<number> {
  let least = Infinity;
  for (let round = 1; round <= MOST_COLLECTIONS; round++) {
    collectGarbage();
    // Finalizers run in between, and free what was held by what was freed.
    await turn();
    const { heapUsed } = process.memoryUsage();
    const freed = least - heapUsed;
    least = Math.min(least, heapUsed);
    if (round >= LEAST_COLLECTIONS && freed < REMNANT_BYTES) break;
  }
  return least;
}

function collectGarbage(): void {
  const collect = globalThis.gc ?? exposed();
  collect();
}

let found: (() => void) | undefined;

/** There without `node --expose-gc`. */
function exposed(): () => void {
  if (found !== undefined) return found;
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc !== "function") throw new Error("The garbage collector can't be called.");
  found = (): void => void gc();
  return found;
}

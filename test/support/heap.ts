import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const COLLECTIONS = 4;

/** What is left of the heap, in bytes, when nothing more can be collected. */
export async function heapBytes(): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < COLLECTIONS; round++) {
    collectGarbage();
    // Finalizers run in between, and free what was held by what was freed.
    await turn();
    least = Math.min(least, process.memoryUsage().heapUsed);
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

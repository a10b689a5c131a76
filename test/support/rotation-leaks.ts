import { compared, follow, jsonLog, report, rotateWhile, run } from "./follow.ts";
import type { Comparison } from "./ground-truth.ts";
import { CountingProxy } from "./counting-proxy.ts";
import type { ReaderCounts } from "./counting-proxy.ts";
import type { RealEngine } from "./real-engine.ts";
import { grownSince, resourcesNow, settledResources, shownResources } from "./resources.ts";

/** Rotations before the base is measured, so that what is made once is there. */
const WARM_UP = 10;

export interface LeakRun {
  readonly rotations: number;
  /** What the container runs until it is killed. */
  readonly script: string;
  /** Called after each rotation with the container's id: where a test leaks on purpose. */
  readonly afterRotation?: (id: string, signal: AbortSignal) => Promise<void>;
  /** Called when the growth was found, before the source is closed. */
  readonly cleanUp?: () => Promise<void>;
  /** How long the engine may take to give back what was closed. */
  readonly deadlineMs: number;
}

export interface LeakOutcome {
  readonly completed: number;
  readonly withLines: number;
  readonly comparison: Comparison;
  readonly written: number;
  /** With the source still open, against the time before the rotations. */
  readonly grown: readonly string[];
  /** When all is closed, against the time before the source. */
  readonly grownAtEnd: readonly string[];
  readonly readers: ReaderCounts;
}

/** Rotates a source of a container that writes all the while, and looks for what grew. Called within a test. */
export async function rotateAndLook(
  name: string,
  engine: RealEngine,
  options: LeakRun,
): Promise<LeakOutcome> {
  const { rotations, script, afterRotation, cleanUp, deadlineMs } = options;
  const life = new AbortController();
  const { signal } = life;
  const id = await run(engine, { script });
  const proxy = await CountingProxy.start(engine.socketPath);
  try {
    const first = await settledResources(engine, signal);
    const following = follow(proxy.socketPath, id, { signal });
    await following.untilCount(1);
    await rotateWhile(following, "lines", (completed) => completed < WARM_UP);
    const base = await settledResources(engine, signal);
    const { completed, withLines } = await rotateWhile(
      following,
      "lines",
      (count) => count < rotations,
      async () => await afterRotation?.(id, signal),
    );
    const grown = await grownSince(base, engine, signal, deadlineMs);
    const after = await resourcesNow(engine, signal);
    await cleanUp?.();
    await engine.kill(id);
    await following.untilStopped();
    await following.source.close();
    await following.done;
    const readers = proxy.counts(id);
    const log = await jsonLog(engine, id);
    const comparison = compared(name, log, following, {
      "rotations while it wrote": completed.length,
      "of them with lines": withLines,
      "follows at once": readers.maxFollows,
    });
    const grownAtEnd = await grownSince(first, engine, signal, deadlineMs);
    report(`${name}, before`, { "": shownResources(base) });
    report(`${name}, after`, { "": shownResources(after) });
    return {
      completed: completed.length,
      withLines,
      comparison,
      written: log.length,
      grown,
      grownAtEnd,
      readers,
    };
  } finally {
    await proxy.close();
  }
}

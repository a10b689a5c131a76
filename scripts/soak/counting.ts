import { getEventListeners } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import type { StreamPool } from "../../src/index.ts";
import { heapBytes } from "../../test/support/heap.ts";
import type { RealEngine } from "../../test/support/real-engine/engine.ts";
import type { Counted } from "./samples.ts";

/** What is open here and at the engine. */
export type Open = Pick<
  Counted,
  "descriptors" | "listeners" | "timers" | "handles" | "engineGoroutines" | "engineDescriptors"
>;

/** `signal`: the one that the pool was given. */
export async function openNow(
  engine: RealEngine,
  signal: AbortSignal,
  pool?: StreamPool,
): Promise<Open> {
  const { NFd, NGoroutines } = await engine.info();
  const resources = process.getActiveResourcesInfo();
  const timers = resources.filter((name) => name === "Timeout" || name === "Immediate").length;
  return {
    // The one that reads the folder is not counted.
    descriptors: readdirSync("/proc/self/fd").length - 1,
    listeners: listeners(signal, pool),
    timers,
    handles: resources.length - timers,
    engineDescriptors: NFd,
    engineGoroutines: NGoroutines,
  };
}

/** Of the process, of the signal that the pool was given, of the pool and of its sources. */
function listeners(signal: AbortSignal, pool: StreamPool | undefined): number {
  let count = getEventListeners(signal, "abort").length;
  for (const name of process.eventNames()) count += process.listenerCount(name);
  if (pool === undefined) return count;
  for (const name of pool.eventNames()) count += pool.listenerCount(name);
  for (const source of pool.sources.values())
    for (const name of source.eventNames()) count += source.listenerCount(name);
  return count;
}

/** What is counted of the pool, this process and the engine. */
export async function countNow(
  engine: RealEngine,
  signal: AbortSignal,
  pool: StreamPool,
): Promise<Omit<Counted, "restarts" | "linesIn" | "linesOut" | "late">> {
  const open = await openNow(engine, signal, pool);
  const { tasks, sockets, rotations, reconnects, gaps, bufferedBytes } = pool.stats;
  const heap = await heapBytes();
  const { user, system } = process.cpuUsage();
  return {
    tasks,
    sockets,
    ...open,
    heapBytes: heap,
    rssBytes: process.memoryUsage.rss(),
    engineRssBytes: rssOf(engine.pid),
    rotations,
    reconnects,
    gaps,
    cpuSeconds: (user + system) / 1e6,
    engineCpuSeconds: engine.cpuSeconds(),
    bufferedBytes,
    load: loadavg()[0] ?? 0,
  };
}

/** What is more than before, beyond what the engine has open for a moment for itself. */
export function grownSince(before: Open, now: Open): string[] {
  const slack: Partial<Open> = { engineDescriptors: 2, engineGoroutines: 4 };
  return (Object.keys(before) as (keyof Open)[])
    .filter((name) => now[name] > before[name] + (slack[name] ?? 0))
    .map((name) => `${name} ${before[name]} -> ${now[name]}`);
}

function rssOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
}

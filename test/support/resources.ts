import { getEventListeners } from "node:events";
import { watch } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as pause } from "node:timers/promises";

import { openDescriptors } from "./follow.ts";
import type { RealEngine } from "./real-engine.ts";

/** What a leak makes grow, by name: here and at the engine. */
export type Resources = Readonly<Record<string, number>>;

/** Connections of the engine's own come and go; a leak of one a rotation stands far above this. */
const SLACK: Resources = { "engine descriptors": 2, "engine goroutines": 4 };
const LOOK_EVERY_MS = 100;
const LAST_LOOKS = 10;

// All watches of a process share one descriptor, which Node.js makes for the first of them and keeps.
watch(tmpdir()).close();

/** Takes stock. `signal`: the one that was given to the sources under test. */
export async function resourcesNow(engine: RealEngine, signal: AbortSignal): Promise<Resources> {
  const { NFd, NGoroutines } = await engine.info();
  const now: Record<string, number> = {
    descriptors: openDescriptors(),
    "listeners of the signal": getEventListeners(signal, "abort").length,
    "listeners of the process": process
      .eventNames()
      .reduce((sum, name) => sum + process.listenerCount(name), 0),
    "engine descriptors": NFd,
    "engine goroutines": NGoroutines,
  };
  for (const name of process.getActiveResourcesInfo()) now[name] = (now[name] ?? 0) + 1;
  return now;
}

/** Takes stock once two looks in a row see the same. */
export async function settledResources(
  engine: RealEngine,
  signal: AbortSignal,
): Promise<Resources> {
  let last = await resourcesNow(engine, signal);
  for (let look = 0; look < 50; look++) {
    await pause(LOOK_EVERY_MS);
    const now = await resourcesNow(engine, signal);
    if (growth(last, now).length === 0 && growth(now, last).length === 0) return now;
    last = now;
  }
  return last;
}

/**
 * What has grown since `base`, for example "descriptors 31 -> 331". The engine gives back within seconds what was closed, so
 * it is looked at again until nothing has grown, or the deadline has passed.
 */
export async function grownSince(
  base: Resources,
  engine: RealEngine,
  signal: AbortSignal,
  deadlineMs: number,
): Promise<string[]> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const grown = growth(base, await resourcesNow(engine, signal));
    if (grown.length === 0) return grown;
    if (performance.now() > deadline) return growth(base, await leastResources(engine, signal));
    await pause(LOOK_EVERY_MS);
  }
}

/** The least of each in some looks: what is only under way, as reads of a file that is written are, comes and goes. */
async function leastResources(engine: RealEngine, signal: AbortSignal): Promise<Resources> {
  let least = await resourcesNow(engine, signal);
  for (let look = 0; look < LAST_LOOKS; look++) {
    await pause(LOOK_EVERY_MS);
    const now = await resourcesNow(engine, signal);
    const entries = Object.entries(least).map(
      ([name, value]) => [name, Math.min(value, now[name] ?? 0)] as const,
    );
    least = Object.fromEntries(entries);
  }
  return least;
}

function growth(base: Resources, now: Resources): string[] {
  return Object.entries(now)
    .filter(([name, value]) => value > (base[name] ?? 0) + (SLACK[name] ?? 0))
    .map(([name, value]) => `${name} ${base[name] ?? 0} -> ${value}`);
}

export function shownResources(resources: Resources): string {
  return Object.entries(resources)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}

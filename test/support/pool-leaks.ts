import { setTimeout as pause } from "node:timers/promises";

import { onTestFinished } from "vitest";

import type { PoolOptions, StreamPool } from "../../src/index.ts";
import { CountingProxy } from "./counting-proxy.ts";
import { report } from "./follow.ts";
import { heapBytes } from "./heap.ts";
import { comparedAll, each, followPool, runAll } from "./pool-following.ts";
import type { PoolComparison, PoolFollowing } from "./pool-following.ts";
import type { RealEngine } from "./real-engine.ts";
import { grownSince, resourcesNow, shownResources } from "./resources.ts";
import type { Resources } from "./resources.ts";

const LOOKS = 20;
const LOOK_EVERY_MS = 50;

export interface PoolLeakRun {
  readonly containers: number;
  readonly maxStreams: number;
  /** What each container runs until it is killed. */
  readonly script: string;
  readonly options?: PoolOptions;
  /** Brings everything that is made once into being, before the base is measured. */
  readonly warmUp: (following: PoolFollowing, ids: readonly string[]) => Promise<void>;
  /** What may leak. */
  readonly work: (following: PoolFollowing, ids: readonly string[]) => Promise<void>;
  /** How long the engine may take to give back what was closed. */
  readonly deadlineMs: number;
}

export interface PoolLeakOutcome {
  readonly comparison: PoolComparison;
  readonly following: PoolFollowing;
  readonly proxy: CountingProxy;
  /** With the pool at work, against the time before. */
  readonly grown: readonly string[];
  /** When all is closed, against the time before the pool. */
  readonly grownAtEnd: readonly string[];
  readonly heapGrowthBytes: number;
  /** Of the work alone. */
  readonly rotations: number;
  readonly turns: number;
}

/** Lets a pool work while its containers write, and looks for what grew. Called within a test. */
export async function workAndLook(
  name: string,
  engine: RealEngine,
  { containers, maxStreams, script, options = {}, warmUp, work, deadlineMs }: PoolLeakRun,
): Promise<PoolLeakOutcome> {
  const { signal } = new AbortController();
  const label = `leaks-${performance.now()}`;
  const labels = { "dockspool.test": label };
  const ids = await runAll(
    engine,
    Array.from({ length: containers }, () => ({ script, labels })),
  );
  const proxy = await CountingProxy.start(engine.socketPath);
  onTestFinished(() => proxy.close());
  const first = await peak(() => resourcesNow(engine, signal));
  const following = followPool(proxy.socketPath, {
    lean: true,
    signal,
    select: { labels },
    maxStreams,
    rotation: false,
    ...options,
  });
  const { pool } = following;
  await following.until("lines of each", () => ids.every((id) => following.count(id) > 0));
  await warmUp(following, ids);
  const base = await peak(() => resourcesNow(engine, signal));
  const ownBase = await peak(async () => ownResources(pool));
  const heapBefore = await heapBytes();
  const before = pool.stats;
  await work(following, ids);
  const after = pool.stats;
  const grown = await grownSince(base, engine, signal, deadlineMs);
  grown.push(...(await ownGrowth(ownBase, pool, deadlineMs)));
  const now = { ...(await resourcesNow(engine, signal)), ...ownResources(pool) };
  const heapGrowthBytes = (await heapBytes()) - heapBefore;
  await each(ids, (id) => engine.kill(id));
  await following.untilRead(ids);
  await following.end();
  const written = ids.map((id) => ({ id }));
  const comparison = await comparedAll(name, engine, following, written, {
    "rotations in the work": after.rotations - before.rotations,
    "turns in the work": after.turns - before.turns,
    "most streams at once at the socket": proxy.total.maxReaders,
    "most of one container": proxy.mostReadersOfOne,
    "follows at the engine": proxy.total.totalFollows,
    "plain reads": proxy.total.totalReads,
    "most connections at once": proxy.maxConnections,
    "heap before": heapBefore,
    "heap growth": heapGrowthBytes,
  });
  const atEnd = ownResources(pool);
  following.release();
  const grownAtEnd = await grownSince(first, engine, signal, deadlineMs);
  report(`${name}, before`, { "": shownResources({ ...base, ...ownBase }) });
  report(`${name}, after`, { "": shownResources(now) });
  for (const [resource, count] of Object.entries(atEnd))
    if (count > 0 && resource !== "listeners of the pool") grownAtEnd.push(`${resource} ${count}`);
  return {
    comparison,
    following,
    proxy,
    grown,
    grownAtEnd,
    heapGrowthBytes,
    rotations: after.rotations - before.rotations,
    turns: after.turns - before.turns,
  };
}

/** Rotates all, again and again, each time after every container has brought lines. */
export async function rotateRounds(
  following: PoolFollowing,
  ids: readonly string[],
  rounds: number,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const counts = new Map(ids.map((id) => [id, following.count(id)]));
    for (const result of await following.pool.rotate()) {
      if (result.status === "rejected") throw result.reason;
      if (!result.value.reopened) throw new Error(`${result.value.container} was not reopened.`);
    }
    const hasNew = (id: string): boolean => following.count(id) > (counts.get(id) ?? 0);
    await following.until("lines of each after a rotation", () => ids.every(hasNew));
  }
}

/** Until the pool has given so many turns more, and every container has brought lines after the last of them. */
export async function awaitTurns(
  following: PoolFollowing,
  ids: readonly string[],
  turns: number,
): Promise<void> {
  const goal = following.pool.stats.turns + turns;
  await following.until(`${turns} turns`, () => following.pool.stats.turns >= goal, 600_000);
  const counts = new Map(ids.map((id) => [id, following.count(id)]));
  const hasNew = (id: string): boolean => following.count(id) > (counts.get(id) ?? 0);
  await following.until("lines of each", () => ids.every(hasNew));
}

/** What a pool itself says that it holds, and who listens to it and its sources. */
function ownResources(pool: StreamPool): Resources {
  const { tasks, sockets, streamsOpen } = pool.stats;
  let listeners = 0;
  for (const source of pool.sources.values()) listeners += source.listenerCount("status");
  return {
    "pool tasks": tasks,
    "pool sockets": sockets,
    "pool streams": streamsOpen,
    "listeners of the pool": pool.listenerCount("status"),
    "listeners of the sources": listeners,
  };
}

async function ownGrowth(base: Resources, pool: StreamPool, deadlineMs: number): Promise<string[]> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const grown = Object.entries(ownResources(pool))
      .filter(([name, count]) => count > (base[name] ?? 0))
      .map(([name, count]) => `${name} ${base[name] ?? 0} -> ${count}`);
    if (grown.length === 0 || performance.now() > deadline) return grown;
    await pause(LOOK_EVERY_MS);
  }
}

/** The most of each in some looks: with turns, what is open changes all the time. */
async function peak(look: () => Promise<Resources>): Promise<Resources> {
  const most: Record<string, number> = {};
  for (let count = 0; count < LOOKS; count++) {
    for (const [name, value] of Object.entries(await look()))
      most[name] = Math.max(most[name] ?? 0, value);
    await pause(LOOK_EVERY_MS);
  }
  return most;
}

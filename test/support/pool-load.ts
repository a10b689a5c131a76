import { onTestFinished } from "vitest";

import type { PoolOptions } from "../../src/index.ts";
import { CountingProxy } from "./counting-proxy.ts";
import { chosenRead, openDescriptors } from "./follow.ts";
import { comparedAll, each, followPool, runAll } from "./pool-following.ts";
import type { PoolComparison, PoolFollowing, Written } from "./pool-following.ts";
import type { RealEngine, RunOptions } from "./real-engine.ts";
import { NEVER, twoWriters } from "./writers.ts";
import type { Pace } from "./writers.ts";

const MOST_PATIENCE_MS = 60_000;

interface LoadContainer extends RunOptions {
  readonly tty: boolean;
}

/** Containers that write to both streams until they are ended, mixed: plain, with lines of 40 KB, on a terminal. */
function loadContainers(
  count: number,
  pace: Pace,
  labels: Readonly<Record<string, string>>,
): LoadContainer[] {
  return Array.from({ length: count }, (_, index) => {
    const tty = index % 5 === 4;
    const longEvery = index % 5 === 1 ? 100 : tty ? 500 : NEVER;
    // Not all of them in step.
    const own = { ...pace, pauseMs: pace.pauseMs + 7 * index };
    const script = twoWriters(own, longEvery);
    return { script, tty, labels };
  });
}

export interface PoolLoad {
  readonly containers: number;
  readonly maxStreams: number;
  /** How long all of them write. */
  readonly writeMs: number;
  readonly pace: Pace;
  readonly options?: PoolOptions;
  /** All connections are cut so often. */
  readonly cutEveryMs?: number;
  /** Awaited for each batch: a slow consumer. */
  readonly handle?: () => Promise<void>;
  /** Of the log driver. */
  readonly logOptions?: Readonly<Record<string, string>>;
}

export interface PoolLoadOutcome {
  readonly comparison: PoolComparison;
  readonly following: PoolFollowing;
  readonly ids: readonly string[];
  readonly proxy: CountingProxy;
  /** `pool.rotate()` of all, while they wrote. */
  readonly rotateCalls: number;
  /** Reopened by those calls. */
  readonly reopened: number;
  readonly failedRotations: readonly unknown[];
  readonly mostBufferedBytes: number;
}

/** Rotates a pool each second while its containers write, ends them all at once, and compares. */
export async function poolUnderLoad(
  name: string,
  engine: RealEngine,
  load: PoolLoad,
): Promise<PoolLoadOutcome> {
  const { containers, maxStreams, writeMs, pace, options = {}, cutEveryMs, handle } = load;
  const proxy = await CountingProxy.start(engine.socketPath);
  onTestFinished(() => proxy.close());
  const label = `load-${performance.now()}`;
  const labels = { "dockspool.test": label };
  const specs = loadContainers(containers, pace, labels).map((spec) => ({
    ...spec,
    options: load.logOptions ?? {},
  }));
  const half = Math.floor(containers / 2);
  // Half of them are there before the pool, half come while it is at work.
  const ids = await runAll(engine, specs.slice(0, half));
  const following = followPool(proxy.socketPath, {
    select: { labels },
    maxStreams,
    handle,
    rotation: { everyMs: 1_000 },
    ...options,
  });
  ids.push(...(await runAll(engine, specs.slice(half))));
  await following.until("each container attached", () => following.sources.size === containers);
  let most = { streamsOpen: 0, streamsWaiting: 0, longestWaitMs: 0, sockets: 0, bufferedBytes: 0 };
  let descriptors = 0;
  const look = setInterval(() => {
    const { stats } = following.pool;
    most = {
      streamsOpen: Math.max(most.streamsOpen, stats.streamsOpen),
      streamsWaiting: Math.max(most.streamsWaiting, stats.streamsWaiting),
      longestWaitMs: Math.max(most.longestWaitMs, Math.round(stats.longestWaitMs)),
      sockets: Math.max(most.sockets, stats.sockets),
      bufferedBytes: Math.max(most.bufferedBytes, stats.bufferedBytes),
    };
    descriptors = Math.max(descriptors, openDescriptors());
  }, 50);
  onTestFinished(() => clearInterval(look));
  let cuts = 0;
  const cut = (): void => {
    cuts += 1;
    proxy.cut();
  };
  const cutter = cutEveryMs === undefined ? undefined : setInterval(cut, cutEveryMs);
  onTestFinished(() => clearInterval(cutter));
  const failedRotations: unknown[] = [];
  let rotateCalls = 0;
  let reopened = 0;
  const begun = performance.now();
  // A busy machine takes longer until all turns are taken and have been rotated.
  const isUnderWay = (): boolean =>
    performance.now() < begun + MOST_PATIENCE_MS &&
    ((proxy.total.maxReaders < maxStreams && chosenRead().read === undefined) ||
      reopened <= maxStreams);
  while (performance.now() < begun + writeMs || isUnderWay()) {
    const next = begun + (rotateCalls + 1) * 1_000;
    for (const result of await following.pool.rotate()) {
      if (result.status === "rejected") failedRotations.push(result.reason);
      else if (result.value.reopened) reopened += 1;
    }
    rotateCalls += 1;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
  }
  clearInterval(cutter);
  const atEnd = following.count();
  // Half of them print their last lines, half are cut at full speed.
  await each(
    ids,
    (id, index) => (index % 2 === 0 ? engine.kill(id) : engine.kill(id, "SIGTERM")),
    10,
  );
  await each(ids, (id) => engine.wait(id), 10);
  await following.untilRead(ids);
  clearInterval(look);
  await following.end();
  const { total, mostReadersOfOne, maxConnections } = proxy;
  const written: Written[] = ids.map((id, index) => ({ id, tty: specs[index]?.tty ?? false }));
  const comparison = await comparedAll(name, engine, following, written, {
    "rotate() calls": rotateCalls,
    "reopened by them": reopened,
    "received when the containers were ended": atEnd,
    "most streams at once at the socket": total.maxReaders,
    "most of one container": mostReadersOfOne,
    "follows at the engine": total.totalFollows,
    "plain reads": total.totalReads,
    "most connections at once": maxConnections,
    cuts,
    "most waiting": most.streamsWaiting,
    "longest wait seen, ms": most.longestWaitMs,
    "most sockets by stats": most.sockets,
    "most buffered bytes": most.bufferedBytes,
    "most own descriptors": descriptors,
  });
  const mostBufferedBytes = most.bufferedBytes;
  return {
    comparison,
    following,
    ids,
    proxy,
    rotateCalls,
    reopened,
    failedRotations,
    mostBufferedBytes,
  };
}

import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { PoolOptions } from "../../src/index.ts";
import type { RealEngine } from "../../test/support/real-engine/engine.ts";
import { compareLogs } from "./comparison.ts";
import { countNow, grownSince, openNow } from "./counting.ts";
import type { Open } from "./counting.ts";
import { Fleet } from "./fleet.ts";
import { SoakFollowing } from "./following.ts";
import { Journal } from "./journal.ts";
import { countKinds, soakContainers } from "./kinds.ts";
import type { End, Entry, SoakOptions, Versions } from "./samples.ts";

export interface SoakRun {
  readonly engine: RealEngine;
  readonly options: SoakOptions;
  readonly versions: Versions;
  /** Of a file that is removed at the end. */
  readonly journalPath: string;
  readonly record: (entry: Entry) => void;
  /** Ends the run in order, before its time. */
  readonly stop: AbortSignal;
}

const LOOK_EVERY_MS = 100;
/** How long the first contact may take, the next one of the last lines, and the engine to give back what was closed. */
const PATIENCE_MS = 60_000;

/** Lets a pool follow containers that write all the while, and records what it holds, until the end. */
export async function soak(run: SoakRun): Promise<End> {
  const { engine, options, record } = run;
  const { signal } = new AbortController();
  const specs = soakContainers(options.containers, options.pace);
  record({ type: "begin", at: now(), options, versions: run.versions, kinds: countKinds(specs) });
  const labels = { soak: randomUUID() };
  const journal = new Journal(run.journalPath);
  try {
    await warmUp(engine);
    const before = await openNow(engine, signal);
    const fleet = await Fleet.start(engine, specs, labels);
    const following = new SoakFollowing(
      { ...poolOptions(run), select: { labels }, signal },
      fleet.members,
      journal,
      (container, what) => record({ type: "note", at: now(), container, what }),
    );
    const worked = await work(run, fleet, following, signal);
    const { kinds, firstDifference } = await compareLogs(fleet, journal);
    await fleet.remove();
    const left = await leftSince(before, engine, signal);
    const end: End = { type: "end", at: now(), ...worked, kinds, firstDifference, left };
    record(end);
    return end;
  } catch (error) {
    record({
      type: "note",
      at: now(),
      container: "the run",
      what: `failed: ${String(error)}`,
    });
    throw error;
  } finally {
    journal.close();
  }
}

/** What the engine makes once, with its first container, is there from then on. */
async function warmUp(engine: RealEngine): Promise<void> {
  const id = await engine.run({ script: "echo" });
  await engine.wait(id);
  await engine.rm(id);
}

function poolOptions({ engine, options }: SoakRun): PoolOptions {
  const common: PoolOptions = { engine: { socketPath: engine.socketPath }, from: "start" };
  return options.rotations === undefined ? common : { ...common, rotation: false };
}

type Worked = Pick<End, "minutes" | "isEarly" | "rotations" | "failedRotations" | "restarts">;

/** From the pool's first contact until it is closed. */
async function work(
  run: SoakRun,
  fleet: Fleet,
  following: SoakFollowing,
  signal: AbortSignal,
): Promise<Worked> {
  const { engine, options, record, stop } = run;
  const { pool } = following;
  const begun = performance.now();
  const minutesNow = (): number => (performance.now() - begun) / 60_000;
  const sample = async (): Promise<void> => {
    const minutes = minutesNow();
    const late = fleet.late(following.count);
    const linesOut = following.total;
    const linesIn = await fleet.look();
    const counted = await countNow(engine, signal, pool);
    const { restarts } = fleet;
    record({ type: "sample", at: now(), minutes, ...counted, restarts, linesIn, linesOut, late });
  };
  try {
    await pool.ready({ timeoutMs: PATIENCE_MS });
    const restarting = new AbortController();
    const [failedRotations] = await Promise.all([
      conduct(run, following, minutesNow, sample).finally(() => restarting.abort()),
      fleet.restart(restarting.signal, options.restartEveryMs),
    ]);
    const minutes = minutesNow();
    await fleet.end();
    if (!(await ended(following)))
      record({ type: "note", at: now(), container: "the run", what: "not all lines have come" });
    const { rotations } = pool.stats;
    const { restarts } = fleet;
    return { minutes, isEarly: stop.aborted, rotations, failedRotations, restarts };
  } finally {
    await pool.close();
    await following.done;
  }
}

/** Rotates, where the pool does not do that by itself, and samples, until the run is over. Gives the rotations that failed. */
async function conduct(
  { options, stop }: SoakRun,
  { pool, failure }: SoakFollowing,
  minutesNow: () => number,
  sample: () => Promise<void>,
): Promise<number> {
  const { minutes = 0, rotations = 0, sampleEveryMs } = options;
  let failed = 0;
  for (let next = 0; ;) {
    if (minutesNow() * 60_000 >= next) {
      next += sampleEveryMs;
      await sample();
    }
    const share = minutes === 0 ? 1 : Math.min(1, minutesNow() / minutes);
    const isOver = share === 1 && pool.stats.rotations >= rotations;
    if (isOver || stop.aborted) return failed;
    if (failure() !== undefined) throw failure();
    if (pool.stats.rotations < share * rotations) {
      const results = await pool.rotate();
      failed += results.filter(({ status }) => status === "rejected").length;
    } else await pause(LOOK_EVERY_MS);
  }
}

/** What is more than before, once the engine has had the time to give back what was closed. */
async function leftSince(before: Open, engine: RealEngine, signal: AbortSignal): Promise<string[]> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const left = grownSince(before, await openNow(engine, signal));
    if (left.length === 0 || performance.now() > deadline) return left;
    await pause(LOOK_EVERY_MS);
  }
}

/** False where lines are missing and no more come. */
async function ended(following: SoakFollowing): Promise<boolean> {
  let { total } = following;
  let deadline = performance.now() + PATIENCE_MS;
  while (!following.isAtEnd()) {
    if (performance.now() > deadline) return false;
    await pause(LOOK_EVERY_MS);
    if (following.total > total) deadline = performance.now() + PATIENCE_MS;
    ({ total } = following);
  }
  return true;
}

function now(): string {
  return new Date().toISOString();
}

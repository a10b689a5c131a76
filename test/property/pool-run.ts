import { DockspoolError, StreamPool } from "../../src/index.ts";
import type { LogRecord, PoolOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeEngineOptions } from "../../src/testing.ts";
import { eager, nothingOpen, turns } from "../support/fake-follow.ts";
import { PoolPlayer } from "./pool-player.ts";
import type { PoolClock } from "./pool-player.ts";
import type { PoolAct } from "./pool-script.ts";
import { PoolTruth } from "./pool-truth.ts";

export interface World {
  readonly engine: FakeEngineOptions;
  readonly clock: PoolClock;
  /** False: lines may be left without their end when a container stops. */
  readonly finishesLines: boolean;
  /** All containers, at the end: till then an engine that ends follows early, or a line without an end, keeps lines back. */
  readonly stops: boolean;
  readonly endEarly: number;
  /** The engine throws lines away. */
  readonly forgets: boolean;
  /** What was there before the pool is followed before anything else happens. */
  readonly isCalm: boolean;
  readonly consumerTurns: number;
  readonly inBatches: boolean;
  readonly from: "start" | "now";
  readonly discover: boolean;
  readonly maxStreams: number;
  readonly timeSliceMs: number;
  readonly bufferBytes: number;
  readonly sourceBufferBytes: number;
  readonly rotateEveryMs: number | undefined;
  readonly latenessMs: number | undefined;
}

/** Where not one line has come for so long none will; nothing is judged by how long it took. */
const PATIENCE_MS = Number(process.env["FC_PATIENCE_MS"] ?? 10_000);
const LOOK_EVERY_MS = 3;

/** A pool that is read by batches. */
class BatchedPool extends StreamPool {
  override [Symbol.asyncIterator](): AsyncIterator<LogRecord> {
    return this.#records();
  }

  async *#records(): AsyncGenerator<LogRecord> {
    for await (const batch of this.batches()) yield* batch;
  }
}

/** Plays a script on an engine and a pool. Resolves with what was wrong. */
export async function playPool(
  world: World,
  beginning: readonly PoolAct[],
  acts: readonly PoolAct[],
): Promise<string[]> {
  await using fake = await FakeEngine.start(world.engine);
  const truth = new PoolTruth(world);
  const { clock, finishesLines, endEarly, maxStreams } = world;
  const hasWholeTerminals = world.engine.flavour === "podman";
  const player = new PoolPlayer({ fake, truth, clock, finishesLines, hasWholeTerminals });
  fake.fault = (request) => {
    truth.asked(request, fake.open);
    return endEarly > 0 && request.path.includes("follow=1") ? { endEarly } : undefined;
  };
  await player.play(beginning);
  await nextMillisecond();
  const pool = new (world.inBatches ? BatchedPool : StreamPool)(optionsOf(world, fake));
  truth.begin();
  await nextMillisecond();
  player.pool = pool;
  pool.on("status", (status) => truth.heard(status));
  let count = 0;
  const consume = async (): Promise<void> => {
    for await (const record of pool) {
      count++;
      truth.came(record);
      await player.gate;
      await turns(world.consumerTurns);
    }
  };
  const wrong: string[] = [];
  const consumed = consume().catch((error: unknown) => void wrong.push(`threw ${String(error)}`));
  const settled = (): Promise<boolean> =>
    until(
      () => truth.problems.length === 0,
      () => count,
    );
  try {
    if (world.isCalm) await until(() => truth.isCalm);
    await player.play(acts);
    player.finish(world);
    await settled();
    wrong.push(...(await unsettled(player.calls)));
    // What comes now comes twice.
    await turns(5);
    await settled();
    wrong.push(...truth.problems);
    const { maxFollows, maxFollowsOfOneContainer } = fake.open;
    if (maxFollows > maxStreams) wrong.push(`${maxFollows} follows were open at once`);
    if (maxFollowsOfOneContainer > 1) wrong.push("a container was followed twice at once");
  } finally {
    truth.end();
    await pool.close();
    await consumed;
    await nothingOpen(fake);
  }
  await until(() => pool.stats.sockets === 0);
  wrong.push(...truth.problems);
  const { containers, tasks, sockets, streamsOpen, streamsWaiting, bufferedBytes, lines } =
    pool.stats;
  const left = { containers, tasks, sockets, streamsOpen, streamsWaiting, bufferedBytes };
  if (Object.values(left).some((value) => value !== 0) || pool.sources.size > 0)
    wrong.push(`left behind: ${JSON.stringify(left)}`);
  if (lines !== count) wrong.push(`${lines} lines were read, and ${count} delivered`);
  return [...new Set(wrong)];
}

function optionsOf(world: World, fake: FakeEngine): PoolOptions {
  const { latenessMs, rotateEveryMs: everyMs } = world;
  return {
    engine: fake.engine,
    from: world.from,
    discover: world.discover,
    maxStreams: world.maxStreams,
    timeSliceMs: world.timeSliceMs,
    bufferBytes: world.bufferBytes,
    rotation: everyMs === undefined ? false : { everyMs },
    source: { ...eager, stallProbeMs: 20, bufferBytes: world.sourceBufferBytes },
    ...(latenessMs === undefined ? {} : { order: { byTimestamp: true, latenessMs } }),
  };
}

/** False where it was not so although nothing has happened for long. */
async function until(test: () => boolean, progress = (): number => 0): Promise<boolean> {
  let end = performance.now() + PATIENCE_MS;
  let reached = progress();
  while (!test()) {
    if (progress() > reached) {
      reached = progress();
      end = performance.now() + PATIENCE_MS;
    }
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return true;
}

/** Calls of a pool end by themselves once all is well. */
async function unsettled(calls: readonly Promise<unknown>[]): Promise<string[]> {
  const failures: string[] = [];
  let settled = 0;
  for (const call of calls) {
    call
      .catch((error: unknown) => {
        // An attach() that a detach() of the same container gives up.
        if (DockspoolError.is(error, "CLOSED") && error.message.includes("was detached")) return;
        failures.push(`a call failed: ${String(error)}`);
      })
      .finally(() => settled++);
  }
  if (!(await until(() => settled === calls.length))) failures.push("calls have not settled");
  return failures;
}

/** Times of the engine, in nanoseconds, are compared with times of ours, in milliseconds. */
async function nextMillisecond(): Promise<void> {
  const begun = Date.now();
  while (Date.now() <= begun) await turns();
}

import { setTimeout as pause } from "node:timers/promises";
import type { ComparableLine } from "../../test/support/ground-truth.ts";
import { readJsonLogs } from "../../test/support/ground-truth.ts";
import type { RealEngine } from "../../test/support/real-engine/engine.ts";
import type { Spec } from "./kinds.ts";
import { LogGrowth } from "./log-growth.ts";

/** So many containers are made, ended or removed at once. */
const AT_ONCE = 4;
/** By then a line that the engine has should have come, on a busy machine too. */
const LATE_MS = 30_000;

/** One container that runs. */
export interface Member extends Spec {
  readonly id: string;
  readonly index: number;
}

interface Seen {
  readonly at: number;
  readonly lines: number;
}

/** The containers of a soak, and their logs as the engine keeps them. */
export class Fleet {
  readonly members: readonly Member[];
  readonly #engine: RealEngine;
  readonly #growths = new Map<string, LogGrowth>();
  /** What was in each log at the looks of the last half minute, and at the one before. */
  readonly #seen = new Map<string, Seen[]>();
  #restarts = 0;

  private constructor(engine: RealEngine, members: readonly Member[]) {
    this.#engine = engine;
    this.members = members;
  }

  static async start(
    engine: RealEngine,
    specs: readonly Spec[],
    labels: Readonly<Record<string, string>>,
  ): Promise<Fleet> {
    const members = await eachOf(specs, async (spec, index) => {
      const { name, script, tty } = spec;
      return { ...spec, index, id: await engine.run({ name, script, tty, labels }) };
    });
    const fleet = new Fleet(engine, members);
    for (const { id } of members) {
      const [path] = await engine.jsonLogPaths(id);
      if (path === undefined) throw new Error(`${id} has no log.`);
      fleet.#growths.set(id, new LogGrowth(path));
    }
    return fleet;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Counts the lines in all logs. */
  async look(): Promise<number> {
    let lines = 0;
    for (const [id, growth] of this.#growths) {
      await growth.look();
      const looks = this.#seen.get(id) ?? [];
      this.#seen.set(id, looks);
      looks.push({ at: performance.now(), lines: growth.lines });
      while ((looks[1]?.at ?? Infinity) < performance.now() - LATE_MS) looks.shift();
      lines += growth.lines;
    }
    return lines;
  }

  /** The names of those of which lines have not come that their logs have held for half a minute. */
  late(count: (id: string) => number): string[] {
    const due = performance.now() - LATE_MS;
    return this.members
      .filter(({ id }) => {
        const known = this.#seen.get(id)?.findLast(({ at }) => at <= due);
        return count(id) < (known?.lines ?? 0);
      })
      .map(({ name }) => name);
  }

  /** Restarts one of the restarting containers after the other, half of them without a warning. */
  async restart(signal: AbortSignal, everyMs: number): Promise<void> {
    const restarting = this.members.filter(({ kind }) => kind === "restarting");
    for (;;) {
      for (const { id } of restarting) {
        await pause(everyMs, undefined, { signal }).catch(() => {});
        if (signal.aborted) return;
        await this.#engine.kill(id, this.#restarts % 2 === 0 ? "SIGKILL" : "SIGTERM");
        await this.#engine.wait(id);
        await this.#engine.start(id);
        this.#restarts += 1;
      }
      if (restarting.length === 0) return;
    }
  }

  async end(): Promise<void> {
    await eachOf(this.members, async ({ id }) => {
      await this.#engine.kill(id);
      await this.#engine.wait(id);
    });
  }

  /** A container's whole log, from the engine's own files. */
  async log({ id, tty }: Member): Promise<ComparableLine[]> {
    return await readJsonLogs(await this.#engine.jsonLogPaths(id), { tty });
  }

  async remove(): Promise<void> {
    await eachOf(this.members, ({ id }) => this.#engine.rm(id));
  }
}

/** Does something with each, a few at once, and gives the results in their order. */
async function eachOf<T, R>(
  values: readonly T[],
  task: (value: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const left = [...values.entries()];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift())
      results[next[0]] = await task(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { createReadStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { onTestFinished } from "vitest";

import { StreamPool } from "../../src/index.ts";
import type {
  ContainerLogSource,
  LogBatch,
  PoolOptions,
  PoolStatus,
  SourceStatus,
} from "../../src/index.ts";
import { chosenRead, jsonLog, report } from "./follow.ts";
import { compareLines } from "./ground-truth.ts";
import type { ComparableLine, Comparison } from "./ground-truth.ts";
import type { RealEngine, RunOptions } from "./real-engine.ts";

const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 20;
/** So many containers are made, ended or removed at once. */
const AT_ONCE = 4;

type PoolStatusOf<T extends PoolStatus["type"]> = Extract<PoolStatus, { type: T }>;
type SourceStatusOf<T extends SourceStatus["type"]> = Extract<SourceStatus, { type: T }>;

/** What a pool delivered, by container. */
interface LineStore {
  add(id: string, batch: LogBatch): void;
  read(): Promise<Map<string, ComparableLine[]>>;
  close(): void;
}

export interface PoolFollowOptions extends Omit<PoolOptions, "engine"> {
  /** Lines go to a file, so that what was received does not count as memory, and statuses are only counted. */
  readonly lean?: boolean;
  /** Awaited for each batch: a slow consumer. */
  readonly handle?: (() => Promise<void>) | undefined;
}

/** What a pool of a real engine delivers, collected from the moment on it is constructed. */
export class PoolFollowing {
  readonly pool: StreamPool;
  /** Empty where it is lean. */
  readonly statuses: PoolStatus[] = [];
  /** Every source that was ever attached, by container id. */
  readonly sources: Map<string, ContainerLogSource> = new Map();
  /** Resolves when the iteration has ended; rejects with what the loop throws. */
  readonly done: Promise<void>;
  readonly #store: LineStore;
  readonly #isLean: boolean;
  readonly #counts = new Map<string, number>();
  readonly #received = new Map<string, { lines: number; firstAt: number; lastAt: number }>();
  #total = 0;

  constructor(pool: StreamPool, { lean: isLean = false, handle }: PoolFollowOptions) {
    this.pool = pool;
    this.#isLean = isLean;
    this.#store = isLean ? new FileLines() : new MemoryLines();
    pool.on("status", (status) => this.#heard(status));
    this.done = this.#collect(handle);
    // Whoever awaits it still gets the rejection.
    this.done.catch(() => {});
  }

  /** How many lines have come, of all containers or of one. */
  count(id?: string): number {
    return id === undefined ? this.#total : (this.#received.get(id)?.lines ?? 0);
  }

  /** Which of all lines was a container's first and its last, counted from 0. */
  places(id: string): { readonly firstAt: number; readonly lastAt: number } {
    const received = this.#received.get(id);
    if (received === undefined) throw new Error(`No line of ${id} has come.`);
    return received;
  }

  /** The statuses of one type. */
  seen<T extends PoolStatus["type"]>(type: T): PoolStatusOf<T>[] {
    return this.statuses.filter((status): status is PoolStatusOf<T> => status.type === type);
  }

  /** A container's own statuses of one type. */
  of<T extends SourceStatus["type"]>(id: string, type: T): SourceStatusOf<T>[] {
    return this.seen("source")
      .filter(({ container }) => container.id === id)
      .map(({ status }) => status)
      .filter((status): status is SourceStatusOf<T> => status.type === type);
  }

  /** How many statuses of a type came, "attached" or, of sources, "source opened". */
  times(type: string): number {
    return this.#counts.get(type) ?? 0;
  }

  /** Resolves when `condition` holds, looked at every now and then. */
  async until(
    what: string,
    condition: () => boolean,
    timeoutMs: number = PATIENCE_MS,
  ): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(this.#missing(what, timeoutMs));
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  async untilCount(id: string, count: number): Promise<void> {
    await this.until(`${count} lines of ${id.slice(0, 12)}`, () => this.count(id) >= count);
  }

  /** Each of these containers is stopped or gone, its log was read to its end, and all of it is here. */
  async untilRead(ids: readonly string[], timeoutMs?: number): Promise<void> {
    const isRead = (id: string): boolean => {
      const stats = this.sources.get(id)?.stats;
      if (stats?.state !== "stopped" && stats?.state !== "ended") return false;
      return this.count(id) >= stats.lines;
    };
    const what = `the end of ${ids.length} logs`;
    await this.until(what, () => ids.every(isRead), timeoutMs);
  }

  /** Closes the pool and waits for the end of the loop. */
  async end(): Promise<void> {
    await this.pool.close();
    await this.done;
  }

  /** What came, by container. To be asked for once all is here. */
  async lines(): Promise<Map<string, ComparableLine[]>> {
    return await this.#store.read();
  }

  /** Gives back what the lines took. */
  release(): void {
    this.#store.close();
  }

  #heard(status: PoolStatus): void {
    if (!this.#isLean) this.statuses.push(status);
    const type = status.type === "source" ? `source ${status.status.type}` : status.type;
    this.#counts.set(type, this.times(type) + 1);
    if (status.type !== "attached") return;
    const source = this.pool.sources.get(status.container.id);
    if (source !== undefined) this.sources.set(status.container.id, source);
  }

  async #collect(handle?: () => Promise<void>): Promise<void> {
    for await (const batch of this.pool.batches()) {
      const id = batch[0]?.container.id;
      if (id === undefined) throw new Error("A batch without records came.");
      this.#store.add(id, batch);
      const received = this.#received.get(id) ?? { lines: 0, firstAt: this.#total, lastAt: 0 };
      this.#received.set(id, received);
      received.lines += batch.length;
      this.#total += batch.length;
      received.lastAt = this.#total - 1;
      if (handle !== undefined) await handle();
    }
  }

  #missing(what: string, timeoutMs: number): string {
    const shorter = (key: string, value: unknown): unknown => {
      if (value instanceof Error) return value.message;
      return key === "labels" ? undefined : value;
    };
    const sources = [...this.sources].map(([id, { stats }]) => {
      const { state, lines, generation, reconnects } = stats;
      const shown = `${state}, ${this.count(id)} of ${lines} lines, generation ${generation}`;
      return `${id.slice(0, 12)}: ${shown}, reconnects ${reconnects}`;
    });
    return [
      `Not within ${timeoutMs} ms: ${what}. ${this.#total} lines, ${JSON.stringify(this.pool.stats)}`,
      ...sources,
      ...this.statuses.slice(-12).map((status) => JSON.stringify(status, shorter)),
    ].join("\n");
  }
}

/** Follows containers by a pool within the running test, which closes it at its end. */
export function followPool(
  socketPath: string,
  { lean = false, handle, ...options }: PoolFollowOptions = {},
): PoolFollowing {
  const where = options.engines === undefined ? { engine: { socketPath } } : {};
  const pool = new StreamPool({ ...where, ...chosenRead(), from: "start", ...options });
  const following = new PoolFollowing(pool, { lean, handle });
  onTestFinished(async () => {
    await pool.close();
    following.release();
  });
  return following;
}

/** Does something with each, a few at once, and gives the results in their order. */
export async function each<T, R>(
  values: readonly T[],
  task: (value: T, index: number) => Promise<R>,
  atOnce: number = AT_ONCE,
): Promise<R[]> {
  const results = new Map<number, R>();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < values.length; index = next++) {
      const value = values[index];
      if (value !== undefined) results.set(index, await task(value, index));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return [...results].toSorted(([a], [b]) => a - b).map(([, result]) => result);
}

/** Runs containers, a few at once. What is left of them when the running test has ended is removed. */
export async function runAll(engine: RealEngine, specs: readonly RunOptions[]): Promise<string[]> {
  const ids: string[] = [];
  onTestFinished(async () => {
    await each(ids, (id) => removeQuietly(engine, id));
  });
  return await each(specs, async (spec) => {
    const id = await engine.run(spec);
    ids.push(id);
    return id;
  });
}

/** Removes a container that need not be there. */
export async function removeQuietly(engine: RealEngine, id: string): Promise<void> {
  await engine.discard(id);
}

/** A container whose log is compared. */
export interface Written {
  readonly id: string;
  readonly tty?: boolean;
}

export interface PoolComparison extends Comparison {
  readonly written: number;
  readonly received: number;
}

/** Prints what was written and what came, and compares both, container by container. */
export async function comparedAll(
  suite: string,
  engine: RealEngine,
  following: PoolFollowing,
  containers: readonly Written[],
  figures: Readonly<Record<string, unknown>> = {},
): Promise<PoolComparison> {
  const truth = await each(containers, ({ id, tty }) => jsonLog(engine, id, tty));
  const expected = containers.map(({ id }, index) => [id, truth[index] ?? []] as const);
  return await comparedWith(suite, following, expected, figures);
}

/** As `comparedAll`, with a truth of the caller's own. */
export async function comparedWith(
  suite: string,
  following: PoolFollowing,
  expected: readonly (readonly [id: string, lines: readonly ComparableLine[]])[],
  figures: Readonly<Record<string, unknown>> = {},
): Promise<PoolComparison> {
  const received = await following.lines();
  const sum = { lost: 0, repeated: 0, foreign: 0, reordered: 0, written: 0, received: 0 };
  let firstDifference: string | undefined;
  for (const [id, lines] of expected) {
    const came = received.get(id) ?? [];
    const comparison = compareLines(lines, came);
    sum.lost += comparison.lost;
    sum.repeated += comparison.repeated;
    sum.foreign += comparison.foreign;
    sum.reordered += comparison.reordered;
    sum.written += lines.length;
    sum.received += came.length;
    if (comparison.firstDifference !== undefined)
      firstDifference ??= `Container ${id}. ${comparison.firstDifference}`;
  }
  const { lost, repeated, foreign, reordered } = sum;
  const { rotations, turns, gaps, reconnects } = following.pool.stats;
  report(suite, {
    containers: expected.length,
    written: sum.written,
    received: sum.received,
    lost,
    repeated,
    foreign,
    reordered,
    rotations,
    turns,
    gaps,
    reconnects,
    ...figures,
  });
  return { ...sum, firstDifference };
}

class MemoryLines implements LineStore {
  readonly #lines = new Map<string, ComparableLine[]>();

  add(id: string, batch: LogBatch): void {
    const lines = this.#lines.get(id) ?? [];
    this.#lines.set(id, lines);
    for (const { stream, timestamp, line } of batch) lines.push({ stream, timestamp, line });
  }

  async read(): Promise<Map<string, ComparableLine[]>> {
    return this.#lines;
  }

  close(): void {}
}

/** One descriptor, whatever is added. */
class FileLines implements LineStore {
  readonly #directory = mkdtempSync(join(tmpdir(), "dp-lines-"));
  readonly #path = join(this.#directory, "lines");
  readonly #file = openSync(this.#path, "w");
  #isClosed = false;

  add(id: string, batch: LogBatch): void {
    let text = "";
    for (const { stream, timestamp, line } of batch)
      text += `${JSON.stringify([id, stream, timestamp, line])}\n`;
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at);
  }

  async read(): Promise<Map<string, ComparableLine[]>> {
    const all = new Map<string, ComparableLine[]>();
    const input = createReadStream(this.#path);
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      const [id, stream, timestamp, line] = JSON.parse(text);
      const lines = all.get(id) ?? [];
      all.set(id, lines);
      lines.push({ stream, timestamp, line });
    }
    return all;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#file);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

import { readdirSync } from "node:fs";

import { onTestFinished } from "vitest";

import { ContainerLogSource } from "../../src/index.ts";
import type {
  EndReason,
  LogRecord,
  Rotation,
  SourceOptions,
  SourceStatus,
} from "../../src/index.ts";
import { compareLines, readJsonLogs } from "./ground-truth.ts";
import type { ComparableLine, Comparison } from "./ground-truth.ts";
import type { PlainLine } from "./plain-reader.ts";
import type { RealEngine, RunOptions } from "./real-engine.ts";

const PATIENCE_MS = 60_000;
/** Of a load on a machine that is busy otherwise, in milliseconds. */
export const LONGEST_LOAD_MS = 240_000;

/** What a source delivers, collected from the moment on it is constructed. */
export class Following {
  readonly source: ContainerLogSource;
  readonly lines: ComparableLine[] = [];
  readonly statuses: SourceStatus[] = [];
  /** Resolves when the iteration has ended; rejects with what the loop throws. */
  readonly done: Promise<EndReason>;
  readonly #looks = new Set<() => void>();

  /** `handle` is awaited for each batch: a slow consumer. */
  constructor(source: ContainerLogSource, handle?: (batch: readonly LogRecord[]) => Promise<void>) {
    this.source = source;
    source.on("status", (status) => {
      this.statuses.push(status);
      this.#look();
    });
    this.done = this.#collect(handle);
    // Whoever awaits it still gets the rejection.
    this.done.catch(() => {});
  }

  /** The statuses of one type. */
  of<T extends SourceStatus["type"]>(type: T): Extract<SourceStatus, { type: T }>[] {
    return this.statuses.filter(
      (status): status is Extract<SourceStatus, { type: T }> => status.type === type,
    );
  }

  /** Resolves when `condition` holds, looked at after each status and each batch. */
  until(what: string, condition: () => boolean, timeoutMs: number = PATIENCE_MS): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = (): void => {
        if (condition()) settle();
      };
      const timer = setTimeout(() => {
        const { state } = this.source.stats;
        const seen = this.statuses.slice(-5).map((status) => JSON.stringify(status));
        settle(
          new Error(
            `Not within ${timeoutMs} ms: ${what}. ${this.lines.length} lines, ${state}, ${seen.join(" ")}`,
          ),
        );
      }, timeoutMs);
      this.#looks.add(look);
      look();
    });
  }

  untilLine(text: string, timeoutMs?: number): Promise<void> {
    let seen = 0;
    const found = (): boolean => {
      while (seen < this.lines.length) if (this.lines[seen++]?.line === text) return true;
      return false;
    };
    return this.until(`line ${JSON.stringify(text)}`, found, timeoutMs);
  }

  untilCount(count: number, timeoutMs?: number): Promise<void> {
    return this.until(`${count} lines`, () => this.lines.length >= count, timeoutMs);
  }

  untilStatus(type: SourceStatus["type"], count = 1, timeoutMs?: number): Promise<void> {
    return this.until(`${count} × ${type}`, () => this.of(type).length >= count, timeoutMs);
  }

  /** Resolves when the container has stopped so many times, and all that was read is here. */
  untilStopped(count = 1, timeoutMs?: number): Promise<void> {
    return this.until(
      `${count} × stopped, and all that was read`,
      () => {
        const turns = this.statuses.filter(
          ({ type }) => type === "stopped" || type === "restarted",
        );
        const isStopped = turns.at(-1)?.type === "stopped";
        return isStopped && this.of("stopped").length >= count && this.hasAllRead;
      },
      timeoutMs,
    );
  }

  /** Nothing that was read waits to be delivered. */
  get hasAllRead(): boolean {
    return this.lines.length >= this.source.stats.lines;
  }

  async #collect(handle?: (batch: readonly LogRecord[]) => Promise<void>): Promise<EndReason> {
    for await (const batch of this.source.batches()) {
      for (const { stream, timestamp, line } of batch) this.lines.push({ stream, timestamp, line });
      this.#look();
      if (handle !== undefined) await handle(batch);
    }
    return await this.source.ended;
  }

  #look(): void {
    for (const look of [...this.#looks]) look();
  }
}

export interface FollowOptions extends SourceOptions {
  /** Awaited for each batch: a slow consumer. */
  readonly handle?: (batch: readonly LogRecord[]) => Promise<void>;
}

/** How suites on real engines read, where they do not say: `DOCKSPOOL_READ`, "auto" or "files". */
export function chosenRead(): Pick<SourceOptions, "read"> {
  const read = process.env["DOCKSPOOL_READ"];
  return read === "auto" || read === "files" ? { read } : {};
}

/** Follows a container within the running test, which closes it at its end. */
export function follow(
  socketPath: string,
  container: string,
  { handle, ...options }: FollowOptions = {},
): Following {
  const source = new ContainerLogSource(container, {
    engine: { socketPath },
    ...chosenRead(),
    ...options,
  });
  const following = new Following(source, handle);
  onTestFinished(async () => {
    await source.close();
  });
  return following;
}

/** As `engine.run`, without the start. Removed when the running test has ended. */
export async function create(engine: RealEngine, options: RunOptions): Promise<string> {
  const id = await engine.create(options);
  onTestFinished(async () => {
    await engine.discard(id);
  });
  return id;
}

/** What is left of a script of this test when it fails half-way. */
export async function run(engine: RealEngine, options: RunOptions): Promise<string> {
  const id = await create(engine, options);
  await engine.start(id);
  return id;
}

export interface Rotations {
  /** Completed, each with its stream opened again, before `while` ceased to hold. */
  readonly completed: readonly Rotation[];
  /** Of those, how many had lines come since the one before: capture went on. */
  readonly withLines: number;
}

/**
 * Rotates while `goOn` holds. With "lines" the next rotation comes when a line has come since the last one, else back to
 * back. A rotation that fails fails this.
 */
export async function rotateWhile(
  following: Following,
  after: "lines" | "nothing",
  goOn: (completed: number) => boolean,
  each: () => Promise<void> = async () => {},
): Promise<Rotations> {
  const completed: Rotation[] = [];
  let withLines = 0;
  let lines = following.lines.length;
  const hasNew = (): boolean => following.lines.length > lines;
  while (goOn(completed.length)) {
    const rotation = await following.source.rotate();
    if (!rotation.reopened || !goOn(completed.length)) break;
    completed.push(rotation);
    await each();
    // The last one is waited for as well, unless nothing is written any more.
    const moved = (): boolean => hasNew() || !goOn(completed.length - 1);
    if (after === "lines") await following.until("a line after a rotation", moved);
    if (hasNew()) withLines += 1;
    lines = following.lines.length;
  }
  return { completed, withLines };
}

/** True until a container has ended. */
export function whileRunning(
  engine: RealEngine,
  id: string,
): { readonly running: boolean; readonly ended: Promise<number> } {
  const state = { running: true, ended: engine.wait(id, LONGEST_LOAD_MS) };
  const end = (): void => {
    state.running = false;
  };
  state.ended.then(end, end);
  return state;
}

export async function jsonLog(engine: RealEngine, id: string, tty = false): Promise<PlainLine[]> {
  return await readJsonLogs(await engine.jsonLogPaths(id), { tty });
}

/** How many descriptors this process has open; the one that lists them is not counted. */
export function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length - 1;
}

/** One line for whoever reads the run. */
export function report(suite: string, figures: Readonly<Record<string, unknown>>): void {
  const shown = Object.entries(figures).map(([name, value]) => `${name} ${String(value)}`);
  console.log(`${suite}: ${shown.join(", ")}`);
}

/** Prints what was written and what came, and compares both. */
export function compared(
  suite: string,
  written: readonly ComparableLine[],
  following: Following,
  figures: Readonly<Record<string, unknown>> = {},
): Comparison {
  const comparison = compareLines(written, following.lines);
  const { lost, repeated, foreign, reordered } = comparison;
  report(suite, {
    written: written.length,
    received: following.lines.length,
    lost,
    repeated,
    foreign,
    reordered,
    rotations: following.source.stats.rotations,
    gaps: following.of("gap").length,
    ...figures,
  });
  return comparison;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

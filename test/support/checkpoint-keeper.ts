import type { CheckpointKeeper } from "../../src/checkpoint/keeper.ts";
import { MemoryCheckpointStore } from "../../src/index.ts";
import type { Checkpoint, DockspoolError } from "../../src/index.ts";

type Method = "load" | "save" | "delete" | "keys";

/** A store that fails, or takes its time, as a test says. */
export class ScriptedStore extends MemoryCheckpointStore {
  /** The method that fails, or what `save` throws. */
  fails: Method | { readonly save: unknown } | undefined;
  /** How long a save takes; Infinity until `answer` is called. */
  delayMs = 0;
  /** What `save` was called with, by the clock of `performance.now()`, once it had worked. */
  readonly saves: { readonly at: number; readonly keys: readonly string[] }[] = [];
  readonly deletes: (readonly string[])[] = [];
  readonly failedAt: number[] = [];
  /** Calls of `save`, failed ones included. */
  calls = 0;
  /** The most of them at once. */
  most = 0;
  /** What it holds. */
  readonly entries: Record<string, Checkpoint> = {};
  #running = 0;
  #answer: () => void = () => {};

  answer(): void {
    this.#answer();
  }

  /** Answers the call that waits now, whatever is asked meanwhile. */
  answerer(): () => void {
    return this.#answer;
  }

  override async load(key: string): Promise<Checkpoint | undefined> {
    if (this.fails === "load") throw new Error("no space");
    return await super.load(key);
  }

  override async save(given: ReadonlyMap<string, Checkpoint>): Promise<void> {
    const at = performance.now();
    this.calls++;
    this.most = Math.max(this.most, ++this.#running);
    try {
      if (this.delayMs > 0) await this.#delay();
      if (typeof this.fails === "object") throw this.fails.save;
      if (this.fails === "save") {
        this.failedAt.push(at);
        throw new Error("no space");
      }
      await super.save(given);
      for (const [key, checkpoint] of given) this.entries[key] = structuredClone(checkpoint);
      this.saves.push({ at, keys: [...given.keys()] });
    } finally {
      this.#running--;
    }
  }

  override async delete(keys: readonly string[]): Promise<void> {
    if (this.fails === "delete") throw new Error("no space");
    await super.delete(keys);
    for (const key of keys) delete this.entries[key];
    this.deletes.push(keys);
  }

  override async *keys(prefix: string): AsyncIterable<string> {
    if (this.fails === "keys") throw new Error("no space");
    yield* super.keys(prefix);
  }

  #delay(): Promise<void> {
    return new Promise((resolve) => {
      if (this.delayMs === Infinity) this.#answer = resolve;
      else setTimeout(resolve, this.delayMs);
    });
  }
}

/** A position that is a number. */
export class Counter {
  readonly failures: DockspoolError[] = [];
  readonly #keeper: CheckpointKeeper;
  readonly #kept: Parameters<CheckpointKeeper["changed"]>[0];
  #n = 0;

  constructor(keeper: CheckpointKeeper, key: string, everyMs: number) {
    this.#keeper = keeper;
    this.#kept = {
      key,
      everyMs,
      read: () => ({ n: this.#n }),
      failed: (error) => void this.failures.push(error),
    };
  }

  move(): void {
    this.moveTo(this.#n + 1);
  }

  moveTo(n: number): void {
    this.#n = n;
    this.#keeper.changed(this.#kept);
  }
}

import { DockspoolError, MemoryCheckpointStore } from "../../src/index.ts";
import type { Checkpoint } from "../../src/index.ts";
import { contents } from "./checkpoint-files.ts";
import { eventually } from "./fake-follow.ts";

/** A store that a test looks into, and that stops accepting what it is given. */
export class WatchedStore extends MemoryCheckpointStore {
  /** Thrown by `save` and `delete`. */
  failure: Error | undefined;
  /** The key that can't be loaded, or "all". */
  unreadable: string | undefined;
  /** What a load of it throws: nothing that is over in a moment. */
  unreadableBy: Error = new DockspoolError("CHECKPOINT_UNREADABLE", "no such store");
  /** Calls of `save` that worked. */
  saves = 0;
  /** As a process that is killed: what it says from now on is not heard, and nobody is told. */
  #isDead = false;
  /** Called before what is given is taken. */
  onSave: ((entries: ReadonlyMap<string, Checkpoint>) => void) | undefined;

  /** What the next process finds. */
  async kill(): Promise<WatchedStore> {
    this.#isDead = true;
    return await WatchedStore.of(await this.all());
  }

  static async of(entries: Readonly<Record<string, Checkpoint>>): Promise<WatchedStore> {
    const store = new WatchedStore();
    await store.save(new Map(Object.entries(entries)));
    store.saves = 0;
    return store;
  }

  all(): Promise<Record<string, Checkpoint>> {
    return contents(this);
  }

  async has(test: (entries: Record<string, Checkpoint>) => boolean, what: string): Promise<void> {
    let isSo = false;
    const look = async (): Promise<void> => {
      isSo = test(await this.all());
    };
    await look();
    await eventually(() => {
      void look();
      return isSo;
    }, what);
  }

  override async load(key: string): Promise<Checkpoint | undefined> {
    if (this.unreadable === "all" || this.unreadable === key) throw this.unreadableBy;
    return await super.load(key);
  }

  override async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.onSave?.(entries);
    if (this.#isDead) return;
    this.saves++;
    await super.save(entries);
  }

  override async delete(keys: readonly string[]): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    if (!this.#isDead) await super.delete(keys);
  }
}

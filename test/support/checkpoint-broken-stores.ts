import { MemoryCheckpointStore } from "../../src/index.ts";
import type { Checkpoint, CheckpointStore } from "../../src/index.ts";

export interface BrokenStore {
  readonly create: () => CheckpointStore;
  readonly reopen?: (store: CheckpointStore) => CheckpointStore;
  /** The test that must find it. */
  readonly fails: string;
}

/** A sound store, for others to break. */
class Store extends MemoryCheckpointStore {
  protected async all(prefix = ""): Promise<string[]> {
    const keys: string[] = [];
    for await (const key of super.keys(prefix)) keys.push(key);
    return keys;
  }
}

class WithDefault extends Store {
  override async load(key: string): Promise<Checkpoint | undefined> {
    return (await super.load(key)) ?? {};
  }
}

class Flat extends Store {
  override save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    const simple = (value: unknown): boolean => typeof value !== "object" || Array.isArray(value);
    const flat = Array.from(entries, ([key, checkpoint]) => {
      const fields = Object.entries(checkpoint).filter(([, value]) => simple(value));
      return [key, Object.fromEntries(fields)] as const;
    });
    return super.save(new Map(flat));
  }
}

class KeepsReferences implements CheckpointStore {
  protected readonly entries = new Map<string, Checkpoint>();

  async load(key: string): Promise<Checkpoint | undefined> {
    return this.entries.get(key);
  }

  async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    for (const [key, checkpoint] of entries) this.entries.set(key, checkpoint);
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.entries.delete(key);
  }

  async *keys(prefix: string): AsyncIterable<string> {
    for (const key of [...this.entries.keys()]) if (key.startsWith(prefix)) yield key;
  }
}

class DropsOthers extends Store {
  override async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    if (entries.size > 0) await super.delete(await this.all());
    await super.save(entries);
  }
}

class NeverReplaces extends Store {
  override async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    const known = new Set(await this.all());
    await super.save(new Map(Array.from(entries).filter(([key]) => !known.has(key))));
  }
}

class OnlySome extends Store {
  override save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    return super.save(new Map(Array.from(entries).slice(0, 500)));
  }
}

class TakesNothingForAll extends Store {
  override async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    if (entries.size === 0) await super.delete(await this.all());
    await super.save(entries);
  }
}

class IgnoresPrefix extends Store {
  override keys(): AsyncIterable<string> {
    return super.keys("");
  }
}

class ForgetsSlash extends Store {
  override keys(prefix: string): AsyncIterable<string> {
    return super.keys(prefix.replace(/\/$/, ""));
  }
}

class TakesPattern extends Store {
  override async *keys(prefix: string): AsyncIterable<string> {
    const source = prefix.replaceAll("%", ".*").replaceAll("_", ".").replaceAll("*", ".*");
    const pattern = new RegExp(`^${source}`);
    for (const key of await this.all()) if (pattern.test(key)) yield key;
  }
}

class IgnoresDeletes extends Store {
  override async delete(): Promise<void> {
    // Nothing.
  }
}

class LoadsDeleted extends Store {
  readonly #ever = new Map<string, Checkpoint>();

  override async load(key: string): Promise<Checkpoint | undefined> {
    return this.#ever.get(key);
  }

  override async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    for (const [key, checkpoint] of entries) this.#ever.set(key, structuredClone(checkpoint));
    await super.save(entries);
  }
}

class DeletesFamilies extends Store {
  override async delete(keys: readonly string[]): Promise<void> {
    const isMeant = (key: string): boolean =>
      keys.some((given) => key.startsWith(given.split("/")[0] ?? given));
    await super.delete((await this.all()).filter(isMeant));
  }
}

class DeletesAll extends Store {
  override async delete(keys: readonly string[]): Promise<void> {
    await super.delete(keys.length === 0 ? await this.all() : keys);
  }
}

class DeletesTooMuch extends Store {
  override async delete(keys: readonly string[]): Promise<void> {
    const known = await this.all();
    await super.delete(keys.every((key) => known.includes(key)) ? keys : known);
  }
}

class SkipsWhileListed extends Store {
  override async *keys(prefix: string): AsyncIterable<string> {
    for (let at = 0; ; at++) {
      const key = (await this.all(prefix))[at];
      if (key === undefined) return;
      yield key;
    }
  }
}

/** Reads all, and writes all back later. */
class LosesUpdates extends KeepsReferences {
  override async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    const copy = new Map(this.entries);
    for (const [key, checkpoint] of entries) copy.set(key, structuredClone(checkpoint));
    await new Promise((resolve) => setImmediate(resolve));
    this.entries.clear();
    for (const [key, checkpoint] of copy) this.entries.set(key, checkpoint);
  }
}

class LastIsFirst extends Store {
  #count = 0;

  override async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    for (let wait = this.#count++; wait < 40; wait++) await Promise.resolve();
    await super.save(entries);
  }
}

class DeletesInMemory extends KeepsReferences {
  readonly file: Map<string, Checkpoint>;

  constructor(file = new Map<string, Checkpoint>()) {
    super();
    this.file = file;
    for (const [key, checkpoint] of file) this.entries.set(key, checkpoint);
  }

  override async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    await super.save(entries);
    for (const [key, checkpoint] of entries) this.file.set(key, checkpoint);
  }
}

const GIVES_BACK = "gives back what was saved";
const REPLACES = "replaces an entry, and no others";
const MANY = "saves many entries at once, and none";
const LISTS = "lists the keys that begin with a prefix, and no others";
const DELETES = "deletes entries, and no others";
const ABSENT = "deletes what is not there, and nothing";
const OVERLAP = "takes calls that overlap, the last one last";
const NEXT = "keeps entries for the next process";

/** By what is wrong with each. */
export const brokenStores: Readonly<Record<string, BrokenStore>> = {
  "makes up an entry": {
    create: () => new WithDefault(),
    fails: "gives undefined for what was never saved",
  },
  "drops nested objects": { create: () => new Flat(), fails: GIVES_BACK },
  "keeps references": {
    create: () => new KeepsReferences(),
    fails: "keeps what was saved whatever happens to the object",
  },
  "drops other entries with each save": { create: () => new DropsOthers(), fails: REPLACES },
  "never replaces an entry": { create: () => new NeverReplaces(), fails: REPLACES },
  "saves no more than 500 entries at once": { create: () => new OnlySome(), fails: MANY },
  "takes a save of nothing for one of all": { create: () => new TakesNothingForAll(), fails: MANY },
  "ignores the prefix": { create: () => new IgnoresPrefix(), fails: LISTS },
  "forgets the slash of a prefix": { create: () => new ForgetsSlash(), fails: LISTS },
  "takes a prefix as a pattern": {
    create: () => new TakesPattern(),
    fails: "takes the prefix as it is, not as a pattern",
  },
  "ignores deletes": { create: () => new IgnoresDeletes(), fails: DELETES },
  "loads what is deleted": { create: () => new LoadsDeleted(), fails: DELETES },
  "deletes what begins alike": { create: () => new DeletesFamilies(), fails: DELETES },
  "takes a delete of nothing for one of all": { create: () => new DeletesAll(), fails: ABSENT },
  "deletes more where a key is not there": { create: () => new DeletesTooMuch(), fails: ABSENT },
  "loses its place when a listed key is deleted": {
    create: () => new SkipsWhileListed(),
    fails: "lets entries be deleted while keys are listed",
  },
  "loses one of two updates that overlap": { create: () => new LosesUpdates(), fails: OVERLAP },
  "saves overlapping calls in another order": { create: () => new LastIsFirst(), fails: OVERLAP },
  "is empty for the next process": {
    create: () => new MemoryCheckpointStore(),
    reopen: () => new MemoryCheckpointStore(),
    fails: NEXT,
  },
  "deletes for this process only": {
    create: () => new DeletesInMemory(),
    reopen: (store) =>
      new DeletesInMemory(store instanceof DeletesInMemory ? store.file : undefined),
    fails: NEXT,
  },
};

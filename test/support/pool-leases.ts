import type { Checkpoint, CheckpointStore, Lease, Leases } from "../../src/index.ts";

/** Leases in this process, of owners that can lose all of theirs. */
export class LocalLeases {
  readonly #holders = new Map<string, LocalOwner>();
  readonly #waiters = new Set<() => void>();
  #token = 0;

  owner(): LocalOwner {
    return new LocalOwner(this);
  }

  holderOf(key: string): LocalOwner | undefined {
    return this.#holders.get(key);
  }

  take(key: string, owner: LocalOwner): number {
    this.#holders.set(key, owner);
    return ++this.#token;
  }

  give(key: string, owner: LocalOwner): void {
    if (this.#holders.get(key) === owner) this.#holders.delete(key);
    for (const wake of this.#waiters) wake();
  }

  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiters.delete(end);
        signal.removeEventListener("abort", end);
        if (signal.aborted) reject(signal.reason);
        else resolve();
      };
      this.#waiters.add(end);
      signal.addEventListener("abort", end);
    });
  }
}

export class LocalOwner implements Leases {
  readonly #all: LocalLeases;
  readonly #held = new Map<string, AbortController>();

  constructor(all: LocalLeases) {
    this.#all = all;
  }

  get keys(): string[] {
    return [...this.#held.keys()];
  }

  async acquire(key: string, signal: AbortSignal): Promise<Lease> {
    while (this.#all.holderOf(key) !== undefined) await this.#all.changed(signal);
    signal.throwIfAborted();
    const lost = new AbortController();
    const token = this.#all.take(key, this);
    this.#held.set(key, lost);
    return {
      token,
      lost: lost.signal,
      [Symbol.asyncDispose]: async () => {
        this.#held.delete(key);
        this.#all.give(key, this);
      },
    };
  }

  /** As after a stop that was too long. */
  loseAll(): void {
    for (const [key, lost] of this.#held) {
      this.#held.delete(key);
      lost.abort(new Error("it was not renewed"));
      this.#all.give(key, this);
    }
  }
}

/** A store of its own for each pool, over the same data. */
export class SharedStore implements CheckpointStore {
  readonly #entries: Map<string, Checkpoint>;
  readonly saved: string[] = [];
  /** So many loads fail. */
  failures = 0;
  /** Loads that wait, until they are called back. */
  waiting: (() => void)[] | undefined;

  constructor(entries: Map<string, Checkpoint>) {
    this.#entries = entries;
  }

  async load(key: string): Promise<Checkpoint | undefined> {
    if (this.failures > 0) {
      this.failures--;
      throw new Error("no answer");
    }
    const { waiting } = this;
    if (waiting !== undefined) await new Promise<void>((resolve) => waiting.push(resolve));
    return this.#entries.get(key);
  }

  async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    for (const [key, value] of entries) {
      this.#entries.set(key, value);
      this.saved.push(key);
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#entries.delete(key);
  }

  async *keys(prefix: string): AsyncIterable<string> {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) yield key;
  }
}

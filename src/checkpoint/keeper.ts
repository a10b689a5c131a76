import { setImmediate } from "node:timers/promises";
import { DockspoolError, messageOf } from "../errors.ts";
import { sleep } from "../lifetime/deadline.ts";
import type { Checkpoint, CheckpointStore } from "./store.ts";

/** A position that is kept. */
export interface Kept {
  readonly key: string;
  /** Read before the others: it must not be later than they are. */
  readonly isFirst?: boolean;
  /** Milliseconds from one save to the next, at the least. */
  readonly everyMs: number;
  /** As it is now; undefined where there is none yet. */
  read(): Checkpoint | undefined;
  /** It could not be saved, which is tried again. */
  failed(error: DockspoolError): void;
}

/** Of its time, saving takes no larger share than this. */
const SAVING_SHARE = 0.1;
/** But after a disk that was slow once, saving rests no longer. */
const MAX_REST_MS = 2_000;
/** How long to wait for another attempt after one that failed, at the most. */
const MAX_RETRY_MS = 30_000;

/** So many positions are read in one turn of the event loop. */
const SLICE = 500;

/** Saves what has changed: now and then, and when it is told to. */
export class CheckpointKeeper {
  readonly #store: CheckpointStore;
  readonly #changed = new Map<string, Kept>();
  readonly #deleted = new Set<string>();
  #isHurried = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Infinity;
  #restUntil = 0;
  #lastAt = -Infinity;
  #failures = 0;
  #failure: DockspoolError | undefined;
  #saving: Promise<void> | undefined;

  constructor(store: CheckpointStore) {
    this.#store = store;
  }

  /** Why the last save failed; undefined where it worked. */
  get failure(): DockspoolError | undefined {
    return this.#failure;
  }

  /** @throws DockspoolError CHECKPOINT_UNREADABLE */
  async load(key: string): Promise<Checkpoint | undefined> {
    try {
      return await this.#store.load(key);
    } catch (error) {
      throw unreadable(error);
    }
  }

  /** @throws DockspoolError CHECKPOINT_UNREADABLE */
  async keys(prefix: string): Promise<string[]> {
    try {
      const keys: string[] = [];
      for await (const key of this.#store.keys(prefix)) keys.push(key);
      return keys;
    } catch (error) {
      throw unreadable(error);
    }
  }

  /** It is to be saved, or being saved. */
  isChanged(key: string): boolean {
    return this.#changed.has(key) || this.#saving !== undefined;
  }

  /** It will be saved once its time has come. */
  changed(kept: Kept): void {
    this.#changed.set(kept.key, kept);
    this.#schedule(kept.everyMs);
  }

  /** Its container is gone. */
  delete(key: string): void {
    this.#changed.delete(key);
    this.#deleted.add(key);
    this.#schedule(0);
  }

  /** It is to be saved soon: as soon as saving has rested enough. */
  hurry(): void {
    if (!this.#hasChanges) return;
    this.#isHurried = true;
    this.#schedule(0);
  }

  /** Nobody waits for it any more: what is to be saved later keeps no process alive. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.unref();
  }

  /** Saves what has changed by now. Never rejects: what can't be saved is told to those concerned. */
  async save(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving;
    if (this.#hasChanges) await this.#saveNow();
  }

  /** As `save`, but gives up after `timeoutMs`. Resolves with false then. */
  async saveWithin(timeoutMs: number): Promise<boolean> {
    const given = new AbortController();
    const late = sleep(timeoutMs, given.signal).then(
      () => false,
      () => true,
    );
    const saved = this.save().then(() => true);
    try {
      return await Promise.race([saved, late]);
    } finally {
      given.abort();
    }
  }

  get #hasChanges(): boolean {
    return this.#changed.size + this.#deleted.size > 0;
  }

  #schedule(everyMs: number): void {
    const dueAt = Math.max(this.#lastAt + everyMs, this.#restUntil);
    if (dueAt >= this.#dueAt || this.#saving !== undefined) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => void this.save(), Math.max(0, dueAt - performance.now()));
    if (this.#isClosed) this.#timer.unref();
  }

  #saveNow(): Promise<void> {
    clearTimeout(this.#timer);
    this.#dueAt = Infinity;
    const saving = this.#write().finally(() => {
      this.#saving = undefined;
      for (const { everyMs } of this.#changed.values()) this.#schedule(everyMs);
      if (this.#deleted.size > 0 || (this.#isHurried && this.#hasChanges)) this.#schedule(0);
    });
    this.#saving = saving;
    return saving;
  }

  async #write(): Promise<void> {
    const all = [...this.#changed.values()];
    const changed = [...all.filter(isFirst), ...all.filter((kept) => !isFirst(kept))];
    const deleted = [...this.#deleted];
    this.#changed.clear();
    this.#deleted.clear();
    this.#isHurried = false;
    const begun = performance.now();
    try {
      const entries = await readAll(changed);
      if (entries.size > 0) await this.#store.save(entries);
      if (deleted.length > 0) await this.#store.delete(deleted);
      this.#failure = undefined;
      this.#failures = 0;
    } catch (error) {
      this.#failure = unwritable(error);
      this.#failures++;
      // Whoever keeps a position by now knows better.
      for (const kept of changed)
        if (!this.#changed.has(kept.key) && !this.#deleted.has(kept.key))
          this.#changed.set(kept.key, kept);
      for (const key of deleted) this.#deleted.add(key);
      for (const kept of changed) kept.failed(this.#failure);
    } finally {
      this.#rest(begun);
    }
  }

  /** A save that began then is over: it is some time until the next. */
  #rest(begun: number): void {
    this.#lastAt = performance.now();
    const restMs =
      this.#failures > 0
        ? Math.min(MAX_RETRY_MS, 500 * 2 ** Math.min(this.#failures, 10))
        : Math.min(MAX_REST_MS, (this.#lastAt - begun) / SAVING_SHARE);
    this.#restUntil = this.#lastAt + restMs;
  }
}

function isFirst(kept: Kept): boolean {
  return kept.isFirst === true;
}

async function readAll(changed: readonly Kept[]): Promise<Map<string, Checkpoint>> {
  const entries = new Map<string, Checkpoint>();
  for (const [index, kept] of changed.entries()) {
    if (index > 0 && index % SLICE === 0) await setImmediate();
    const checkpoint = kept.read();
    if (checkpoint !== undefined) entries.set(kept.key, checkpoint);
  }
  return entries;
}

function unreadable(cause: unknown): DockspoolError {
  if (DockspoolError.is(cause, "CHECKPOINT_UNREADABLE")) return cause;
  const message = messageOf(cause);
  return new DockspoolError(
    "CHECKPOINT_UNREADABLE",
    `The checkpoint store can't be read: ${message}. Nothing is read without it, lest lines come again or are left out.`,
    { cause },
  );
}

function unwritable(cause: unknown): DockspoolError {
  if (DockspoolError.is(cause, "CHECKPOINT_UNWRITABLE")) return cause;
  const message = messageOf(cause);
  return new DockspoolError(
    "CHECKPOINT_UNWRITABLE",
    `The checkpoint store can't be written: ${message}. Lines delivered since the last save come again after a crash.`,
    { cause, transient: true },
  );
}

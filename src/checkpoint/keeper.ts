import { setImmediate } from "node:timers/promises";
import { DockspoolError, asSentence, messageOf } from "../errors.ts";
import { onAbort } from "../lifetime/abort.ts";
import { sleep } from "../lifetime/deadline.ts";
import type { SaveOutcome } from "../metrics/tally.ts";
import { OverdueCalls } from "./overdue.ts";
import type { Wanted } from "./overdue.ts";
import { StoreCalls } from "./store-calls.ts";
import type { StoreEntry } from "./store-entry.ts";
import type { StoreState } from "./store-state.ts";
import type { Checkpoint, CheckpointStore } from "./store.ts";

/** Of its time, saving takes no larger share than this. */
const SAVING_SHARE = 0.1;
/** But after a disk that was slow once, saving rests no longer. */
const MAX_REST_MS = 2_000;
/** How long to wait for another attempt after one that failed, at the most. */
const MAX_RETRY_MS = 5_000;

/** So many positions are read in one turn of the event loop. */
const SLICE = 500;

/** Saves what has changed: now and then, and when it is told to. */
export class CheckpointKeeper {
  /** Whoever has the same one keeps positions in the same place. */
  readonly store: CheckpointStore;
  readonly #calls: StoreCalls;
  readonly #overdue = new OverdueCalls();
  readonly #changed = new Map<string, StoreEntry>();
  readonly #deleted = new Set<string>();
  readonly #closers = new Set<() => void>();
  readonly #wrote: (outcome: SaveOutcome) => void;
  #isHurried = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Infinity;
  #restUntil = 0;
  #lastAt = -Infinity;
  /** Of saves, in a row. */
  #failures = 0;
  #saving: Promise<void> | undefined;
  /** Since when there is something to save, and what is being saved was changed, by `performance.now()`. */
  #changedSince: number | undefined;
  #savingSince: number | undefined;

  /** `wrote`: of each call of the store that writes. */
  constructor(store: CheckpointStore, wrote: (outcome: SaveOutcome) => void = () => {}) {
    this.store = store;
    this.#wrote = wrote;
    this.#calls = new StoreCalls(store);
  }

  /** How the store does. */
  get state(): StoreState {
    return this.#calls.state;
  }

  /** Why the store was last asked in vain; undefined where it works. */
  get failure(): DockspoolError | undefined {
    const { state } = this;
    return state.type === "failing" ? state.failures[0].error : undefined;
  }

  /** @throws DockspoolError CHECKPOINT_UNREADABLE, also where no answer comes; the signal's reason */
  load(key: string, signal: AbortSignal): Promise<Checkpoint | undefined> {
    return this.#calls.load(key, signal);
  }

  /** @throws as `load` */
  keys(prefix: string, signal: AbortSignal): Promise<string[]> {
    return this.#calls.keys(prefix, signal);
  }

  /** For how long what has changed has waited to be saved, in milliseconds; 0 where nothing has. */
  get unsavedForMs(): number {
    const now = performance.now();
    return now - Math.min(this.#savingSince ?? now, this.#changedSince ?? now);
  }

  /** It is to be saved, or being saved. */
  isChanged(key: string): boolean {
    return this.#changed.has(key) || this.#saving !== undefined;
  }

  /** It will be saved once its time has come. */
  changed(entry: StoreEntry): void {
    this.#changedSince ??= performance.now();
    this.#deleted.delete(entry.key);
    this.#changed.set(entry.key, entry);
    this.#overdue.changed(entry.key, entry);
    this.#schedule(entry.everyMs);
  }

  /** Its container is gone. */
  delete(key: string): void {
    this.#changedSince ??= performance.now();
    this.#changed.delete(key);
    this.#deleted.add(key);
    this.#overdue.changed(key, undefined);
    this.#schedule(0);
  }

  /** It is to be saved soon: as soon as saving has rested enough. */
  hurry(): void {
    if (!this.#hasChanges) return;
    this.#isHurried = true;
    this.#schedule(0);
  }

  /** Calls back when the keeper is closed. */
  onClose(callback: () => void): void {
    if (this.#isClosed) callback();
    else this.#closers.add(callback);
  }

  /** Nobody waits for it any more: what is to be saved later keeps no process alive, and what fails is not tried again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.unref();
    this.#calls.close();
    for (const callback of this.#closers) callback();
    this.#closers.clear();
  }

  /** Saves what has changed by now. Never rejects: what can't be saved is told to those concerned. */
  async save(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving;
    if (this.#hasChanges) await this.#saveNow();
  }

  /** As `save`, but gives up after `timeoutMs`, or when the signal aborts. Resolves with false then. */
  async saveWithin(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const given = new AbortController();
    const unlink = onAbort(signal, () => given.abort());
    const late = sleep(timeoutMs, given.signal).then(
      () => false,
      () => false,
    );
    const saved = this.save().then(() => true);
    try {
      return await Promise.race([saved, late]);
    } finally {
      unlink();
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
      this.#scheduleRest();
    });
    this.#saving = saving;
    return saving;
  }

  /** What could not be saved, or has changed meanwhile. */
  #scheduleRest(): void {
    if (this.#isClosed && this.#failures > 0) return;
    for (const { everyMs } of this.#changed.values()) this.#schedule(everyMs);
    if (this.#deleted.size > 0 || (this.#isHurried && this.#hasChanges)) this.#schedule(0);
  }

  async #write(): Promise<void> {
    const all = [...this.#changed.values()];
    const changed = [...all.filter(isFirst), ...all.filter((entry) => !isFirst(entry))];
    const deleted = [...this.#deleted];
    this.#changed.clear();
    this.#deleted.clear();
    this.#isHurried = false;
    const begun = performance.now();
    this.#savingSince = this.#changedSince;
    this.#changedSince = undefined;
    try {
      const entries = await readAll(changed);
      if (entries.size > 0) await this.#save(changed, entries);
      if (deleted.length > 0) await this.#delete(deleted);
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      this.#changedSince = this.#savingSince ?? this.#changedSince;
      this.#putBack(changed, deleted);
      for (const entry of changed) tellFailed(entry, error);
    } finally {
      this.#savingSince = undefined;
      this.#rest(begun);
    }
  }

  #save(changed: readonly StoreEntry[], entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    const saving = this.#calls.save(entries, (answered) => {
      const wanted = changed.map((entry) => [entry.key, this.#wanted(entry.key, entry)] as const);
      this.#overdue.add(new Map(wanted), answered, this.#again);
    });
    return this.#counted(saving);
  }

  #delete(keys: readonly string[]): Promise<void> {
    const deleting = this.#calls.delete(keys, (answered) => {
      const wanted = keys.map((key) => [key, this.#wanted(key, undefined)] as const);
      this.#overdue.add(new Map(wanted), answered, this.#again);
    });
    return this.#counted(deleting);
  }

  async #counted(writing: Promise<void>): Promise<void> {
    try {
      await writing;
      this.#wrote("saved");
    } catch (error) {
      this.#wrote("failed");
      throw error;
    }
  }

  /** What is to be saved of a key of which `before` was being saved. */
  #wanted(key: string, before: StoreEntry | undefined): StoreEntry | undefined {
    return this.#deleted.has(key) ? undefined : (this.#changed.get(key) ?? before);
  }

  readonly #again = (wanted: Wanted): void => {
    for (const [key, entry] of wanted) {
      if (this.#changed.has(key) || this.#deleted.has(key)) continue;
      this.#changedSince ??= performance.now();
      if (entry === undefined) this.#deleted.add(key);
      else this.#changed.set(key, entry);
    }
    this.#schedule(0);
  };

  #putBack(changed: readonly StoreEntry[], deleted: readonly string[]): void {
    // Whoever keeps a position by now knows better.
    for (const entry of changed)
      if (!this.#changed.has(entry.key) && !this.#deleted.has(entry.key))
        this.#changed.set(entry.key, entry);
    for (const key of deleted) if (!this.#changed.has(key)) this.#deleted.add(key);
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

function isFirst(entry: StoreEntry): boolean {
  return entry.isFirst === true;
}

/** One that can't be read is told of, and keeps none of the others from being saved. */
async function readAll(changed: readonly StoreEntry[]): Promise<Map<string, Checkpoint>> {
  const entries = new Map<string, Checkpoint>();
  for (const [index, entry] of changed.entries()) {
    if (index > 0 && index % SLICE === 0) await setImmediate();
    try {
      const checkpoint = entry.read();
      if (checkpoint !== undefined) entries.set(entry.key, checkpoint);
    } catch (error) {
      tellFailed(entry, unsaved(error));
    }
  }
  return entries;
}

function tellFailed(entry: StoreEntry, error: unknown): void {
  try {
    entry.failed(DockspoolError.is(error) ? error : unsaved(error));
  } catch {
    // Whoever is told of a failure has one of its own, and the others are told.
  }
}

function unsaved(cause: unknown): DockspoolError {
  return new DockspoolError(
    "CHECKPOINT_UNWRITABLE",
    `The position can't be saved: ${asSentence(messageOf(cause))} Lines delivered since the last save come again after a crash.`,
    { cause, transient: true },
  );
}

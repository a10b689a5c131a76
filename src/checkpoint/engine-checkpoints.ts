import { unlessAborted } from "../lifetime/abort.ts";
import type { EngineClient } from "../engine/engine-client.ts";
import type { EngineIdentity } from "../engine/identity.ts";
import { parseCursor } from "../resume/cursor.ts";
import type { Position } from "../resume/position.ts";
import { Claim } from "./claims.ts";
import { ContainerCheckpoint } from "./container-checkpoint.ts";
import type { PositionCheckpoint, PositionOwner } from "./container-checkpoint.ts";
import { isCreatedSince, parseNote, toNote } from "./engine-note.ts";
import type { EngineNote } from "./engine-note.ts";
import { unreadableEntry } from "./failures.ts";
import { moveFromFormerId } from "./former-id.ts";
import type { CheckpointKeeper } from "./keeper.ts";
import { CONFIRM_EVERY_MS, isForgotten } from "./pruning.ts";
import type { StoreEntry } from "./store-entry.ts";
import type { Checkpoint } from "./store.ts";

/** The note of an engine is saved along with positions. */
const NOTE_EVERY_MS = 60_000;
/** How long to wait for a save before a position is loaded that it may hold. */
const SAVE_FIRST_MS = 60_000;

/** What a pool knows of an engine: all that happened until then. */
export interface EngineView {
  /** Epoch milliseconds, by this machine's clock. */
  readonly at: number;
  /** Ids of the containers that were dealt with, and need not be read from their start; undefined where none are looked for. */
  readonly known: () => Iterable<string> | undefined;
}

/** The saved positions of one engine's containers. */
export class EngineCheckpoints {
  readonly #keeper: CheckpointKeeper;
  readonly #client: EngineClient;
  readonly #containers = new Map<string, ContainerCheckpoint>();
  #ready: { readonly signal: AbortSignal; readonly identity: Promise<EngineIdentity> } | undefined;
  #identity: EngineIdentity | undefined;
  /** Another process's. */
  #found: EngineNote | undefined;
  /** By container: found under an id that the engine had before, and not saved yet under this one. */
  #moved: ReadonlyMap<string, Checkpoint> = new Map();
  /** By the engine's clock. */
  #view: EngineView | undefined;
  #note: StoreEntry | undefined;
  #confirming: NodeJS.Timeout | undefined;

  constructor(keeper: CheckpointKeeper, client: EngineClient) {
    this.#keeper = keeper;
    this.#client = client;
  }

  /** When the engine was last seen by those who saved here, in epoch milliseconds by its clock; known once `ready`. */
  get lastSeenAt(): number | undefined {
    return this.#found?.seenAt;
  }

  /** The container was created since then. */
  isNew(id: string, createdAt: number): boolean {
    if (this.#found === undefined) return false;
    return isCreatedSince(this.#found, id, createdAt, this.#client.clock.now());
  }

  /**
   * Asks the engine who it is, and deletes what nobody keeps any more of containers that it does not have.
   *
   * @throws DockspoolError CHECKPOINT_UNREADABLE, ENGINE_UNREACHABLE, …; the signal's reason
   */
  async ready(signal: AbortSignal): Promise<EngineIdentity> {
    for (;;) {
      const ready = (this.#ready ??= { signal, identity: this.#begin(signal) });
      try {
        return await unlessAborted(ready.identity, signal);
      } catch (error) {
        if (this.#ready === ready) this.#ready = undefined;
        signal.throwIfAborted();
        // Whoever asked first may have given up.
        if (!ready.signal.aborted) throw error;
      }
    }
  }

  /** @throws as `ready`, and INVALID_OPTION where another source or pool of this process keeps it */
  async load(container: string, signal: AbortSignal): Promise<Position | undefined> {
    const { id } = await this.ready(signal);
    const key = `${id}/${container}`;
    new Claim(this.#keeper.store, key, container, this.#keeper).check();
    // What is not saved yet is newer.
    if (this.#keeper.isChanged(key)) await this.#keeper.saveWithin(SAVE_FIRST_MS, signal);
    const checkpoint = (await this.#keeper.load(key, signal)) ?? this.#moved.get(container);
    if (checkpoint === undefined) return undefined;
    if (checkpoint["container"] !== container) throw unreadableEntry(key);
    try {
      return parseCursor(checkpoint);
    } catch (error) {
      throw unreadableEntry(key, error);
    }
  }

  /**
   * Keeps a container's position from now on, in place of whatever kept it before.
   *
   * @throws DockspoolError INVALID_OPTION where another source or pool of this process keeps it
   */
  keep(container: string, owner: PositionOwner): PositionCheckpoint {
    const key = `${this.#engine.id}/${container}`;
    const checkpoint =
      this.#containers.get(container) ??
      new ContainerCheckpoint({
        keeper: this.#keeper,
        key,
        container,
        note: () => this.#note,
        gone: () => void this.#containers.delete(container),
      });
    checkpoint.follow(owner);
    this.#beginConfirming();
    this.#containers.set(container, checkpoint);
    return checkpoint;
  }

  /** The container is gone. */
  drop(container: string): void {
    const checkpoint = this.#containers.get(container);
    if (checkpoint !== undefined) checkpoint.gone();
    else if (this.#identity !== undefined) this.#keeper.delete(`${this.#identity.id}/${container}`);
  }

  /** Another process keeps the container's position from now on. */
  leave(container: string): void {
    this.#containers.get(container)?.left();
  }

  /** What is saved from now on says that the engine was seen so. `isLast`: that is to be saved, too. */
  noteView(view: EngineView, isLast = false): void {
    if (this.#identity === undefined) return;
    this.#view = { at: this.#client.clock.now(view.at), known: view.known };
    const isFirst = this.#note === undefined;
    this.#note ??= {
      key: this.#identity.noteKey,
      isFirst: true,
      everyMs: NOTE_EVERY_MS,
      failed: () => {},
      read: () => this.#readNote(),
    };
    if (isFirst || isLast) this.#keeper.changed(this.#note);
    if (isFirst) this.#keeper.hurry();
  }

  get #engine(): EngineIdentity {
    if (this.#identity === undefined) throw new TypeError("The engine was not identified.");
    return this.#identity;
  }

  #readNote(): Checkpoint | undefined {
    if (this.#view === undefined) return undefined;
    const { at, known } = this.#view;
    // A pool that looks for no containers knows no more than the one before.
    return toNote(at, known() ?? this.#found?.known);
  }

  async #begin(signal: AbortSignal): Promise<EngineIdentity> {
    const identity = await this.#client.identify(signal);
    const { id, noteKey, isDistinct } = identity;
    let note = await this.#keeper.load(noteKey, signal);
    // As earlier releases have saved it.
    if (note === undefined && noteKey !== id) note = await this.#keeper.load(id, signal);
    if (note === undefined) {
      const former = await moveFromFormerId(this.#keeper, this.#client, id, signal);
      note = former?.note;
      this.#moved = former?.positions ?? this.#moved;
    }
    this.#found = note === undefined ? undefined : parseNote(noteKey, note);
    this.#identity = identity;
    if (isDistinct) await this.#prune(id, signal);
    return identity;
  }

  async #prune(engine: string, signal: AbortSignal): Promise<void> {
    // First the keys: what is saved after the list was made is not missing from it.
    const keys = await this.#keeper.keys(`${engine}/`, signal);
    if (keys.length === 0) return;
    const listed = await this.#client.list(signal, { all: true });
    const there = new Set(listed.map(({ id }) => `${engine}/${id}`));
    for (const key of keys) {
      if (there.has(key)) continue;
      const entry = await this.#keeper.load(key, signal);
      if (entry !== undefined && isForgotten(entry, Date.now())) this.#keeper.delete(key);
    }
  }

  /** Until the keeper is closed. */
  #beginConfirming(): void {
    if (this.#confirming !== undefined) return;
    const all = this.#containers;
    this.#confirming = setInterval(() => {
      for (const checkpoint of all.values()) checkpoint.confirm();
    }, CONFIRM_EVERY_MS).unref();
    this.#keeper.onClose(() => {
      clearInterval(this.#confirming);
      for (const checkpoint of all.values()) checkpoint.ended();
    });
  }
}

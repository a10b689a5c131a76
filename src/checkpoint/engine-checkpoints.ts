import type { EngineClient } from "../engine/engine-client.ts";
import type { EngineIdentity } from "../engine/identity.ts";
import { DockspoolError } from "../errors.ts";
import { parseCursor, toCursor } from "../resume/cursor.ts";
import type { Position } from "../resume/position.ts";
import type { CheckpointKeeper, Kept } from "./keeper.ts";
import type { Checkpoint } from "./store.ts";

/** What keeps a container's position. */
export interface KeptPosition {
  /** It may have moved. */
  moved(): void;
  /** It is saved before long, moved or not. */
  hurry(): void;
  /** Its container is gone. */
  gone(): void;
}

interface Following {
  readonly everyMs: number;
  /** Behind the last line delivered. */
  readonly position: () => Position | undefined;
  readonly failed: (error: DockspoolError) => void;
}

/** The note of an engine is saved along with positions. */
const NOTE_EVERY_MS = 60_000;

/** The saved positions of one engine's containers. */
export class EngineCheckpoints {
  readonly #keeper: CheckpointKeeper;
  readonly #client: EngineClient;
  #ready: Promise<EngineIdentity> | undefined;
  #identity: EngineIdentity | undefined;
  #lastSeenAt: number | undefined;
  #seenAt = 0;
  #note: Kept | undefined;

  constructor(keeper: CheckpointKeeper, client: EngineClient) {
    this.#keeper = keeper;
    this.#client = client;
  }

  /** When the engine was last seen by those who saved here, in epoch milliseconds by its clock; known once `ready`. */
  get lastSeenAt(): number | undefined {
    return this.#lastSeenAt;
  }

  /**
   * Asks the engine who it is, and drops what was kept of containers that it has no more.
   *
   * @throws DockspoolError CHECKPOINT_UNREADABLE, ENGINE_UNREACHABLE, …; the signal's reason
   */
  async ready(signal: AbortSignal): Promise<EngineIdentity> {
    this.#ready ??= this.#begin(signal);
    try {
      return await this.#ready;
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
  }

  /** @throws as `ready` */
  async load(container: string, signal: AbortSignal): Promise<Position | undefined> {
    const { id } = await this.ready(signal);
    const key = `${id}/${container}`;
    // What is not saved yet is newer.
    if (this.#keeper.isChanged(key)) await this.#keeper.save();
    const checkpoint = await this.#keeper.load(key);
    if (checkpoint === undefined) return undefined;
    if (checkpoint["container"] !== container) throw unreadable(key);
    try {
      return parseCursor(checkpoint);
    } catch (error) {
      throw unreadable(key, error);
    }
  }

  /** Keeps a container's position from now on. */
  keep(container: string, { everyMs, position, failed }: Following): KeptPosition {
    const key = `${this.#engine.id}/${container}`;
    let isFirst = true;
    let isChanged = false;
    let isGone = false;
    const kept: Kept = {
      key,
      everyMs,
      failed,
      read: () => {
        isChanged = false;
        const now = position();
        return now === undefined ? undefined : toCursor(container, now);
      },
    };
    return {
      moved: () => {
        if (isChanged || isGone) return;
        isChanged = true;
        this.#keeper.changed(kept);
        if (this.#note !== undefined) this.#keeper.changed(this.#note);
        // Where it begins is nowhere else.
        if (isFirst) this.#keeper.hurry();
        isFirst = false;
      },
      hurry: () => this.#keeper.hurry(),
      gone: () => {
        isGone = true;
        this.#keeper.delete(key);
      },
    };
  }

  /** The container is gone, and was not kept by now. */
  drop(container: string): void {
    if (this.#identity !== undefined) this.#keeper.delete(`${this.#identity.id}/${container}`);
  }

  /** All that happens in the engine is seen: up to now. What is saved from now on says so. */
  saw(): void {
    if (this.#identity === undefined) return;
    const { id, clockAheadMs } = this.#identity;
    this.#seenAt = Date.now() + clockAheadMs;
    this.#note ??= {
      key: id,
      everyMs: NOTE_EVERY_MS,
      failed: () => {},
      read: () => ({ version: 1, seenAt: new Date(this.#seenAt).toISOString() }),
    };
  }

  get #engine(): EngineIdentity {
    if (this.#identity === undefined) throw new TypeError("The engine was not identified.");
    return this.#identity;
  }

  async #begin(signal: AbortSignal): Promise<EngineIdentity> {
    const identity = await this.#client.identify(signal);
    this.#identity = identity;
    this.#lastSeenAt = parseNote(identity.id, await this.#keeper.load(identity.id));
    if (!identity.isShared) await this.#prune(identity.id, signal);
    return identity;
  }

  async #prune(engine: string, signal: AbortSignal): Promise<void> {
    // First the keys: what is saved after the list was made is not missing from it.
    const keys = await this.#keeper.keys(`${engine}/`);
    if (keys.length === 0) return;
    const listed = await this.#client.list(signal, { all: true });
    const there = new Set(listed.map(({ id }) => `${engine}/${id}`));
    for (const key of keys) if (!there.has(key)) this.#keeper.delete(key);
  }
}

function parseNote(engine: string, note: Checkpoint | undefined): number | undefined {
  if (note === undefined) return undefined;
  const { version, seenAt } = note;
  const time = typeof seenAt === "string" ? Date.parse(seenAt) : NaN;
  if (version !== 1 || Number.isNaN(time)) throw unreadable(engine);
  return time;
}

function unreadable(key: string, cause?: unknown): DockspoolError {
  return new DockspoolError(
    "CHECKPOINT_UNREADABLE",
    `The checkpoint saved as ${JSON.stringify(key)} is damaged, or of a later version. Nothing is read from there; delete it to begin anew (by option "from").`,
    { cause },
  );
}

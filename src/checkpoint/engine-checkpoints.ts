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
/** A container may be shown, or told of, so long after the time that it is said to be created at. */
const LATE_MS = 60_000;

/** What was seen of an engine: all that happened until then. */
export interface Seen {
  /** Epoch milliseconds, by this machine's clock. */
  readonly at: number;
  /** Containers that are known and not to be followed, of those created later than that (by the engine's clock). */
  readonly unfollowedSince: (time: number) => string[];
}

interface Note {
  readonly seenAt: number;
  readonly unfollowed: ReadonlySet<string>;
}

/** One container's position: of whoever followed it last. */
class Container implements KeptPosition, Kept {
  readonly key: string;
  readonly #id: string;
  readonly #keeper: CheckpointKeeper;
  readonly #note: () => Kept | undefined;
  readonly #forget: () => void;
  #following: Following | undefined;
  #isNew = true;
  #isChanged = false;
  #isGone = false;

  constructor(
    id: string,
    key: string,
    keeper: CheckpointKeeper,
    host: { readonly note: () => Kept | undefined; readonly forget: () => void },
  ) {
    this.#id = id;
    this.key = key;
    this.#keeper = keeper;
    this.#note = host.note;
    this.#forget = host.forget;
  }

  get everyMs(): number {
    return this.#following?.everyMs ?? 0;
  }

  follow(following: Following): void {
    this.#following = following;
    this.#isNew = true;
  }

  read(): Checkpoint | undefined {
    this.#isChanged = false;
    const position = this.#following?.position();
    return position === undefined ? undefined : toCursor(this.#id, position);
  }

  failed(error: DockspoolError): void {
    this.#following?.failed(error);
  }

  moved(): void {
    if ((this.#isChanged && !this.#isNew) || this.#isGone) return;
    this.#isChanged = true;
    this.#keeper.changed(this);
    const note = this.#note();
    if (note !== undefined) this.#keeper.changed(note);
    // Where it begins is nowhere else.
    if (this.#isNew) this.#keeper.hurry();
    this.#isNew = false;
  }

  hurry(): void {
    this.#keeper.hurry();
  }

  gone(): void {
    this.#isGone = true;
    this.#keeper.delete(this.key);
    this.#forget();
  }
}

/** The saved positions of one engine's containers. */
export class EngineCheckpoints {
  readonly #keeper: CheckpointKeeper;
  readonly #client: EngineClient;
  #ready: Promise<EngineIdentity> | undefined;
  #identity: EngineIdentity | undefined;
  /** Another process's. */
  #found: Note | undefined;
  #seen: Seen | undefined;
  #note: Kept | undefined;
  readonly #kept = new Map<string, Container>();

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
    const { seenAt, unfollowed } = this.#found ?? { seenAt: Infinity, unfollowed: new Set() };
    return createdAt > seenAt - LATE_MS && !unfollowed.has(id);
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

  /** Keeps a container's position from now on, in place of whatever kept it before. */
  keep(container: string, following: Following): KeptPosition {
    const key = `${this.#engine.id}/${container}`;
    const known = this.#kept.get(container);
    const host = { note: () => this.#note, forget: () => void this.#kept.delete(container) };
    const kept = known ?? new Container(container, key, this.#keeper, host);
    this.#kept.set(container, kept);
    kept.follow(following);
    return kept;
  }

  /** The container is gone. */
  drop(container: string): void {
    const kept = this.#kept.get(container);
    if (kept !== undefined) kept.gone();
    else if (this.#identity !== undefined) this.#keeper.delete(`${this.#identity.id}/${container}`);
  }

  /** What is saved from now on says that the engine was seen then. `isLast`: that is to be saved, too. */
  saw(seen: Seen, isLast = false): void {
    if (this.#identity === undefined) return;
    const { id, clockAheadMs } = this.#identity;
    this.#seen = seen;
    const isFirst = this.#note === undefined;
    this.#note ??= {
      key: id,
      isFirst: true,
      everyMs: NOTE_EVERY_MS,
      failed: () => {},
      read: () => toNote(this.#seen, clockAheadMs),
    };
    if (isFirst || isLast) this.#keeper.changed(this.#note);
    if (isFirst) this.#keeper.hurry();
  }

  get #engine(): EngineIdentity {
    if (this.#identity === undefined) throw new TypeError("The engine was not identified.");
    return this.#identity;
  }

  async #begin(signal: AbortSignal): Promise<EngineIdentity> {
    const identity = await this.#client.identify(signal);
    this.#identity = identity;
    this.#found = parseNote(identity.id, await this.#keeper.load(identity.id));
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

function toNote(seen: Seen | undefined, clockAheadMs: number): Checkpoint | undefined {
  if (seen === undefined) return undefined;
  const seenAt = seen.at + clockAheadMs;
  const unfollowed = seen.unfollowedSince(seenAt - LATE_MS);
  return { version: 1, seenAt: new Date(seenAt).toISOString(), unfollowed };
}

function parseNote(engine: string, note: Checkpoint | undefined): Note | undefined {
  if (note === undefined) return undefined;
  const { version, seenAt, unfollowed } = note;
  const time = typeof seenAt === "string" ? Date.parse(seenAt) : NaN;
  const isKnown = version === 1 && !Number.isNaN(time) && Array.isArray(unfollowed);
  if (!isKnown) throw unreadable(engine);
  return { seenAt: time, unfollowed: new Set(unfollowed.map(String)) };
}

function unreadable(key: string, cause?: unknown): DockspoolError {
  return new DockspoolError(
    "CHECKPOINT_UNREADABLE",
    `The checkpoint saved as ${JSON.stringify(key)} is damaged, or of a later version. Nothing is read from there; delete it to begin anew (by option "from").`,
    { cause },
  );
}

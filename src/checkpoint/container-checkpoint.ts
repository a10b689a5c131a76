import type { DockspoolError } from "../errors.ts";
import { toCursor } from "../resume/cursor.ts";
import type { Position } from "../resume/position.ts";
import { Claim } from "./claims.ts";
import type { CheckpointKeeper } from "./keeper.ts";
import type { StoreEntry } from "./store-entry.ts";
import type { Checkpoint } from "./store.ts";

/** Keeps a container's position. */
export interface PositionCheckpoint {
  /** It may have moved. */
  moved(): void;
  /** It is saved before long, moved or not. */
  hurry(): void;
  /** It is saved now. Resolves with false where that takes longer. Never rejects: what can't be saved is told. */
  saveWithin(timeoutMs: number): Promise<boolean>;
  /** Whoever follows the container has ended: another source may. What is still delivered counts until one does. */
  ended(): void;
  /** The container is gone. */
  gone(): void;
}

/** Who follows a container. */
export interface PositionOwner {
  readonly everyMs: number;
  /** Behind the last line delivered. */
  readonly position: () => Position | undefined;
  readonly failed: (error: DockspoolError) => void;
}

export interface CheckpointPlace {
  readonly keeper: CheckpointKeeper;
  readonly key: string;
  readonly container: string;
  /** The engine's note, where there is one: it is saved along. */
  readonly note: () => StoreEntry | undefined;
  readonly gone: () => void;
}

/** One container's position: of whoever followed it last. */
export class ContainerCheckpoint implements PositionCheckpoint, StoreEntry {
  readonly key: string;
  readonly #place: CheckpointPlace;
  readonly #claim: Claim;
  #owner: PositionOwner | undefined;
  /** Where it begins is not saved. */
  #isNew = true;
  #isChanged = false;
  #isGone = false;

  constructor(place: CheckpointPlace) {
    const { key, container, keeper } = place;
    this.key = key;
    this.#place = place;
    this.#claim = new Claim(keeper.store, key, container, keeper);
  }

  get everyMs(): number {
    return this.#owner?.everyMs ?? 0;
  }

  /** @throws DockspoolError INVALID_OPTION where another source or pool of this process keeps it */
  follow(owner: PositionOwner): void {
    this.#claim.take();
    this.#owner = owner;
    this.#isNew = true;
  }

  read(): Checkpoint | undefined {
    this.#isChanged = false;
    if (!this.#claim.isFree || this.#isGone) return undefined;
    const position = this.#owner?.position();
    if (position === undefined) return undefined;
    return { ...toCursor(this.#place.container, position), savedAt: new Date().toISOString() };
  }

  failed(error: DockspoolError): void {
    this.#owner?.failed(error);
  }

  moved(): void {
    if ((this.#isChanged && !this.#isNew) || this.#isGone) return;
    this.confirm();
    // Where it begins is nowhere else.
    if (this.#isNew) this.#place.keeper.hurry();
    this.#isNew = false;
  }

  /** It is saved again, moved or not. */
  confirm(): void {
    if (this.#isGone) return;
    const { keeper, note } = this.#place;
    this.#isChanged = true;
    keeper.changed(this);
    const entry = note();
    if (entry !== undefined) keeper.changed(entry);
  }

  hurry(): void {
    this.#place.keeper.hurry();
  }

  saveWithin(timeoutMs: number): Promise<boolean> {
    return this.#place.keeper.saveWithin(timeoutMs);
  }

  ended(): void {
    this.#claim.release();
  }

  /** Somebody else keeps it from now on: nothing of it is saved here any more, and nothing is deleted. */
  left(): void {
    this.#isGone = true;
    this.#claim.release();
    this.#place.gone();
  }

  gone(): void {
    this.#isGone = true;
    this.#claim.release();
    this.#place.keeper.delete(this.key);
    this.#place.gone();
  }
}

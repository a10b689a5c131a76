import { DockspoolError } from "../errors.ts";
import type { CheckpointStore } from "./store.ts";

/** Who keeps a position, by key. */
type Claims = Map<string, object>;

/** Of the whole process: the ESM and the CommonJS build share it. */
const BY_STORE = Symbol.for("dockspool.checkpoint-claims");

/** Lets one source or pool of this process, and no other, keep a position in a store. */
export class Claim {
  readonly #key: string;
  readonly #container: string;
  readonly #store: CheckpointStore;
  readonly #owner: object;

  /** Nothing is claimed yet. `owner`: what may share the claim. */
  constructor(store: CheckpointStore, key: string, container: string, owner: object) {
    this.#store = store;
    this.#key = key;
    this.#container = container;
    this.#owner = owner;
  }

  /** Nobody else keeps it. */
  get isFree(): boolean {
    const owner = this.#claims?.get(this.#key);
    return owner === undefined || owner === this.#owner;
  }

  /** @throws DockspoolError INVALID_OPTION where somebody else keeps it */
  check(): void {
    if (this.isFree) return;
    throw new DockspoolError(
      "INVALID_OPTION",
      `Option "checkpoints" was given ${describe(this.#store)}, where another source or pool of this process keeps the position of container ${this.#container}; allowed: a store of its own, none, or the same one once the other source has ended.`,
      { container: this.#container },
    );
  }

  /** @throws as `check` */
  take(): void {
    this.check();
    const claims = this.#claims ?? new Map<string, object>();
    byStore().set(this.#store, claims.set(this.#key, this.#owner));
  }

  /** Others may keep it from now on. Once they do it is theirs. */
  release(): void {
    const claims = this.#claims;
    if (claims?.get(this.#key) === this.#owner) claims.delete(this.#key);
  }

  get #claims(): Claims | undefined {
    return byStore().get(this.#store);
  }
}

function byStore(): WeakMap<CheckpointStore, Claims> {
  const known: unknown = Reflect.get(globalThis, BY_STORE);
  if (isByStore(known)) return known;
  const made = new WeakMap<CheckpointStore, Claims>();
  Object.defineProperty(globalThis, BY_STORE, { value: made });
  return made;
}

function isByStore(value: unknown): value is WeakMap<CheckpointStore, Claims> {
  return value instanceof WeakMap;
}

function describe(store: CheckpointStore): string {
  const path: unknown = Reflect.get(store, "path");
  const name = store.constructor.name || "a store";
  return typeof path === "string" ? `a ${name} of ${path}` : `a ${name}`;
}

import type { Place } from "./discovered-container.ts";

/** What is still on its way about a container that is gone is not older than so many others that went after it. */
const KEPT = 1_000;

/**
 * Containers that are gone. An engine may tell of a start, or show a container in a list, when that was followed and is gone already
 * (Podman's events come a quarter of a second late): once its end was told it is not found again by them, and its end is told once.
 */
export class Departed {
  readonly #told = new Set<string>();
  /** Where each was read to, or reading was to begin. */
  readonly #places = new Map<string, Place>();

  /** Its end was told. */
  add(id: string): void {
    this.#told.delete(id);
    this.#told.add(id);
    forgetOldest(this.#told);
  }

  /** It is known no more. An engine, or a proxy, that says so may be wrong. */
  left(id: string, place: Place): void {
    this.#places.delete(id);
    this.#places.set(id, place);
    forgetOldest(this.#places);
  }

  has(id: string): boolean {
    return this.#told.has(id);
  }

  /** It is there again, under its old id (`podman container restore`), or the engine was wrong. Returns where it was left. */
  comesBack(id: string): Place | undefined {
    const place = this.#places.get(id);
    this.#places.delete(id);
    this.#told.delete(id);
    return place;
  }

  /** Those whose end was told by now. */
  get ids(): ReadonlySet<string> {
    return new Set(this.#told);
  }
}

function forgetOldest(kept: Set<string> | Map<string, unknown>): void {
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(oldest);
  }
}

import type { Place } from "./discovered-container.ts";

/** What is still on its way about a container that is gone is not older than so many others that went after it. */
const KEPT = 1_000;

/**
 * Containers that are gone, whose end was told. An engine may tell of a start, or show a container in a list, when that was followed
 * and is gone already (Podman's events come a quarter of a second late): it is not found again, and its end is told once.
 */
export class Departed {
  /** Where each was read to; undefined where nothing was. */
  readonly #places = new Map<string, Place | undefined>();

  add(id: string, place?: Place): void {
    this.#places.delete(id);
    this.#places.set(id, place);
    for (const oldest of this.#places.keys()) {
      if (this.#places.size <= KEPT) break;
      this.#places.delete(oldest);
    }
  }

  has(id: string): boolean {
    return this.#places.has(id);
  }

  /** It is there again, under its old id (`podman container restore`), or the engine was wrong. Returns where it was read to. */
  comesBack(id: string): Place | undefined {
    const place = this.#places.get(id);
    this.#places.delete(id);
    return place;
  }

  /** Those that are gone by now. */
  get ids(): ReadonlySet<string> {
    return new Set(this.#places.keys());
  }
}

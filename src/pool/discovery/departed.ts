/** What is still on its way about a container that is gone is not older than so many others that went after it. */
const KEPT = 1_000;

/**
 * Containers that are gone, whose end was told. An engine may tell of a start, or show a container in a list, when that was followed
 * and is gone already (Podman's events come a quarter of a second late): it is not found again, and its end is told once.
 */
export class Departed {
  readonly #ids = new Set<string>();

  add(id: string): void {
    this.#ids.delete(id);
    this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= KEPT) break;
      this.#ids.delete(oldest);
    }
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** It is there again, under its old id: `podman container restore`. */
  delete(id: string): void {
    this.#ids.delete(id);
  }

  /** Those that are gone by now. */
  get ids(): ReadonlySet<string> {
    return new Set(this.#ids);
  }
}

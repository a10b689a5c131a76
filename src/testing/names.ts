/** The containers that are not removed, by name and by id. */
export class Names<T extends { readonly id: string }> {
  readonly #byName = new Map<string, T>();

  /** Oldest first, but for those that were renamed. */
  get all(): readonly T[] {
    return [...this.#byName.values()];
  }

  /** @throws Error where another container has the name. */
  take(name: string, container: T): void {
    if (name === "") throw new Error("A container needs a name.");
    const holder = this.#byName.get(name);
    if (holder !== undefined) {
      throw new Error(`The name "${name}" is in use by container ${holder.id}.`);
    }
    this.#byName.set(name, container);
  }

  release(name: string): void {
    this.#byName.delete(name);
  }

  byName(name: string): T | undefined {
    return this.#byName.get(name);
  }

  /** By full id, name, or the beginning of an id, in this order. */
  find(reference: string): T | "ambiguous" | undefined {
    const exact = this.#byName.get(reference.replace(/^\//, ""));
    const candidates: T[] = [];
    if (!/^[0-9a-f]{1,64}$/.test(reference)) return exact;
    for (const container of this.#byName.values()) {
      if (container.id === reference) return container;
      if (container.id.startsWith(reference)) candidates.push(container);
    }
    if (exact !== undefined) return exact;
    return candidates.length > 1 ? "ambiguous" : candidates[0];
  }
}

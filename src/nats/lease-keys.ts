/** So many are remembered of which no lease is held any more. */
const REMEMBERED = 1_000;

/** The key of each container's lease that this process holds, or has held. Containers come and go: of the others the last ones are known. */
export class LeaseKeys {
  readonly #keys = new Map<string, string>();

  /** `isHeld`: whether a lease is held, or was lost without being given back. `held`: how many are. */
  add(key: string, held: number, isHeld: (key: string) => boolean): void {
    const container = containerOf(key);
    this.#keys.delete(container);
    this.#keys.set(container, key);
    for (const [oldest, itsKey] of this.#keys) {
      if (this.#keys.size <= REMEMBERED + held) return;
      if (!isHeld(itsKey)) this.#keys.delete(oldest);
    }
  }

  of(container: string): string | undefined {
    return this.#keys.get(container);
  }
}

/** A key is "<engine id>/<container id>". */
export function containerOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

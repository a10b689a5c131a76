import type { StoreEntry } from "./store-entry.ts";

/** By key, what is to be there; undefined: nothing. */
export type Wanted = Map<string, StoreEntry | undefined>;

/** So many calls are remembered; of older ones nothing is known. */
const MAX_REMEMBERED = 8;

/**
 * Calls that were given up. A store may carry such a call out late, after others that were made since: then it has undone
 * them, and what is wanted by then is saved once more.
 */
export class OverdueCalls {
  readonly #calls = new Set<Wanted>();

  /** `again` is called once the call is answered, whatever the answer. */
  add(wanted: Wanted, answered: Promise<unknown>, again: (wanted: Wanted) => void): void {
    this.#calls.add(wanted);
    for (const oldest of this.#calls)
      if (this.#calls.size > MAX_REMEMBERED) this.#calls.delete(oldest);
    const late = (): void => {
      if (this.#calls.delete(wanted)) again(wanted);
    };
    answered.then(late, late);
  }

  /** From now on this is wanted of the key. */
  changed(key: string, entry: StoreEntry | undefined): void {
    for (const wanted of this.#calls) if (wanted.has(key)) wanted.set(key, entry);
  }
}

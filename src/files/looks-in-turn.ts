/** Looks at one thing; true where it is to be looked at again. */
export type Look = () => boolean;

/** So many looks at once. More would keep the disk's threads from those who read; each look is a few calls of the file system. */
const AT_ONCE = 4;

/**
 * Looks at many things by one timer, a few at a time, one after the other: what that costs does not grow with how many there are, each
 * waits longer instead. (A timer for each: a thousand of them, every 10 ms, need more than a processor.)
 */
export class LooksInTurn {
  /** The first one was looked at the longest time ago. */
  readonly #looks = new Set<Look>();
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  add(look: Look): void {
    this.#looks.add(look);
    this.#timer ??= setInterval(() => this.#lookOn(), this.#everyMs);
  }

  delete(look: Look): void {
    this.#looks.delete(look);
    if (this.#looks.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #lookOn(): void {
    const first = [...this.#looks].slice(0, AT_ONCE);
    for (const look of first) {
      if (!look()) this.delete(look);
      else if (this.#looks.delete(look)) this.#looks.add(look);
    }
  }
}

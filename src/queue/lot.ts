/**
 * What is handed out one by one, without asking anybody for each: who hands it out takes the next one, who counts sees how far
 * that went.
 */
export class Lot<T> {
  readonly #all: readonly T[];
  readonly #passed: (() => void) | undefined;
  #handed = 0;
  #end: number;
  /** It is known that some were passed. */
  isNoted: boolean;

  /** `passed`: the next one is asked for, so the ones before are done with. Called again only where `isNoted` was unset. */
  constructor(all: readonly T[], passed?: () => void) {
    this.#all = all;
    this.#passed = passed;
    this.#end = all.length;
    this.isNoted = passed === undefined;
  }

  /** How many were handed out. */
  get handed(): number {
    return this.#handed;
  }

  /** How many are left to hand out. */
  get left(): number {
    return this.#end - this.#handed;
  }

  /** The next one; it stays where it is. */
  get head(): T | undefined {
    return this.left > 0 ? this.#all[this.#handed] : undefined;
  }

  next(): T | undefined {
    if (this.#handed >= this.#end) return undefined;
    if (!this.isNoted && this.#handed > 0) this.#note();
    return this.#all[this.#handed++];
  }

  /** All that are left, at once. */
  rest(): readonly T[] {
    const rest = this.#handed === 0 ? this.#all : this.#all.slice(this.#handed, this.#end);
    this.#handed = this.#end;
    return rest;
  }

  /** What is left is not handed out. */
  stop(): void {
    this.#end = this.#handed;
  }

  #note(): void {
    this.isNoted = true;
    this.#passed?.();
  }
}

/** One alone. */
export function only<T>(value: T | undefined): Lot<T> | undefined {
  return value === undefined ? undefined : new Lot([value]);
}

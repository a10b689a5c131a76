/**
 * Hands out a batch's records one by one. Nobody else is asked for each record: the consumer calls `next`, and whoever counts
 * what is delivered looks at `handed`.
 */
export class BatchReader<T> {
  readonly #all: readonly T[];
  readonly #passed: (() => void) | undefined;
  #handed = 0;
  #end: number;
  /** `passed` was called, and is not called again until this is unset. */
  isNoted: boolean;

  /** `passed`: another one is asked for, so those before it are delivered. */
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

  /** The one that `next` returns. */
  get upcoming(): T | undefined {
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

  /** Hands out nothing more. */
  stop(): void {
    this.#end = this.#handed;
  }

  #note(): void {
    this.isNoted = true;
    this.#passed?.();
  }
}

export function readerOfOne<T>(value: T | undefined): BatchReader<T> | undefined {
  return value === undefined ? undefined : new BatchReader([value]);
}

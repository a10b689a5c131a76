import { onAbort } from "../lifetime/abort.ts";

/** Below this share of the limit those that wait may go on: each of them has to open its stream anew. */
const LOW_WATER = 0.5;

/** Bytes that several may hold together. Those past the limit wait, first come, first served. */
export class ByteBudget {
  readonly #limit: number;
  readonly #waiting = new Set<() => void>();
  #bytes = 0;
  #isWaking = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get full(): boolean {
    return this.#bytes >= this.#limit;
  }

  /** Somebody waits for room. */
  get isAwaited(): boolean {
    return this.#waiting.size > 0;
  }

  take(bytes: number): void {
    this.#bytes += bytes;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes <= this.#limit * LOW_WATER) this.#wake();
  }

  /** Resolves when there is room, for one after the other. @throws the signal's reason */
  room(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#waiting.delete(settle);
        unlink();
        resolve();
      };
      this.#waiting.add(settle);
      const unlink = onAbort(signal, () => {
        this.#waiting.delete(settle);
        reject(signal.reason);
      });
    });
  }

  /** What the one woken takes counts before the next one is. */
  #wake(): void {
    if (this.#isWaking || this.#waiting.size === 0) return;
    this.#isWaking = true;
    setImmediate(() => {
      this.#isWaking = false;
      if (this.full) return;
      const [next] = this.#waiting;
      next?.();
      this.#wake();
    });
  }
}

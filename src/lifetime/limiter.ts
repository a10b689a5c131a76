import { onAbort } from "./abort.ts";

/** Lets so many pieces of work run at once; the others wait, first come, first served. */
export class Limiter {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * `first`: goes ahead of those that wait.
   *
   * @throws what `work` throws; the signal's reason where it aborts before the work began
   */
  async run<T>(
    work: () => Promise<T>,
    signal: AbortSignal,
    { first = false }: { readonly first?: boolean } = {},
  ): Promise<T> {
    signal.throwIfAborted();
    if (this.#running < this.#limit) this.#running++;
    else await this.#wait(signal, first);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  #wait(signal: AbortSignal, first: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        unlink();
        resolve();
      };
      if (first) this.#waiting.unshift(begin);
      else this.#waiting.push(begin);
      const unlink = onAbort(signal, () => {
        const index = this.#waiting.indexOf(begin);
        if (index === -1) return;
        this.#waiting.splice(index, 1);
        reject(signal.reason);
      });
    });
  }

  /** Hands the place on, so that nobody who comes now gets ahead of those that wait. */
  #next(): void {
    const begin = this.#waiting.shift();
    if (begin === undefined) this.#running--;
    else begin();
  }
}

/** What is on its way at once. */
class InFlight {
  readonly #max: number;
  #count = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  add(work: Promise<unknown>): void {
    this.#count++;
    const done = (): void => {
      this.#count--;
      this.#wake?.();
    };
    work
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(done);
  }

  /** Resolves when there is room for one more. */
  room(): Promise<void> {
    return this.#below(this.#max);
  }

  /** Resolves when nothing is on its way any more. @throws what the first that failed threw */
  async end(): Promise<void> {
    await this.#below(1);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #below(count: number): Promise<void> {
    while (this.#count >= count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/**
 * Calls `publish` for each, in their order, with no more than `maxInFlight` on their way. After the first that fails none is begun; it
 * settles once all that were begun have.
 *
 * @throws what the first that failed threw; the signal's reason
 */
export async function publishAll<T>(
  items: readonly T[],
  publish: (item: T) => Promise<unknown>,
  maxInFlight: number,
  signal: AbortSignal,
): Promise<void> {
  const inFlight = new InFlight(maxInFlight);
  for (const item of items) {
    await inFlight.room();
    if (inFlight.hasFailed || signal.aborted) break;
    inFlight.add(publish(item));
  }
  await inFlight.end();
  signal.throwIfAborted();
}

import { onAbort } from "../lifetime/abort.ts";

/** One that sleeps needs up to ten seconds to wake up. */
const LIMIT_MS = 10_000;

/** Thrown where a disk does not answer: a network's, mostly, whose server is gone. */
export class SilentDisk extends Error {
  override readonly message = "the disk does not answer";
}

interface Waiting {
  /** Since when one of several answers is waited for, by `performance.now()`; without it there is one. */
  readonly sinceOf?: () => number | undefined;
  /** Nothing else will do. */
  readonly isForEver?: boolean;
}

/** What is asked of a disk before anything is read. An answer that does not come can't be called off: until it does nothing more is asked. */
export class DiskAnswers {
  #sinceOf: (() => number | undefined) | undefined;
  /** Since when each of those is due that is not waited for any more. */
  readonly #left = new Set<{ readonly since: number }>();

  /** Since when an answer is due, by `performance.now()`. */
  get awaitedSince(): number | undefined {
    const [left] = this.#left;
    return left?.since ?? this.#sinceOf?.();
  }

  /** @throws SilentDisk; the signal's reason; as `ask` */
  async of<T>(
    ask: () => Promise<T>,
    signal: AbortSignal,
    { sinceOf, isForEver = false }: Waiting = {},
  ): Promise<T> {
    if (!isForEver && this.#left.size > 0) throw new SilentDisk();
    const limitMs = isForEver ? Infinity : LIMIT_MS;
    const begunAt = performance.now();
    const since = (this.#sinceOf = sinceOf ?? ((): number => begunAt));
    const answer = ask();
    let timer: NodeJS.Timeout | undefined;
    let unlink = (): void => {};
    const given = new Promise<never>((_, reject) => {
      const look = (): void => {
        const waitedMs = performance.now() - (since() ?? performance.now());
        if (waitedMs >= limitMs) reject(new SilentDisk());
        else timer = setTimeout(look, limitMs - waitedMs + 1);
      };
      if (!isForEver) look();
      unlink = onAbort(signal, () => reject(signal.reason));
    });
    try {
      return await Promise.race([answer, given]);
    } catch (error) {
      if (error instanceof SilentDisk || signal.aborted) this.#leave(since() ?? begunAt, answer);
      throw error;
    } finally {
      clearTimeout(timer);
      unlink();
      this.#sinceOf = undefined;
    }
  }

  #leave(since: number, answer: Promise<unknown>): void {
    const one = { since };
    this.#left.add(one);
    const forget = (): void => void this.#left.delete(one);
    answer.then(forget, forget);
  }
}

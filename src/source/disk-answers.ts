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
    const begunAt = performance.now();
    const since = (this.#sinceOf = sinceOf ?? ((): number => begunAt));
    const answer = ask();
    const limit = new Limit(isForEver ? undefined : since, signal);
    try {
      return await Promise.race([answer, limit.over]);
    } catch (error) {
      if (error instanceof SilentDisk || signal.aborted) this.#leave(since() ?? begunAt, answer);
      throw error;
    } finally {
      limit.end();
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

/** Rejects where the disk is silent for too long, or the signal aborts. */
class Limit {
  readonly over: Promise<never>;
  #timer: NodeJS.Timeout | undefined;
  #unlink: (() => void) | undefined;

  constructor(sinceOf: (() => number | undefined) | undefined, signal: AbortSignal) {
    this.over = new Promise((_, reject) => {
      if (sinceOf !== undefined) this.#look(sinceOf, reject);
      this.#unlink = onAbort(signal, () => reject(signal.reason));
    });
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#unlink?.();
  }

  #look(sinceOf: () => number | undefined, reject: (error: Error) => void): void {
    const now = performance.now();
    const leftMs = LIMIT_MS - (now - (sinceOf() ?? now));
    if (leftMs <= 0) reject(new SilentDisk());
    else this.#timer = setTimeout(() => this.#look(sinceOf, reject), leftMs + 1);
  }
}

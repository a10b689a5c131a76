export interface BackoffOptions {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * Full-jitter exponential backoff: a random delay between 0 and min(`maxDelayMs`, `minDelayMs` × 2^(attempt − 1)).
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #attempt = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The attempt that comes next, from 1, and how long to wait before it. */
  next(): { readonly attempt: number; readonly delayMs: number } {
    const { minDelayMs, maxDelayMs } = this.#options;
    const attempt = ++this.#attempt;
    const ceiling = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(attempt - 1, 30));
    return { attempt, delayMs: Math.round(Math.random() * ceiling) };
  }

  /** What was tried has worked. */
  reset(): void {
    this.#attempt = 0;
  }
}

import { sleep } from "../lifetime/deadline.ts";
import { steadyNow } from "../lifetime/steady-clock.ts";

/** A stream that has been silent for so long has brought what was there. */
const QUIET_MS = 20;
/** Likewise, for whoever says that nothing is behind: engines hand lines over in bursts. */
const SETTLED_MS = 50;
/** A stream is read for so many times the time that its opening took: half of the time, then, at the least. */
const READING_SHARE = 1;
/** Longer than this a rotation is not put off. */
const LONGEST_MS = 2_000;
const LOOK_EVERY_MS = 2;

/**
 * How long a rotation waits before it closes the stream. Rotations that follow each other at once would read nothing between
 * them: every stream would be closed before its first line, and the log would run away.
 */
export class RotationDelay {
  #openingAt = 0;
  #openedAt = 0;
  #lastAt = 0;
  #hasCome = true;

  /** How long the opening took. */
  get openingMs(): number {
    return this.#openedAt - this.#openingAt;
  }

  /** Since when nothing new has come, by `performance.now()`. */
  get quietSince(): number {
    return this.#lastAt;
  }

  /** Nothing new has come for a while. `flowingSince`: reading was held up until then, by `steadyNow()`. */
  hasBroughtAll(flowingSince: number): boolean {
    const quietMs = Math.min(performance.now() - this.#lastAt, steadyNow() - flowingSince);
    return quietMs > SETTLED_MS;
  }

  /** How long the latest stream has been open. */
  get openedForMs(): number {
    return performance.now() - this.#openedAt;
  }

  opening(): void {
    this.#openingAt = performance.now();
  }

  opened(): void {
    this.#openedAt = performance.now();
    this.#lastAt = this.#openedAt;
    this.#hasCome = false;
  }

  /** New entries came. */
  came(): void {
    this.#hasCome = true;
    this.#lastAt = performance.now();
  }

  /**
   * Resolves when the stream has brought what was there as it opened, at the latest after two seconds, or when the reader
   * `isBlocked` by its consumer. `hasEnd`: a stream that brings nothing ends by itself.
   *
   * @throws the signal's reason
   */
  async over(
    { isBlocked, hasEnd }: { readonly isBlocked: () => boolean; readonly hasEnd: () => boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const least = READING_SHARE * this.openingMs;
    while (!isBlocked()) {
      const now = performance.now();
      const age = now - this.#openedAt;
      const isQuiet = now - this.#lastAt >= QUIET_MS && (this.#hasCome || !hasEnd());
      if (isQuiet || age >= LONGEST_MS || (this.#hasCome && age >= least)) return;
      await sleep(LOOK_EVERY_MS, signal);
    }
  }
}

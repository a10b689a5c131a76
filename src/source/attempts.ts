import { Backoff } from "../lifetime/backoff.ts";
import type { BackoffOptions } from "../lifetime/backoff.ts";
import type { DockspoolError } from "../errors.ts";
import { steadyNow } from "../lifetime/steady-clock.ts";

/** A stream that was open for so long was had, whatever came. */
export const STEADY_MS = 2_000;
/** A stream that lived so long was a good one: whatever ended it is no reason to wait longer than at first. */
const LONG_LIFE_MS = 10_000;

/** Why a container's log is not had, for as long as every attempt fails. */
export interface Trouble {
  /** When the first of these attempts failed, by `steadyNow()`. */
  readonly since: number;
  /** Of the last one. */
  readonly error: DockspoolError;
  /** A source of this container has ended by it. */
  readonly hasFailed: boolean;
}

/** The attempts to have a container's log: how long to wait for the next, and since when they fail. */
export class Attempts {
  readonly #backoff: Backoff;
  #trouble: Trouble | undefined;

  /** `trouble`: what a source of this container failed by before. */
  constructor(options: BackoffOptions, trouble?: Trouble) {
    this.#backoff = new Backoff(options);
    this.#trouble = trouble;
  }

  /** Undefined where the last attempt has brought what it was to bring. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** One has failed. The one that comes next, from 1, and how long to wait before it. */
  failed(error: DockspoolError): { readonly attempt: number; readonly delayMs: number } {
    const { since = steadyNow(), hasFailed = false } = this.#trouble ?? {};
    this.#trouble = { since, error, hasFailed };
    return this.#backoff.next();
  }

  /**
   * A stream was open for so long. Where it was silent, that nothing goes wrong any more is likely, and no more; `isOurs`: it was
   * closed for a turn or a rotation, and might have lasted.
   */
  lived(ms: number, isOurs: boolean): void {
    if (isOurs || ms > STEADY_MS) this.#trouble = undefined;
    if (ms > LONG_LIFE_MS) this.succeeded();
  }

  succeeded(): void {
    this.#trouble = undefined;
    this.#backoff.reset();
  }
}

import { onAbort } from "./abort.ts";

/** A signal that aborts with `parent`, and when nobody has called `restart` for some time. */
export class Silence {
  readonly #ms: number;
  readonly #controller = new AbortController();
  readonly #unlink: () => void;
  #timer: NodeJS.Timeout | undefined;
  #expired = false;

  /** Counts from the first `restart`. */
  constructor(ms: number, parent: AbortSignal) {
    this.#ms = ms;
    this.#unlink = onAbort(parent, () => this.#controller.abort(parent.reason));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get expired(): boolean {
    return this.#expired;
  }

  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.expire(), this.#ms);
  }

  /** It has lasted long enough. */
  expire(): void {
    this.end();
    this.#expired = true;
    this.#controller.abort(new Error(`nothing for ${this.#ms} ms`));
  }

  /** Silence is of no interest any more. */
  end(): void {
    clearTimeout(this.#timer);
  }

  /** Gives back the timer and the link to the parent. */
  release(): void {
    this.end();
    this.#unlink();
  }
}

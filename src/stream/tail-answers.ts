/** After a tail that did not come: how long until the next is asked for, at first and at most. */
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 600_000;

type State =
  | { readonly type: "answered" }
  | { readonly type: "stuck"; readonly waitMs: number; readonly tryAt: number };

/** Whether an engine still finds the end of a log: after it was emptied by hand only all of it can be asked for. */
export class TailAnswers {
  #state: State = { type: "answered" };

  /** A tail may be asked for. */
  mayAsk(now: number = performance.now()): boolean {
    return this.#state.type === "answered" || now >= this.#state.tryAt;
  }

  answered(): void {
    this.#state = { type: "answered" };
  }

  stuck(now: number = performance.now()): void {
    const before = this.#state.type === "stuck" ? this.#state.waitMs : FIRST_WAIT_MS / 2;
    const waitMs = Math.min(2 * before, LONGEST_WAIT_MS);
    this.#state = { type: "stuck", waitMs, tryAt: now + waitMs };
  }
}

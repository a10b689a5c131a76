/** As long as the kernel's socket buffer holds what comes (a unix socket: about 280 small writes), and Node's shortest timer. */
const WAIT_MS = 1;

/** Lets busy streams gather what comes for a millisecond; one timer serves all of them. */
export class Coalescer {
  #waiting: (() => void)[] = [];

  /** Calls `goOn` in about a millisecond. */
  wait(goOn: () => void): void {
    if (this.#waiting.length === 0) setTimeout(() => this.#goOn(), WAIT_MS);
    this.#waiting.push(goOn);
  }

  #goOn(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) goOn();
  }
}

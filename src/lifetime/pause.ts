import { onAbort } from "./abort.ts";
import { sleep } from "./deadline.ts";

/** A sleep that somebody may end early. One sleeps at a time. */
export class Pause {
  #woken: AbortController | undefined;

  /** Resolves after `ms`, or when it is woken. @throws the signal's reason */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#woken = woken;
    const unlink = onAbort(signal, () => woken.abort());
    await sleep(ms, woken.signal).catch(() => {});
    unlink();
    this.#woken = undefined;
    signal.throwIfAborted();
  }

  wake(): void {
    this.#woken?.abort();
  }
}

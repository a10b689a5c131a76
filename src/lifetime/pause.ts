import { onAbort } from "./abort.ts";

/** A sleep that somebody may end early. One sleeps at a time. */
export class Pause {
  #end: (() => void) | undefined;

  /** Resolves after `ms`, or when it is woken. @throws the signal's reason */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // Quiet containers sleep in it: a controller of its own would be most of what it takes.
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.wake(), ms);
      const unlink = onAbort(signal, () => this.wake());
      this.#end = () => {
        clearTimeout(timer);
        unlink();
        resolve();
      };
    });
    this.#end = undefined;
    signal.throwIfAborted();
  }

  wake(): void {
    this.#end?.();
  }
}

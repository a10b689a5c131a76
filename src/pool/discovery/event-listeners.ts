import type { EventHandlers } from "../../engine/engine-client.ts";
import type { ContainerEvent } from "../../engine/events.ts";
import { onAbort } from "../../lifetime/abort.ts";

const noListener = (): void => {};

interface Listener extends EventHandlers {
  readonly lost: () => void;
  /** It was told that its container is watched. */
  isTold: boolean;
}

/** Those who wait for what happens to one container. */
export class EventListeners {
  readonly #byContainer = new Map<string, Set<Listener>>();
  #isOpen = false;

  /**
   * Hands over a container's events. `opened` is called once whatever happens to it will be told; resolves when something may
   * have been missed since.
   *
   * @throws the signal's reason
   */
  listen(container: string, handlers: EventHandlers, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        unlink();
        const listeners = this.#byContainer.get(container);
        listeners?.delete(listener);
        if (listeners?.size === 0) this.#byContainer.delete(container);
      };
      const lost = (): void => {
        leave();
        resolve();
      };
      const listener: Listener = { ...handlers, isTold: false, lost };
      const listeners = this.#byContainer.get(container) ?? new Set();
      this.#byContainer.set(container, listeners.add(listener));
      let unlink = noListener;
      unlink = onAbort(signal, () => {
        leave();
        reject(signal.reason);
      });
      if (this.#isOpen && !signal.aborted) tellOpen(listener);
    });
  }

  /** From now on whatever happens is told, by events or by looks. */
  opened(): void {
    this.#isOpen = true;
    for (const listener of this.#all()) tellOpen(listener);
  }

  event(event: ContainerEvent): void {
    for (const listener of [...(this.#byContainer.get(event.container) ?? [])])
      listener.event(event);
  }

  /** Something may have been missed. */
  lost(): void {
    this.#isOpen = false;
    for (const listener of this.#all()) if (listener.isTold) listener.lost();
  }

  #all(): Listener[] {
    return [...this.#byContainer.values()].flatMap((listeners) => Array.from(listeners));
  }
}

function tellOpen(listener: Listener): void {
  if (listener.isTold) return;
  listener.isTold = true;
  listener.opened();
}

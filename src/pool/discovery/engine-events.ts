import type { EngineClient, EventHandlers } from "../../engine/engine-client.ts";
import type { ContainerEvent } from "../../engine/events.ts";
import { DockspoolError } from "../../errors.ts";
import { onAbort } from "../../lifetime/abort.ts";
import { Backoff } from "../../lifetime/backoff.ts";
import { sleep } from "../../lifetime/deadline.ts";
import type { EngineContact } from "../health.ts";

export interface EngineWatcher {
  /** Looks at what there is; called when events are listened to, and now and then. @throws DockspoolError */
  readonly look: (signal: AbortSignal) => Promise<void>;
  readonly event: (event: ContainerEvent) => void;
  /** Events may have been missed. */
  readonly lost: () => void;
  readonly connected: () => void;
  /** It can't be reached, which is tried again. */
  readonly disconnected: (error: unknown) => void;
}

const RECONNECT = { minDelayMs: 100, maxDelayMs: 5_000 };
/** How often to look where the engine's events can't be had (a socket proxy may forbid them). */
const POLL_MS = 2_000;
/** No decision rests on silence: a stream of events that died without a word is made up for by looks. */
const LOOK_EVERY_MS = 60_000;

const noListener = (): void => {};

interface Listener extends EventHandlers {
  readonly lost: () => void;
  /** It was told that the events are listened to. */
  isOpen: boolean;
}

/** One stream of events for all containers of an engine, taken up again whenever it is lost. */
export class EngineEvents {
  readonly #client: EngineClient;
  readonly #watcher: EngineWatcher;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #recoveries = new Set<() => void>();
  #isOpen = false;
  /** The engine does not tell events: it is looked at again and again. */
  #isBlind = false;
  #isConnected: boolean | undefined;
  /** Why it is not. */
  #error: unknown;
  #wake: () => void = noListener;

  constructor(client: EngineClient, watcher: EngineWatcher) {
    this.#client = client;
    this.#watcher = watcher;
  }

  /** Whatever happens to a container is told. */
  get isOpen(): boolean {
    return this.#isOpen && !this.#isBlind;
  }

  get contact(): EngineContact {
    return { isConnected: this.#isConnected, error: this.#error };
  }

  /** @throws the signal's reason; DockspoolError INVALID_OPTION, CHECKPOINT_UNREADABLE, which no other attempt would help */
  async run(signal: AbortSignal): Promise<never> {
    const backoff = new Backoff(RECONNECT);
    for (;;) {
      try {
        await this.#connection(() => backoff.reset(), signal);
      } catch (error) {
        signal.throwIfAborted();
        if (isFatal(error)) throw error;
        this.#disconnected(error);
      }
      await this.#pause(backoff.next().delayMs, signal);
    }
  }

  /** Somebody has reached the engine: there is no reason to wait any longer. */
  reached(): void {
    this.#wake();
  }

  /**
   * Hands over a container's events. `opened` is called once they are listened to; resolves when some may have been missed
   * since.
   *
   * @throws the signal's reason
   */
  listen(container: string, handlers: EventHandlers, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        unlink();
        const listeners = this.#listeners.get(container);
        listeners?.delete(listener);
        if (listeners?.size === 0) this.#listeners.delete(container);
      };
      const listener: Listener = {
        ...handlers,
        isOpen: false,
        lost: () => {
          leave();
          resolve();
        },
      };
      const listeners = this.#listeners.get(container) ?? new Set();
      this.#listeners.set(container, listeners.add(listener));
      let unlink = noListener;
      unlink = onAbort(signal, () => {
        leave();
        reject(signal.reason);
      });
      if (this.#isOpen && !signal.aborted) tellOpen(listener);
    });
  }

  /** Calls back each time that the engine can be reached again. Returns what unlinks it. */
  onRecovery(callback: () => void): () => void {
    const own = (): void => callback();
    this.#recoveries.add(own);
    return () => this.#recoveries.delete(own);
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const unlink = onAbort(signal, () => woken.abort());
    this.#wake = () => woken.abort();
    await sleep(ms, woken.signal).catch(() => {});
    unlink();
    signal.throwIfAborted();
  }

  /** Until the stream of events is lost. */
  async #connection(succeeded: () => void, signal: AbortSignal): Promise<void> {
    const own = new AbortController();
    const unlink = onAbort(signal, () => own.abort(signal.reason));
    let opened = noListener;
    const isOpened = new Promise<void>((resolve) => {
      opened = resolve;
    });
    const listening = this.#listen(opened, own.signal);
    try {
      await Promise.race([isOpened, listening]);
      for (;;) {
        await this.#watcher.look(own.signal);
        succeeded();
        this.#connected();
        const isOver = await Promise.race([
          listening.then(() => true),
          sleep(LOOK_EVERY_MS, own.signal).then(() => false),
        ]);
        if (isOver) return;
      }
    } finally {
      own.abort();
      unlink();
      await listening.catch(() => {});
    }
  }

  async #listen(opened: () => void, signal: AbortSignal): Promise<void> {
    this.#isBlind = false;
    const open = (): void => {
      this.#isOpen = true;
      for (const listener of this.#allListeners()) tellOpen(listener);
      opened();
    };
    try {
      await this.#client.readEvents(
        undefined,
        { opened: open, event: (event) => this.#event(event) },
        signal,
      );
    } catch (error) {
      if (!DockspoolError.is(error, "ENGINE_RESPONSE")) throw error;
      this.#isBlind = true;
      open();
      await sleep(POLL_MS, signal);
    } finally {
      this.#isOpen = false;
      this.#watcher.lost();
      for (const listener of this.#allListeners()) if (listener.isOpen) listener.lost();
    }
  }

  #event(event: ContainerEvent): void {
    this.#watcher.event(event);
    for (const listener of [...(this.#listeners.get(event.container) ?? [])]) listener.event(event);
  }

  #allListeners(): Listener[] {
    return [...this.#listeners.values()].flatMap((listeners) => Array.from(listeners));
  }

  #connected(): void {
    if (this.#isConnected === true) return;
    this.#isConnected = true;
    this.#watcher.connected();
    for (const callback of [...this.#recoveries]) callback();
  }

  #disconnected(error: unknown): void {
    if (this.#isConnected === false) return;
    this.#isConnected = false;
    this.#error = error;
    this.#watcher.disconnected(error);
  }
}

function isFatal(error: unknown): boolean {
  if (DockspoolError.is(error, "CHECKPOINT_UNREADABLE")) return !error.transient;
  return DockspoolError.is(error, "INVALID_OPTION");
}

function tellOpen(listener: Listener): void {
  if (listener.isOpen) return;
  listener.isOpen = true;
  listener.opened();
}

import type { EngineClient, EventHandlers } from "../../engine/engine-client.ts";
import type { ContainerEvent } from "../../engine/events.ts";
import { DockspoolError } from "../../errors.ts";
import { onAbort } from "../../lifetime/abort.ts";
import { Backoff } from "../../lifetime/backoff.ts";
import { debug, transition } from "../../lifetime/debug.ts";
import { Pause } from "../../lifetime/pause.ts";
import { contactWaitsFor, hasEvents, isReached } from "./engine-contact.ts";
import type { EngineContact } from "./engine-contact.ts";
import { EventListeners } from "./event-listeners.ts";
import { EventStream } from "./event-stream.ts";
import { steadyNow } from "../../lifetime/steady-clock.ts";

export interface EngineWatcher {
  /**
   * Looks at what there is; called when events are listened to, and now and then. Resolves with the containers of which events
   * should have told.
   *
   * @throws DockspoolError
   */
  readonly look: (signal: AbortSignal) => Promise<readonly string[]>;
  readonly event: (event: ContainerEvent) => void;
  /** Events may have been missed. */
  readonly lost: () => void;
  readonly connected: () => void;
  /** It can't be reached, which is tried again. */
  readonly disconnected: (error: unknown) => void;
}

const RECONNECT = { minDelayMs: 100, maxDelayMs: 5_000 };
/** How often to look where the engine's events can't be had (a socket proxy may forbid them, or hold them back). */
const POLL_MS = 2_000;
/** An answer that has not begun by then may begin with the first event only (Podman 5.2, proxies that buffer). */
const LATE_MS = 1_000;
/** Another question, lest the one before it has got lost. */
const ASK_AGAIN_MS = 60_000;
/** No decision rests on silence: a stream of events that died without a word is made up for by looks. */
const LOOK_EVERY_MS = 30_000;
/** An event may come so long after a list has shown what it tells. */
const EVENT_DELAY_MS = 2_000;
/**
 * Streams that end sooner, one behind the other, are asked for less and less often. Behind any other end the engine is asked at once: it may
 * be gone, which is to be known before its containers have been tried in vain.
 */
const SHORT_LIFE_MS = 2_000;
const SHORT_LIVES = { minDelayMs: 100, maxDelayMs: POLL_MS };

/** One stream of events for all containers of an engine, taken up again whenever it is lost. */
export class EngineEvents {
  readonly #client: EngineClient;
  readonly #watcher: EngineWatcher;
  readonly #listeners = new EventListeners();
  readonly #recoveries = new Set<() => void>();
  #contact: EngineContact = { kind: "not asked", since: steadyNow() };
  #soundSince = this.#contact.since;
  #stream: EventStream | undefined;
  #lastLookAt: number | undefined;
  /** Of which containers events have come since the last look began. */
  readonly #heardOf = new Set<string>();
  readonly #pause = new Pause();

  constructor(client: EngineClient, watcher: EngineWatcher) {
    this.#client = client;
    this.#watcher = watcher;
  }

  /** Whatever happens to a container is told. */
  get isOpen(): boolean {
    return this.#stream?.state.kind === "open";
  }

  get contact(): EngineContact {
    return this.#contact;
  }

  /** Since when its events come, but for moments in which they are asked for again; by `steadyNow()`. */
  get soundSince(): number {
    return this.#soundSince;
  }

  /** When a look at all containers succeeded last, by `steadyNow()`; undefined until one has. */
  get lastLookAt(): number | undefined {
    return this.#lastLookAt;
  }

  /** @throws the signal's reason; DockspoolError INVALID_OPTION, CHECKPOINT_UNREADABLE, which no other attempt would help */
  async run(signal: AbortSignal): Promise<never> {
    const failures = new Backoff(RECONNECT);
    const shortLives = new Backoff(SHORT_LIVES);
    let wasShort = false;
    for (;;) {
      const begun = performance.now();
      try {
        const end = await this.#connection(() => failures.reset(), signal);
        const isShort = performance.now() - begun <= SHORT_LIFE_MS;
        if (end === "dead") this.#become({ kind: "deaf", since: steadyNow() });
        if (!isShort || !wasShort) shortLives.reset();
        else if (end === "lost") await this.#pause.sleep(shortLives.next().delayMs, signal);
        wasShort = isShort;
      } catch (error) {
        signal.throwIfAborted();
        if (isFatal(error)) throw error;
        const { attempt: attempts, delayMs } = failures.next();
        this.#become({ kind: "disconnected", since: steadyNow(), error, attempts });
        await this.#pause.sleep(delayMs, signal);
      }
    }
  }

  /** Somebody has reached the engine: there is no reason to wait any longer. */
  reached(): void {
    if (this.#contact.kind === "disconnected") this.#pause.wake();
  }

  /**
   * Hands over a container's events. `opened` is called once they are listened to; resolves when some may have been missed
   * since.
   *
   * @throws the signal's reason
   */
  listen(container: string, handlers: EventHandlers, signal: AbortSignal): Promise<void> {
    return this.#listeners.listen(container, handlers, signal);
  }

  /** Calls back each time that the engine can be reached again. Returns what unlinks it. */
  onRecovery(callback: () => void): () => void {
    const own = (): void => callback();
    this.#recoveries.add(own);
    return () => this.#recoveries.delete(own);
  }

  /** The one place where the contact changes. */
  #become(next: EngineContact): void {
    const before = this.#contact;
    const { since } = before.kind === next.kind ? before : next;
    this.#contact = { ...next, since };
    if (hasEvents(next) && !hasEvents(before)) this.#soundSince = since;
    if (debug.enabled && before.kind !== next.kind)
      debug(
        transition(`engine ${this.#client.name}`, before.kind, next.kind, contactWaitsFor(next)),
      );
    if (next.kind === "disconnected") {
      if (before.kind !== "disconnected") this.#watcher.disconnected(next.error);
    } else if (isReached(next) && !isReached(before)) {
      this.#watcher.connected();
      for (const callback of [...this.#recoveries]) callback();
    }
  }

  /** Until the stream of events is lost, or shows to be dead. */
  async #connection(succeeded: () => void, signal: AbortSignal): Promise<"lost" | "dead"> {
    const { kind } = this.#contact;
    // What was wrong is so until something shows that it is not.
    if (kind === "not asked" || kind === "listening")
      this.#become({ kind: "connecting", since: steadyNow(), wasReached: kind === "listening" });
    const own = new AbortController();
    const unlink = onAbort(signal, () => own.abort(signal.reason));
    const handlers = {
      opened: () => this.#opened(),
      event: (event: ContainerEvent) => this.#event(event),
    };
    const stream = new EventStream(this.#client, handlers, own.signal);
    this.#stream = stream;
    let looks = 0;
    const look = async (): Promise<readonly string[]> => {
      this.#heardOf.clear();
      const untold = await this.#watcher.look(own.signal);
      this.#lastLookAt = steadyNow();
      succeeded();
      // The first look of a new stream says nothing of its events.
      const isDeaf = this.#contact.kind === "deaf" && (looks++ === 0 || untold.length > 0);
      if (!isDeaf || stream.state.kind !== "open") this.#become(contactBy(stream));
      return untold;
    };
    try {
      // Whether the events' answer has begun or not, what can be listed is listed.
      await stream.wait(LATE_MS);
      await this.#pollUntilOpen(stream, look);
      const end = await lookNowAndThen(stream, look, this.#heardOf);
      // What has come was no event.
      if (stream.state.kind === "refused") await this.#pollUntilOpen(stream, look);
      return end;
    } finally {
      own.abort();
      unlink();
      await stream.closed;
      this.#lost();
    }
  }

  async #pollUntilOpen(stream: EventStream, look: () => Promise<unknown>): Promise<void> {
    const until = performance.now() + ASK_AGAIN_MS;
    let { kind } = stream.state;
    while (kind === "asked" || kind === "refused") {
      this.#listeners.opened();
      await look();
      if (stream.state.kind === kind) await stream.wait(POLL_MS);
      // Between two looks anything may have happened.
      if (stream.state.kind === kind) this.#lost();
      if (kind === "refused" || performance.now() > until) return;
      ({ kind } = stream.state);
    }
  }

  #opened(): void {
    this.#lost();
    this.#listeners.opened();
  }

  #event(event: ContainerEvent): void {
    this.#heardOf.add(event.container);
    if (this.#contact.kind === "deaf") this.#become({ kind: "listening", since: steadyNow() });
    this.#watcher.event(event);
    this.#listeners.event(event);
  }

  #lost(): void {
    this.#watcher.lost();
    this.#listeners.lost();
  }
}

/** An open stream that dies without a word is found out by what looks show, and no event has told. */
async function lookNowAndThen(
  stream: EventStream,
  look: () => Promise<readonly string[]>,
  heardOf: ReadonlySet<string>,
): Promise<"lost" | "dead"> {
  // What the first look shows may have happened before.
  let untold: readonly string[] = [];
  for (let looks = 0; stream.state.kind === "open"; looks++) {
    const shown = await look();
    untold = looks === 0 ? [] : shown;
    if (untold.length > 0) {
      await stream.wait(EVENT_DELAY_MS);
      if (untold.some((id) => !heardOf.has(id))) return "dead";
    }
    if (stream.state.kind === "open") await stream.wait(LOOK_EVERY_MS);
  }
  if (stream.state.kind === "failed") throw stream.state.error;
  return "lost";
}

function contactBy({ state }: EventStream): EngineContact {
  const since = steadyNow();
  if (state.kind === "asked") return { kind: "late", since };
  if (state.kind === "refused") return { kind: "blind", since, error: state.error };
  return { kind: "listening", since };
}

function isFatal(error: unknown): boolean {
  if (DockspoolError.is(error, "CHECKPOINT_UNREADABLE")) return !error.transient;
  return DockspoolError.is(error, "INVALID_OPTION");
}

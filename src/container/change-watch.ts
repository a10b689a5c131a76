import type { ContainerEvent } from "../engine/events.ts";
import type { Inspection } from "../engine/inspection.ts";
import { onAbort } from "../lifetime/abort.ts";
import { Backoff } from "../lifetime/backoff.ts";
import { sleep } from "../lifetime/deadline.ts";
import type { ViewHost } from "./host.ts";

/** How often to look while the engine's events can't be had (a socket proxy may forbid them, or hold them back). */
const BLIND_LOOK_MS = 2_000;
/** How long the first look waits for the events. */
const FIRST_LOOK_MS = 1_000;
const RETRY = { minDelayMs: 100, maxDelayMs: 5_000 };
const nothing = (): void => {};
/** After these a container that stood still is not what it was. */
const changes: ReadonlySet<string> = new Set(["start", "restart", "destroy", "rename"]);

/** What was noticed: a start that an event told of (epoch milliseconds), the container's end, or anything else. */
export type Change =
  | { readonly type: "started"; readonly by: number }
  | { readonly type: "removed" }
  | { readonly type: "not known" };

/**
 * Waits for the next change of a container that stands still, from the moment it is made: by the engine's events, and by a
 * look at a bounded interval, since events may die without a word.
 */
export class ChangeWatch {
  readonly #host: ViewHost;
  readonly #id: string;
  readonly #startedAt: string | undefined;
  readonly #over = new AbortController();
  readonly #change: Promise<Change>;
  readonly #closed: () => void;
  #noticed: Change | undefined;
  #isListening = false;
  /** A look since the events are listened to has shown no change: from then on every one is told. */
  #isUnchanged = false;
  #wake: () => void = nothing;
  /** It was woken since the last look began. */
  #isDue = false;

  constructor(
    host: ViewHost,
    { info, startedAt }: Inspection,
    signal: AbortSignal,
    closed: () => void,
  ) {
    this.#host = host;
    this.#id = info.id;
    this.#startedAt = startedAt;
    this.#closed = closed;
    this.#change = this.#watch(signal);
    // It may fail before anybody waits for it.
    this.#change.catch(() => {});
  }

  /** @throws the signal's reason */
  get change(): Promise<Change> {
    return this.#change;
  }

  /** Something may have happened to it. */
  lookNow(): void {
    this.#isDue = true;
    this.#wake();
  }

  /** Resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#change.catch(() => {});
  }

  async #watch(signal: AbortSignal): Promise<Change> {
    const unlink = onAbort(signal, () => this.#over.abort());
    try {
      await Promise.all([this.#listen(this.#over.signal), this.#look(this.#over.signal)]);
    } finally {
      unlink();
      this.#closed();
    }
    signal.throwIfAborted();
    return this.#noticed ?? { type: "not known" };
  }

  #notice(change: Change): void {
    this.#noticed ??= change;
    this.#over.abort();
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(RETRY);
    const opened = (): void => {
      backoff.reset();
      this.#isListening = true;
      this.lookNow();
    };
    const event = ({ action, at }: ContainerEvent): void => {
      if (!changes.has(action)) return;
      if (action === "start") this.#notice({ type: "started", by: at });
      else if (action === "destroy" && this.#isUnchanged) this.#notice({ type: "removed" });
      else this.#notice({ type: "not known" });
    };
    while (!signal.aborted) {
      // Without events the looks alone tell.
      await this.#host.listen(this.#id, { opened, event }, signal).catch(() => {});
      this.#isListening = false;
      this.#isUnchanged = false;
      this.lookNow();
      await sleep(backoff.next().delayMs, signal).catch(() => {});
    }
  }

  /** Once the events are listened to, so that no change falls in between, and then now and again. */
  async #look(signal: AbortSignal): Promise<void> {
    await this.#pause(FIRST_LOOK_MS, signal);
    while (!signal.aborted) {
      const wasListening = this.#isListening;
      this.#isDue = false;
      try {
        const now = await this.#host.client.inspect(this.#id, signal);
        const isUnchanged = !now.running && !now.removing && now.startedAt === this.#startedAt;
        if (!isUnchanged) return this.#notice({ type: "not known" });
      } catch {
        // The source's own look fails in the same way, and knows what to do.
        return this.#notice({ type: "not known" });
      }
      this.#isUnchanged = wasListening && this.#isListening;
      await this.#pause(this.#isListening ? this.#host.lookEveryMs : BLIND_LOOK_MS, signal);
    }
  }

  /** Until it is woken, at the latest after so many milliseconds. */
  #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#isDue) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        unlink();
        this.#wake = nothing;
        resolve();
      };
      const timer = setTimeout(end, ms);
      let unlink = nothing;
      unlink = onAbort(signal, end);
      this.#wake = end;
    });
  }
}

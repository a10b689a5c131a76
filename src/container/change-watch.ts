import type { ContainerEvent } from "../engine/events.ts";
import type { Inspection } from "../engine/inspection.ts";
import { DockspoolError } from "../errors.ts";
import { onAbort } from "../lifetime/abort.ts";
import { sleep } from "../lifetime/deadline.ts";
import type { SourceHost } from "../source/host.ts";

/** How often to look where the engine's events can't be had (a socket proxy may forbid them). */
const POLL_MS = 2_000;
/** After these a stopped container is not what it was. */
const changes: ReadonlySet<string> = new Set(["start", "restart", "destroy", "rename"]);

/** What was noticed: a start that an event told of (epoch milliseconds), an end likewise, or anything else. */
export type Change = { readonly startedBy: number } | "removed" | "unknown";

/** Listens for a stopped container's next change, from the moment it is made. */
export class ChangeWatch {
  readonly #host: SourceHost;
  readonly #id: string;
  readonly #startedAt: string | undefined;
  readonly #closing = new AbortController();
  readonly #unlink: () => void;
  readonly #change: Promise<Change>;

  constructor(host: SourceHost, { info, startedAt }: Inspection, signal: AbortSignal) {
    this.#host = host;
    this.#id = info.id;
    this.#startedAt = startedAt;
    this.#unlink = onAbort(signal, () => this.#closing.abort(signal.reason));
    this.#change = this.#listen(this.#closing.signal);
    // It may fail before anybody waits for it.
    this.#change.catch(() => {});
  }

  /** @throws DockspoolError as `EngineClient.inspect`; the signal's reason */
  get change(): Promise<Change> {
    return this.#change;
  }

  /** Resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#unlink();
    await this.#change.catch(() => {});
  }

  /** Looks once the events are listened to, so that no change falls in between. */
  async #listen(signal: AbortSignal): Promise<Change> {
    const listening = new AbortController();
    const stop = (): void => listening.abort();
    const unlink = onAbort(signal, stop);
    let change: Change = "unknown";
    let look: Promise<unknown> = Promise.resolve();
    /** From then on every start is seen. */
    let isUnchanged = false;
    const opened = (): void => {
      look = this.#host.client.inspect(this.#id, signal).then(
        (now) => {
          isUnchanged = !now.running && !now.removing && now.startedAt === this.#startedAt;
          if (!isUnchanged) stop();
        },
        // The next look of the source will fail in the same way, and knows what to do.
        stop,
      );
    };
    const event = ({ action, at }: ContainerEvent): void => {
      if (!changes.has(action) || change !== "unknown") return;
      if (action === "start") change = { startedBy: at };
      if (action === "destroy" && isUnchanged) change = "removed";
      stop();
    };
    try {
      await this.#host.listen(this.#id, { opened, event }, listening.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!listening.signal.aborted) {
        if (!DockspoolError.is(error, "ENGINE_RESPONSE")) throw error;
        await sleep(POLL_MS, signal);
      }
    } finally {
      unlink();
      await look;
    }
    signal.throwIfAborted();
    return change;
  }
}

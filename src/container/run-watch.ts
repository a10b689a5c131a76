import type { ContainerEvent } from "../engine/events.ts";
import { onAbort } from "../lifetime/abort.ts";
import { Backoff } from "../lifetime/backoff.ts";
import { sleep } from "../lifetime/deadline.ts";
import type { ViewHost } from "./host.ts";

/** How often to look while the engine's events can't be had. */
const BLIND_LOOK_MS = 2_000;
/** In a pool every change is told, as long as it hears of them: how often to ask whether it does. */
const WATCHED_MS = 30_000;
const RETRY = { minDelayMs: 100, maxDelayMs: 5_000 };
/** Of what these tell a run goes on. */
const HARMLESS =
  /^(?:exec_|health_status|attach|detach|resize|top|rename|update|copy|export|archive-path|extract-to-dir|mount|sync)/;

/** After this event a container may not run as it did. */
export function mayEndRun({ action }: Pick<ContainerEvent, "action">): boolean {
  return !HARMLESS.test(action);
}

/** After this event a container does not run, unless it has started again. */
export function endsRun({ action }: Pick<ContainerEvent, "action">): boolean {
  return action === "die" || action === "destroy";
}

/**
 * Tells when the run of a container may have ended, while its log is read from files, which do not say so: by the engine's events, and at
 * a bounded interval, since events may die without a word.
 */
export class RunWatch {
  readonly #host: ViewHost;
  readonly #id: string;
  readonly #mayHaveEnded: () => void;
  readonly #over = new AbortController();
  readonly #unlink: () => void;
  readonly #done: Promise<unknown>;
  #isListening = false;

  constructor(host: ViewHost, id: string, mayHaveEnded: () => void, signal: AbortSignal) {
    this.#host = host;
    this.#id = id;
    this.#mayHaveEnded = mayHaveEnded;
    this.#unlink = onAbort(signal, () => this.#over.abort());
    this.#done = Promise.all([this.#listen(this.#over.signal), this.#look(this.#over.signal)]);
  }

  /** Resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#unlink();
    this.#over.abort();
    await this.#done;
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(RETRY);
    const opened = (): void => {
      backoff.reset();
      this.#isListening = true;
      this.#mayHaveEnded();
    };
    const event = (told: ContainerEvent): void => {
      if (mayEndRun(told)) this.#mayHaveEnded();
    };
    while (!signal.aborted) {
      if (this.#host.isWatching()) {
        await sleep(WATCHED_MS, signal).catch(() => {});
        continue;
      }
      await this.#host.listen(this.#id, { opened, event }, signal).catch(() => {});
      this.#isListening = false;
      await sleep(backoff.next().delayMs, signal).catch(() => {});
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isTold = this.#isListening || this.#host.isWatching();
      await sleep(isTold ? this.#host.lookEveryMs : BLIND_LOOK_MS, signal).catch(() => {});
      if (!signal.aborted) this.#mayHaveEnded();
    }
  }
}

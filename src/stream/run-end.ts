import type { ToldRun } from "../container/run-log.ts";
import type { EngineClient } from "../engine/engine-client.ts";
import type { Inspection } from "../engine/inspection.ts";
import { DockspoolError } from "../errors.ts";
import { onAbort } from "../lifetime/abort.ts";
import { sleep } from "../lifetime/deadline.ts";

/** The engine could not be asked: it is asked again after so long. */
const RETRY_MS = 2_000;
/** What is about to start, and has not started for so long, is not started any more. */
const START_MS = 60_000;

type Run =
  | { readonly type: "seen"; readonly startedAt: string | undefined }
  /** By an event; `since` by `performance.now()`. */
  | ({ readonly type: "told"; readonly since: number } & ToldRun);

/** Whether the run has ended, as long as somebody watches. */
export interface WatchedRun {
  readonly hasEnded: boolean;
  /** Resolves when nothing is asked any more. */
  close(): Promise<void>;
}

/**
 * Knows when a container's run has ended, where its log is read from the files, which do not say so. The engine is asked when
 * something may have happened to the container. While it can't be reached, the run is taken to go on.
 */
export class RunEnd {
  readonly #client: EngineClient;
  readonly #id: string;
  #run: Run;
  #isDue = false;
  #ask: () => void = () => {};

  /** `told`: the run is known by an event, and the inspection is older. */
  constructor(client: EngineClient, { info, startedAt }: Inspection, told?: ToldRun) {
    this.#client = client;
    this.#id = info.id;
    this.#run =
      told === undefined
        ? { type: "seen", startedAt }
        : { type: "told", since: performance.now(), ...told };
  }

  /** Something may have happened to the container. */
  lookNow(): void {
    this.#isDue = true;
    this.#ask();
  }

  /** `ended` is called once the run has ended. */
  watch(ended: () => void, signal: AbortSignal): WatchedRun {
    let hasEnded = false;
    let over: AbortController | undefined;
    let asking: Promise<void> | undefined;
    const ask = async (): Promise<void> => {
      over = new AbortController();
      const stop = over.signal;
      const unlink = onAbort(signal, () => over?.abort());
      while (this.#isDue && !stop.aborted && !hasEnded) {
        this.#isDue = false;
        const answer = await this.#look(stop);
        if (answer === "not known") {
          this.#isDue = true;
          await sleep(RETRY_MS, stop).catch(() => {});
        }
        if (answer === "ended") {
          hasEnded = true;
          ended();
        }
      }
      unlink();
      asking = undefined;
    };
    this.#ask = () => {
      asking ??= ask();
    };
    if (this.#isDue) this.#ask();
    return {
      get hasEnded() {
        return hasEnded;
      },
      close: async () => {
        this.#ask = () => {};
        over?.abort();
        await asking;
      },
    };
  }

  async #look(signal: AbortSignal): Promise<"runs" | "ended" | "not known"> {
    try {
      const { running, removing, startedAt } = await this.#client.inspect(this.#id, signal);
      if (removing) return "ended";
      const run = this.#run;
      if (run.type === "seen") return running && startedAt === run.startedAt ? "runs" : "ended";
      if (!running) {
        const isToCome = startedAt === run.before && performance.now() - run.since < START_MS;
        return isToCome ? "runs" : "ended";
      }
      if (startedAt !== undefined && Date.parse(startedAt) > run.by) return "ended";
      this.#run = { type: "seen", startedAt };
      return "runs";
    } catch (error) {
      return DockspoolError.is(error, "CONTAINER_NOT_FOUND") ? "ended" : "not known";
    }
  }
}

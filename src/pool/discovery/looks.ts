import { hasStarted } from "../../engine/inspection.ts";
import type { DockspoolError, ErrorCode } from "../../errors.ts";
import { onAbort } from "../../lifetime/abort.ts";
import { Backoff } from "../../lifetime/backoff.ts";
import { sleep } from "../../lifetime/deadline.ts";
import type { TaskGroup } from "../../lifetime/task-group.ts";
import { asFailure } from "../../source/failures.ts";
import type { ContainerInfo } from "../../wire/records.ts";
import { decide, nextCheck } from "./decision.ts";
import type { DecisionParts } from "./decision.ts";
import { isWaiting } from "./discovered-container.ts";
import type { DiscoveredContainer, Looking, Reason, Skipped } from "./discovered-container.ts";
import { steadyNow } from "../../lifetime/steady-clock.ts";

/** What only another run, or other options, may mend. */
const SKIPPED_AT: ReadonlySet<ErrorCode> = new Set([
  "LOGS_UNREADABLE",
  "FILES_UNREADABLE",
  "INVALID_OPTION",
]);

export interface LooksParts extends DecisionParts {
  readonly engineName: string;
  /** Runs what is under way, and ends it. */
  readonly tasks: TaskGroup;
  /** False: nothing is followed that the caller does not ask for. */
  readonly isOn: boolean;
  /** By a container's name alone. */
  readonly excludes: (name: string) => boolean;
  /** One that was not followed is gone. */
  readonly gone: (id: string) => void;
  readonly skipped: (container: ContainerInfo, error: DockspoolError) => void;
}

/** A question that failed is asked again. */
const RETRY = { minDelayMs: 100, maxDelayMs: 5_000 };
/** A container that could not be followed is looked at again; each failure in a row doubles the delay. */
const LOOK_AGAIN = { minDelayMs: 1_000, maxDelayMs: 60_000 };

/** Looks at containers until it is decided what becomes of each: one look at a time, for all reasons that came meanwhile. */
export class Looks {
  readonly #parts: LooksParts;

  constructor(parts: LooksParts) {
    this.#parts = parts;
  }

  /** For this reason, where what happens to it matters. */
  at(container: DiscoveredContainer, reason: Reason): void {
    const { tasks, isOn } = this.#parts;
    const { state } = container;
    if (tasks.signal.aborted || !isWaiting(state)) return;
    if (!isOn && container.attachedWith === undefined) return;
    container.ask(reason);
    if (state.kind === "looking") return;
    const stop = new AbortController();
    const headStart = state.kind === "idle" ? state.headStart : undefined;
    container.become({ kind: "looking", before: state, stop, headStart, error: undefined });
    const look = tasks.run("discovery", async (signal) => {
      const unlink = onAbort(signal, () => stop.abort(signal.reason));
      await this.#persist(container, stop.signal);
      unlink();
      if (container.isAsked) this.at(container, {});
    });
    // Only the end of the pool ends it otherwise.
    look.catch(() => {});
  }

  /** It can't be followed. What only another run may mend waits for that; all else is tried again after a while. */
  failed(container: DiscoveredContainer, error: DockspoolError, failuresBefore: number): void {
    const { tasks } = this.#parts;
    if (container.isRemoved) {
      this.gone(container);
      return;
    }
    if (SKIPPED_AT.has(error.code)) {
      const { startedAt } = container;
      container.become({ kind: "skipped", error, startedAt, checkAt: nextCheck() });
      return;
    }
    const stop = new AbortController();
    const since = steadyNow();
    container.become({ kind: "failed", error, since, failures: failuresBefore + 1, stop });
    if (tasks.signal.aborted) return;
    const { minDelayMs, maxDelayMs } = LOOK_AGAIN;
    const longestMs = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(failuresBefore, 30));
    const wait = tasks.run("follow again", async (signal) => {
      const unlink = onAbort(signal, () => stop.abort(signal.reason));
      await sleep(longestMs * (0.5 + Math.random() / 2), stop.signal).finally(unlink);
      this.at(container, { hasRun: true });
    });
    // Somebody else has decided meanwhile.
    wait.catch(() => {});
  }

  gone(container: DiscoveredContainer): void {
    container.become({ kind: "gone" });
    this.#parts.gone(container.id);
  }

  /** Until it is decided, or somebody else has done that. */
  async #persist(container: DiscoveredContainer, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(RETRY);
    for (;;) {
      const looking = container.state;
      if (looking.kind !== "looking" || signal.aborted) return;
      const reason = container.takeReason() ?? {};
      try {
        const failure = await decide(container, looking, reason, this.#parts);
        if (failure !== undefined) this.#givesUp(container, looking, reason, failure);
        else if (container.isRemoved && isWaiting(container.state)) this.gone(container);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const failure = asFailure(error, container.id);
        if (failure.code === "CONTAINER_NOT_FOUND" || !failure.transient) {
          this.#givesUp(container, looking, reason, failure);
          return;
        }
        container.ask(reason);
        if (container.state.kind === "looking")
          container.become({ ...container.state, error: failure });
        await sleep(backoff.next().delayMs, signal).catch(() => {});
      }
    }
  }

  #givesUp(
    container: DiscoveredContainer,
    { before }: Looking,
    { hasRun }: Reason,
    failure: DockspoolError,
  ): void {
    const { skipped, excludes } = this.#parts;
    if (failure.code === "CONTAINER_NOT_FOUND") {
      const { name, attachedWith } = container;
      // An event may not tell it.
      const isLeftOut = attachedWith === undefined && name !== "" && excludes(name);
      // One that never started has left nothing.
      if (!isLeftOut && (hasRun === true || container.takeReason()?.hasRun === true))
        skipped(this.#infoOf(container), failure);
      this.gone(container);
      return;
    }
    const failures = before.kind === "failed" ? before.failures : 0;
    // It is told once.
    const isTold = before.kind === "skipped" && wasTold(before, failure);
    if (failures === 0 && !isTold) skipped(this.#infoOf(container), failure);
    this.failed(container, failure, failures);
  }

  #infoOf({ id, info, name }: DiscoveredContainer): ContainerInfo {
    const { engineName: engine } = this.#parts;
    return info ?? { id, name, image: "", labels: {}, tty: false, logDriver: "", engine };
  }
}

/** It was skipped for the same, and will be so for ever, or had not run by then. */
export function wasTold(before: Skipped, { code }: DockspoolError): boolean {
  if (before.error.code !== code) return false;
  return code === "LOGS_UNREADABLE" || !hasStarted(before.startedAt);
}

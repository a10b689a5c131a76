import { MAX_TIMER_MS, checkKeys, checkNumber } from "../checks.ts";
import { DockspoolError, asSentence } from "../errors.ts";
import { waitFor } from "../lifetime/wait-for.ts";
import type { ContainerInfo } from "../wire/records.ts";
import type { Capture } from "./capture.ts";
import { closedError } from "./failures.ts";
import { waitsFor } from "./phase.ts";
import type { Phase } from "./phase.ts";

/** How long `ready()` waits. */
export interface ReadyOptions {
  /** Milliseconds; default 10,000. */
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** @throws DockspoolError INVALID_OPTION */
export function readyTimeout(options: ReadyOptions): number {
  checkKeys("", options, ["timeoutMs"]);
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  checkNumber("timeoutMs", timeoutMs, 0, MAX_TIMER_MS, "milliseconds");
  return timeoutMs;
}

/**
 * Resolves once the first stream is open, or the container is known to be stopped; also where its log was read to its end since.
 *
 * @throws DockspoolError why it is not, after `timeoutMs`; why it was given up, also where it was open before
 */
export function whenReady(
  container: string,
  capture: Capture,
  timeoutMs: number,
): Promise<ContainerInfo> {
  const { phase } = capture;
  return waitFor({
    timeoutMs,
    observe: (changed) => phase.observe(changed),
    look: () => {
      const isReady = capture.stats.generation > 0 || isOpen(phase.value);
      const info = isReady ? capture.info : undefined;
      throwIfEnded(container, phase.value, info !== undefined);
      return info;
    },
    late: () => late(container, capture, timeoutMs),
  });
}

function isOpen(phase: Phase): boolean {
  const isRead = phase.type === "catching-up" && phase.isOpened;
  return isRead || phase.type === "following" || phase.type === "stopped";
}

/** `wasOpen`: its stream was open, and its log's end is no failure. */
function throwIfEnded(container: string, phase: Phase, wasOpen: boolean): void {
  if (!("reason" in phase)) return;
  const { reason } = phase;
  switch (reason.kind) {
    case "failed":
      throw reason.error;
    case "aborted":
      throw reason.reason;
    case "closed":
      throw closedError(container, reason);
    case "removed":
      if (wasOpen) return;
      throw new DockspoolError(
        "CONTAINER_NOT_FOUND",
        `Container ${container} was removed before its stream was open.`,
        { container },
      );
    default:
      if (!wasOpen) throw closedError(container, reason);
  }
}

function late(container: string, { phase, trouble }: Capture, timeoutMs: number): DockspoolError {
  const why = trouble?.error.message ?? `it waits for ${waitsFor(phase.value) ?? "nothing"}`;
  return new DockspoolError(
    trouble?.error.code ?? "ENGINE_UNREACHABLE",
    `Container ${container} is not followed yet after ${timeoutMs} ms: ${asSentence(why)} The source goes on trying.`,
    { container, transient: true, ...(trouble === undefined ? {} : { cause: trouble.error }) },
  );
}

import { CHANNELS, diagnosticsChannel, diagnosticsTraces } from "../lifetime/channels.ts";
import { debug, transition } from "../lifetime/debug.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { waitsFor } from "./phase.ts";
import type { Phase } from "./phase.ts";
import type { EndReason, Rotation, SourceStatus } from "./status.ts";

/** The container that a message is about. */
export interface AboutContainer {
  /** Its id; before the engine was asked, what the caller named it by. */
  readonly container: string;
  /** Undefined before the engine was asked. */
  readonly info: ContainerInfo | undefined;
}

/** A source's phase changes, as `dockspool:phase` tells it. docs/maintainers/architecture.md has the table of phases. */
export interface PhaseChange extends AboutContainer {
  readonly from: Phase;
  readonly to: Phase;
}

/** The engine, or the log, could not be reached, as `dockspool:reconnect` tells it. */
export interface Reconnect extends AboutContainer {
  /** 1 for the first in a row. */
  readonly attempt: number;
  /** Milliseconds until the next attempt. */
  readonly delayMs: number;
  /** Why. */
  readonly error: unknown;
}

/** Lines are lost, as `dockspool:gap` tells it. */
export interface Gap extends AboutContainer {
  /** Timestamp of the last line before them. */
  readonly after: string;
  /** Timestamp of the first line behind them, where there is one. */
  readonly before: string | undefined;
}

/**
 * Why a stream is rotated: `rotate()` was called; it is time for it, by `rotation` or `rotateEveryMs`; or nothing came for long
 * (`stallProbeMs`).
 */
export type RotationReason = "asked" | "interval" | "silence";

/** A rotation that is under way: the context of `tracing:dockspool:rotation:*`. */
export interface RotationContext extends AboutContainer {
  readonly why: RotationReason;
  /** Of the stream that was there when it began; 0 where none was open before. */
  readonly generation: number;
}

/** A rotation is over, as `dockspool:rotation` tells it: one of `rotation` and `error` is there. */
export interface RotationEnd extends RotationContext {
  readonly rotation: Rotation | undefined;
  /** TASKS_STILL_RUNNING; CLOSED where the source ended meanwhile. */
  readonly error: unknown;
}

const phases = diagnosticsChannel<PhaseChange>(CHANNELS.phase);
const reconnects = diagnosticsChannel<Reconnect>(CHANNELS.reconnect);
const gaps = diagnosticsChannel<Gap>(CHANNELS.gap);
const rotations = diagnosticsChannel<RotationEnd>(CHANNELS.rotation);
const rotationTraces = diagnosticsTraces<RotationContext>(CHANNELS.rotation);

export function publishPhase(about: () => AboutContainer, from: Phase, to: Phase): void {
  if (phases.hasSubscribers) phases.publish({ ...about(), from, to });
  if (debug.enabled)
    debug(transition(`stream ${nameOf(about())}`, from.type, wordOf(to), waitsFor(to)));
}

/** Those that have a channel. */
export function publishStatus(about: () => AboutContainer, status: SourceStatus): void {
  if (status.type === "reconnecting" && reconnects.hasSubscribers) {
    const { attempt, delayMs, error } = status;
    reconnects.publish({ ...about(), attempt, delayMs, error });
  } else if (status.type === "gap" && gaps.hasSubscribers) {
    const { after, before } = status;
    gaps.publish({ ...about(), after, before });
  }
}

/** A rotation has begun. */
export function publishRotation(
  about: () => AboutContainer,
  why: RotationReason,
  generation: number,
  rotation: Promise<Rotation>,
): void {
  if (rotationTraces.hasSubscribers) {
    const context = { ...about(), why, generation };
    rotationTraces.tracePromise(() => rotation, context).catch(() => {});
  }
  const publish = (end: Pick<RotationEnd, "rotation" | "error">): void => {
    if (rotations.hasSubscribers) rotations.publish({ ...about(), why, generation, ...end });
  };
  rotation.then(
    (done) => publish({ rotation: done, error: undefined }),
    (error: unknown) => publish({ rotation: undefined, error }),
  );
}

function nameOf({ container, info }: AboutContainer): string {
  if (info === undefined) return container;
  return info.engine === "default" ? info.name : `${info.engine}/${info.name}`;
}

function wordOf(phase: Phase): string {
  return phase.type === "ended" ? `ended, ${endedBy(phase.reason)}` : phase.type;
}

function endedBy(reason: EndReason): string {
  return reason.kind === "failed" ? `failed: ${reason.error.message}` : reason.kind;
}

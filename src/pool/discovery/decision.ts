import type { EngineClient } from "../../engine/engine-client.ts";
import { hasStarted, neverStarted } from "../../engine/inspection.ts";
import type { Inspection } from "../../engine/inspection.ts";
import type { DockspoolError } from "../../errors.ts";
import { LOG_START, isLogStart } from "../../resume/position.ts";
import { asFailure } from "../../source/failures.ts";
import type { Finding, HeadStart } from "../../source/host.ts";
import type { Start } from "../../lines/line-options.ts";
import type { ContainerInfo } from "../../wire/records.ts";
import { checkReadable, notFound } from "../failures.ts";
import type { PoolSourceOptions } from "../options.ts";
import type { DiscoveredContainer, Looking, Place, Reason } from "./discovered-container.ts";

export interface DecisionParts {
  readonly client: EngineClient;
  /** Created since the pool, or since checkpoints last saw the engine. Known once `ready` has resolved. @throws DockspoolError */
  readonly isNew: (inspection: Inspection, signal: AbortSignal) => Promise<boolean>;
  /** A time that the engine tells (epoch milliseconds) is later than that. @throws DockspoolError */
  readonly isSince: (time: number, signal: AbortSignal) => Promise<boolean>;
  /** Resolves when what was saved can be asked, and the own container is known. @throws DockspoolError */
  readonly ready: (signal: AbortSignal) => Promise<unknown>;
  /** @throws DockspoolError INVALID_OPTION, where the caller's function fails */
  readonly selects: (container: ContainerInfo) => boolean;
  /** Its log is read from files, where that can be; where nothing is known of it: it may be. */
  readonly readsFiles: (info?: ContainerInfo) => boolean;
  /** Asks for a container's stream, or its file. */
  readonly headStart: (id: string, info?: ContainerInfo) => HeadStart;
  /** What had stopped before is read to its end, not only once it starts. */
  readonly readsStopped: boolean;
  /** Where reading goes on, or begins as of now, for a container that was there before, or is new. @throws DockspoolError */
  readonly locate: (inspection: Inspection, isNew: boolean, signal: AbortSignal) => Promise<Place>;
  /** The pool's options for it. @throws DockspoolError INVALID_OPTION, where the caller's function fails */
  readonly options: (container: ContainerInfo) => PoolSourceOptions;
  readonly found: (finding: Finding, options: PoolSourceOptions) => void;
  /** It is followed once it starts, from there. */
  readonly waits: (id: string, start: Start) => void;
}

export const FROM_ITS_START: Place = { start: { position: LOG_START }, isResumed: false };
/** How often a container that is skipped is looked at, lest another run of it goes unnoticed. */
const CHECK_EVERY_MS = 30_000;

/**
 * Asks the engine what a container is, and decides what becomes of it. Resolves with the reason where it can't be followed.
 *
 * @throws DockspoolError where that can't be told; the signal's reason
 */
export async function decide(
  container: DiscoveredContainer,
  looking: Looking,
  reason: Reason,
  parts: DecisionParts,
): Promise<DockspoolError | undefined> {
  const { before, stop } = looking;
  const { signal } = stop;
  const { startedBy, hasRun = false, isCreated = false, isRenamed = false } = reason;
  const idle = before.kind === "idle" ? before.inspection : undefined;
  if (idle !== undefined && startedBy !== undefined && !isRenamed) {
    // It may be gone before it could be looked at.
    const inspection = { ...idle, running: true };
    const place = container.place ?? FROM_ITS_START;
    const { isNew } = container;
    const headStart = isLogStart(place.start.position) ? headStartOf(container) : undefined;
    const isOutdated = container.happened !== container.happenedBefore;
    const urgent = { startedBy, isFromBefore: true, isUrgent: true, isOutdated, isNew, headStart };
    return follow(container, { inspection, ...place, ...urgent }, parts);
  }
  const nameBefore = container.name;
  const now = startedBy !== undefined || isCreated;
  const { happened } = container;
  const inspection = await parts.client.inspect(container.id, signal, { now });
  signal.throwIfAborted();
  container.happenedBefore = happened;
  const { info, createdAt, startedAt, running, removing } = inspection;
  container.info = info;
  if (container.refusedAt !== undefined && createdAt <= container.refusedAt.at) {
    container.become({ kind: "refused" });
    return undefined;
  }
  // Another one had its name.
  container.refusedAt = undefined;
  await parts.ready(signal);
  signal.throwIfAborted();
  const isSameRun = before.kind === "skipped" && before.startedAt === startedAt;
  if (isSameRun && reason.isCheck === true) {
    container.become({ ...before, checkAt: nextCheck() });
    return undefined;
  }
  container.startedAt = startedAt;
  if (container.attachedWith === undefined && !parts.selects(info)) {
    container.become({ kind: "unwanted" });
    return undefined;
  }
  // Its log is gone for who asks now, and not for who asked in time.
  if (removing && headStartOf(container) === undefined) throw notFound(info);
  checkReadable(info);
  // What was created before this pool's eyes was never read.
  const isUnread = container.isNew;
  container.isNew ||= await parts.isNew(inspection, signal);
  const known = container.place ?? (isUnread ? FROM_ITS_START : undefined);
  const place = known ?? (await parts.locate(inspection, container.isNew, signal));
  signal.throwIfAborted();
  container.place = place;
  const { start, isResumed } = place;
  // One that was read before may have been left in the middle of its log.
  const isUnreadRun = parts.readsStopped && hasStarted(inspection.startedAt);
  const hasRunUnseen =
    idle === undefined
      ? hasRun ||
        isResumed ||
        isUnreadRun ||
        (await hasRunSince(container, inspection, parts, signal))
      : idle.startedAt !== startedAt;
  signal.throwIfAborted();
  // A rename that the events told of since is not in the answer.
  const isOldName = container.name !== nameBefore;
  const seen = isOldName ? { ...inspection, info: named(info, container.name) } : inspection;
  const isUrgent = container.isNew || startedBy !== undefined;
  const { isNew } = container;
  const headStart = isLogStart(start.position) ? headStartOf(container) : undefined;
  const finding = {
    inspection: seen,
    start,
    isResumed,
    startedBy,
    isUrgent,
    isOutdated: container.happened !== happened,
    isNew,
    headStart,
  };
  // The answer shows the run that it has begun with.
  const hasBegun = running || removing || (isUnread && hasStarted(startedAt));
  if (headStart !== undefined && (headStart.isStarting || hasBegun)) {
    const starting = { ...seen, running: true, removing: false };
    // It may have started since it was asked for.
    const startsBy = container.takeReason()?.startedBy ?? startedBy ?? Infinity;
    const begun = { inspection: starting, startedBy: startsBy, isFromBefore: !hasBegun };
    return follow(container, { ...finding, ...begun }, parts);
  }
  if (running || hasRunUnseen) return follow(container, finding, parts);
  // What it is being started for may come only now; its file is looked for all the same.
  const isKept = container.isAsked || headStart?.isStarting === false;
  const kept = isKept ? headStartOf(container) : undefined;
  const standby = kept ?? fileOf(container, seen, start, parts);
  if (standby?.isStarting === false) standby.knows(seen);
  container.become({ kind: "idle", inspection: seen, headStart: standby });
  parts.waits(container.id, start);
  return undefined;
}

/** When a container that is skipped is looked at again. */
export function nextCheck(): number {
  return performance.now() + CHECK_EVERY_MS;
}

function follow(
  container: DiscoveredContainer,
  finding: Finding,
  parts: DecisionParts,
): DockspoolError | undefined {
  const { id, state, attachedWith } = container;
  const before = state.kind === "looking" ? state.before : state;
  const failures = before.kind === "failed" ? before.failures : 0;
  const { headStart, inspection } = finding;
  const trouble =
    before.kind === "failed"
      ? { since: before.since, error: before.error, hasFailed: true }
      : undefined;
  const options = attachedWith ?? parts.options(inspection.info);
  const skipped = before.kind === "skipped" ? before : undefined;
  container.become({ kind: "followed", failures, headStart, skipped });
  try {
    parts.found({ ...finding, trouble }, options);
    return undefined;
  } catch (error) {
    return asFailure(error, id);
  }
}

function headStartOf({ state }: DiscoveredContainer): Looking["headStart"] {
  return state.kind === "looking" ? state.headStart : undefined;
}

/** Its file is looked for long before its start is told of: it may be gone a moment after that. */
function fileOf(
  { id }: DiscoveredContainer,
  { info, startedAt }: Inspection,
  { position }: Start,
  { readsFiles, headStart }: DecisionParts,
): HeadStart | undefined {
  const isToCome = readsFiles(info) && neverStarted(startedAt) && isLogStart(position);
  return isToCome ? headStart(id, info) : undefined;
}

/** It has run since the pool, or its checkpoints, last saw the engine. */
async function hasRunSince(
  { isNew }: DiscoveredContainer,
  { startedAt }: Inspection,
  { isSince }: DecisionParts,
  signal: AbortSignal,
): Promise<boolean> {
  return hasStarted(startedAt) && (isNew || isSince(Date.parse(startedAt), signal));
}

function named(info: ContainerInfo, name: string): ContainerInfo {
  return Object.freeze({ ...info, name });
}

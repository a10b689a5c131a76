import type { PositionCheckpoint } from "../checkpoint/container-checkpoint.ts";
import { hearStatuses, tellStatus } from "../lifetime/listeners.ts";
import type { ContainerFigures } from "../metrics/figures.ts";
import type { Tally } from "../metrics/tally.ts";
import type { Capture } from "../source/capture.ts";
import type { ContainerLogSource } from "../source/container-log-source.ts";
import { asFailure } from "../source/failures.ts";
import type { SourceStatus } from "../source/status.ts";
import type { ContainerInfo } from "../wire/records.ts";
import type { FollowedStream } from "./health/stream-health.ts";
import type { Feed } from "./merge/feed.ts";
import type { SourceEngine } from "./source-engine.ts";

/** A container that a pool follows. */
export interface FollowedContainer {
  readonly source: ContainerLogSource;
  readonly capture: Capture;
  readonly feed: Feed;
  readonly engine: SourceEngine;
  readonly checkpoint: PositionCheckpoint | undefined;
  /** At its last look; one that is renamed has a new one. */
  info: ContainerInfo;
}

/** Whatever its caller does with its listeners. */
export function hear(source: ContainerLogSource, heard: (status: SourceStatus) => void): void {
  hearStatuses(source, heard);
}

/** A status of a source's, from outside of it. */
export function tell(source: ContainerLogSource, status: SourceStatus): void {
  tellStatus(source, status);
}

/** What health is told of it. */
export function streamOf({ capture, info }: FollowedContainer): FollowedStream {
  return {
    name: info.name,
    phase: capture.phase.value,
    via: capture.stats.via,
    since: capture.phase.since,
    lastByteAt: capture.lastByteAt,
    room: capture.buffer.state,
    rotateTimeoutMs: capture.rotateTimeoutMs,
    damagedAt: capture.damagedAt,
    hiddenSince: capture.hiddenSince,
    awaitsDiskSince: capture.awaitsDiskSince,
    overdue: capture.overdue,
    trouble: capture.trouble,
  };
}

/** What metrics show of it. */
export function figuresOf({ capture, engine, info }: FollowedContainer): ContainerFigures {
  return { engine: engine.name, id: info.id, name: info.name, ...capture.figures };
}

/** What happened to it is counted. */
export function count(
  tally: Tally,
  { engine, info }: FollowedContainer,
  status: SourceStatus,
): void {
  if (status.type === "rotated" && status.rotation.reopened)
    tally.rotated(engine.name, status.rotation.closedInMs + status.rotation.reopenedInMs);
  if (status.type === "ended" && status.reason.kind === "removed" && !status.reason.complete)
    tally.cutShort.add({ engine: engine.name });
  const error = errorOf(status);
  if (error !== undefined)
    tally.errors.add({ engine: engine.name, reason: asFailure(error, info.id).code });
}

/** Why a stream failed. */
function errorOf(status: SourceStatus): unknown {
  if (status.type === "reconnecting" || status.type === "rotation-failed") return status.error;
  if (status.type === "ended" && status.reason.kind === "failed") return status.reason.error;
  return undefined;
}

/** By name, full id, or the beginning of one; none that is being closed. */
export function sourcesNamed(
  container: string,
  engineName: string | undefined,
  followed: Iterable<FollowedContainer>,
): ContainerLogSource[] {
  const candidates = [...followed].filter(
    ({ engine, capture }) =>
      !capture.isEnding && (engineName === undefined || engine.name === engineName),
  );
  const named = candidates.filter(({ info }) => info.name === container);
  const found =
    named.length > 0 ? named : candidates.filter(({ info }) => info.id.startsWith(container));
  const isOne = named.length > 0 || found.length === 1;
  return isOne ? found.map(({ source }) => source) : [];
}

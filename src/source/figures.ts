import type { ContainerHealth } from "../engine/condition.ts";
import type { Reading } from "../lines/reading.ts";
import type { ContainerFigures } from "../metrics/figures.ts";
import type { BatchBuffer } from "../queue/buffer.ts";
import type { Consumer } from "../queue/consumer.ts";
import { newestTimestamp } from "../resume/position.ts";
import type { LogClock } from "../stream/log-clock.ts";
import type { CurrentPhase } from "./current-phase.ts";
import type { SourceHost } from "./host.ts";
import { lagMs } from "./lag.ts";
import { endsBy } from "./phase-end.ts";
import { phaseName, stateOf, waitsFor } from "./phase.ts";
import type { SourceStats } from "./status.ts";
import type { Streams } from "./streams.ts";
import type { TurnKeeper } from "./turn.ts";
import { aheadMs, steadyNow } from "../lifetime/steady-clock.ts";

/** A container's, without its names. */
export type SourceFigures = Omit<ContainerFigures, "engine" | "id" | "name">;

/** A disk that is only busy answers sooner. */
const DISK_MS = 1_000;

/** The parts of a source that its figures are read from. */
export interface Measured {
  readonly host: SourceHost;
  readonly phase: CurrentPhase;
  readonly health: ContainerHealth | undefined;
  /** Undefined before the first look. */
  readonly reading: Reading | undefined;
  readonly streams: Streams;
  /** Since when the disk does not answer, by `performance.now()`. */
  readonly awaitsDiskSince: number | undefined;
  readonly turn: TurnKeeper;
  readonly buffer: BatchBuffer;
  readonly consumer: Consumer;
  readonly clock: LogClock;
  readonly reconnects: number;
  /** Running now, those of its streams not counted. */
  readonly tasks: number;
  readonly rotateTimeoutMs: number;
}

export function statsOf(parts: Measured): SourceStats {
  const { host, reading, turn, buffer, consumer, reconnects, rotateTimeoutMs } = parts;
  const { value: phase, since } = parts.phase;
  const { stats: streams, isRotating } = parts.streams;
  const by = endsBy(phase, {
    since,
    lastByteAt: streams.lastByteAt,
    isPaused: buffer.needsRoom,
    connectTimeoutMs: host.client.connectTimeoutMs,
    rotateTimeoutMs,
    rotatesBy: streams.rotatesBy,
    lookEveryMs: host.lookEveryMs,
  });
  const ahead = aheadMs();
  const told = (time: number | undefined): number | undefined =>
    time === undefined ? undefined : time + ahead;
  // Field by field: it is asked for of thousands of sources at once, and spreading takes several times as long.
  return {
    state: stateOf(phase, isRotating),
    since: since + ahead,
    waitsFor: awaitsDisk(parts) ? "the disk" : waitsFor(phase),
    by: told(by),
    health: parts.health,
    via: streams.generation === 0 ? undefined : parts.streams.via,
    generation: streams.generation,
    rotations: streams.rotations,
    stalls: streams.stalls,
    gaps: streams.gaps,
    lastByteAt: told(streams.lastByteAt),
    turns: turn.taken,
    reconnects,
    lines: reading?.made.lines ?? 0,
    bytes: reading?.made.bytes ?? 0,
    delivered: consumer.delivered,
    bufferedBytes: buffer.bytes,
    tasks: parts.tasks + streams.tasks,
    sockets: host.sockets(streams.isReading),
    lastDeliveryAt: told(consumer.lastDeliveryAt),
  };
}

function awaitsDisk({ awaitsDiskSince: since }: Measured): boolean {
  return since !== undefined && performance.now() - since >= DISK_MS;
}

/** What metrics show of a source, read when somebody asks. */
export function figuresOf(parts: Measured): SourceFigures {
  const { phase, streams, consumer, reconnects } = parts;
  const { lines = 0, stderrLines = 0, bytes = 0 } = parts.reading?.made ?? {};
  const { rotations, stalls, gaps } = streams.stats;
  return {
    phase: phaseName(phase.type),
    via: streams.via,
    lines: { stdout: lines - stderrLines, stderr: stderrLines },
    bytes,
    delivered: consumer.delivered,
    rotations,
    stalls,
    gaps,
    reconnects,
    streamAge: streams.isOpen ? streams.delay.openedForMs / 1_000 : 0,
    lag: lagOf(parts) / 1_000,
  };
}

function lagOf({ phase, reading, consumer, clock }: Measured): number {
  const { isAtEnd, currentUntil, begunAt } = phase;
  const { undeliveredFrom } = consumer;
  // Most of thousands of containers are: the rest is worked out anew each time.
  if (isAtEnd && undeliveredFrom === undefined) return 0;
  const position = isAtEnd ? undefined : reading?.position;
  return lagMs({
    isAtEnd,
    currentUntil,
    begunAt,
    hasRead: reading !== undefined && reading.made.lines > 0,
    readUntil: position === undefined ? undefined : newestTimestamp(position),
    undeliveredFrom,
    now: steadyNow(),
    logNow: clock.now(),
  });
}

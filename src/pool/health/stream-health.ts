import { waitsFor } from "../../source/phase.ts";
import type { Phase } from "../../source/phase.ts";
import { STEADY_MS } from "../../source/attempts.ts";
import type { Trouble } from "../../source/attempts.ts";
import type { OverdueTasks } from "../../source/rotation.ts";
import type { RoomState } from "../../queue/byte-budget.ts";
import { BOUNDS } from "./bounds.ts";
import { span } from "./report.ts";
import type { Finding } from "./report.ts";

/** One container that is followed. Times are by `steadyNow()`. */
export interface FollowedStream {
  /** The container's. */
  readonly name: string;
  readonly phase: Phase;
  readonly via?: "engine" | "files" | undefined;
  /** When the phase began. */
  readonly since: number;
  readonly lastByteAt: number | undefined;
  /** "full": its reader waits for its consumer to make room. */
  readonly room: RoomState;
  /** How long its tasks may take to end. */
  readonly rotateTimeoutMs: number;
  /** When bytes came last that are no log. */
  readonly damagedAt: number | undefined;
  /** Since when its log ends with damage that the engine may not be asked for. */
  readonly hiddenSince?: number | undefined;
  /** Since when the disk that its log files are on does not answer. */
  readonly awaitsDiskSince?: number | undefined;
  /** Tasks of streams that were closed, and that still run. */
  readonly overdue: OverdueTasks | undefined;
  /** Why its log is not had. */
  readonly trouble: Trouble | undefined;
}

/** What is usual in the pool. */
export interface StreamPlan {
  /** Between two rotations of a stream, at most; undefined where there are none. */
  readonly rotateEveryMs: number | undefined;
  /** In how long every container has its turn. */
  readonly roundMs: number;
}

/** It is open, stopped, or in its turn. */
export function isSettled(phase: Phase): boolean {
  if (phase.type === "catching-up") return phase.isOpened;
  return !["idle", "locating", "opening", "aligning", "reconnecting"].includes(phase.type);
}

/** What is wrong with containers' streams. That nothing comes is worse where it holds for each container that runs. */
export function streamFindings(
  streams: readonly FollowedStream[],
  plan: StreamPlan,
  now: number,
): Finding[] {
  const silences: Wrong[] = [];
  const findings: Finding[] = [];
  let running = 0;
  for (const stream of streams) {
    const { name, phase } = stream;
    const runs = phase.type !== "stopped" && !("reason" in phase);
    if (runs) running++;
    const silence = diskOf(stream, now) ?? waitOf(stream, plan, now) ?? troubleOf(stream, now);
    const wrong =
      silence ??
      unrotated(stream, plan, now) ??
      overdueOf(stream, now) ??
      hiddenOf(stream) ??
      damageOf(stream, now);
    if (wrong === undefined) continue;
    const { since } = wrong;
    const detail = `${name} ${wrong.detail}`;
    if (runs && silence !== undefined) silences.push({ detail, since });
    else findings.push({ status: "degraded", detail, since });
  }
  const status = silences.length < running ? "degraded" : "unhealthy";
  for (const { detail, since } of silences) findings.push({ status, detail, since });
  return findings;
}

type Wrong = Pick<Finding, "detail" | "since">;

/** Its log is not had, and every attempt fails. */
function troubleOf({ phase, since, trouble }: FollowedStream, now: number): Wrong | undefined {
  if (trouble === undefined) return undefined;
  if (!trouble.hasFailed && now - trouble.since < BOUNDS.troubleMs) return undefined;
  const isOpen = phase.type === "following" || (phase.type === "catching-up" && phase.isOpened);
  if (isOpen && now - since >= STEADY_MS) return undefined;
  if (phase.type === "stopped" || "reason" in phase) return undefined;
  return {
    detail: `can't be followed for ${span(now - trouble.since)}: ${trouble.error.message}`,
    since: trouble.since,
  };
}

/** Its log files are on a disk that does not answer: a network's, mostly, whose server is gone. */
function diskOf({ awaitsDiskSince: since }: FollowedStream, now: number): Wrong | undefined {
  if (since === undefined || now - since < BOUNDS.diskMs) return undefined;
  return { detail: `waits for the disk for ${span(now - since)}`, since };
}

/** What it does takes longer than it may. */
function waitOf(stream: FollowedStream, plan: StreamPlan, now: number): Wrong | undefined {
  const { phase, since, room } = stream;
  const isPaused = room.type === "full";
  const longerThan = (limitMs: number, from = since): Wrong | undefined => {
    if (now - from <= limitMs) return undefined;
    return { detail: `waits for ${waitsFor(phase) ?? "nothing"} for ${span(now - from)}`, since };
  };
  switch (phase.type) {
    case "locating":
    case "opening":
      return longerThan(BOUNDS.silentMs);
    case "aligning":
      // Bytes are no progress while the place is not found in them.
      return isPaused ? undefined : longerThan(BOUNDS.silentMs, Math.max(since, room.since));
    case "catching-up": {
      const heardAt = Math.max(since, stream.lastByteAt ?? 0, room.since);
      return isPaused ? undefined : longerThan(BOUNDS.silentMs, heardAt);
    }
    case "waiting": {
      // Turns rest while nothing can be read.
      const from = Math.max(since, room.since);
      return isPaused ? undefined : longerThan(2 * plan.roundMs + BOUNDS.overdueMs, from);
    }
    case "closing":
      return longerThan(stream.rotateTimeoutMs + BOUNDS.closingMs);
    default:
      return undefined;
  }
}

/** It follows, and was to be reopened long ago. */
function unrotated(
  { phase, since }: FollowedStream,
  { rotateEveryMs }: StreamPlan,
  now: number,
): Wrong | undefined {
  if (phase.type !== "following" || rotateEveryMs === undefined) return undefined;
  if (now - since <= 2 * rotateEveryMs + BOUNDS.overdueMs) return undefined;
  const detail = `was to be rotated every ${span(rotateEveryMs)}, and was not for ${span(now - since)}`;
  return { detail, since };
}

/** Of what it has written only the next line will come. */
function hiddenOf({ phase, via, hiddenSince }: FollowedStream): Wrong | undefined {
  const isStopped = phase.type === "stopped" || "reason" in phase;
  if (hiddenSince === undefined || via === "files" || isStopped) return undefined;
  const detail = `has damage at the end of its log, and this engine may end itself where it is asked for that: lines come again with the next one; read: "files" shows all`;
  return { detail, since: hiddenSince };
}

/** What came was no log, and was read again since. */
function damageOf({ damagedAt }: FollowedStream, now: number): Wrong | undefined {
  if (damagedAt === undefined || now - damagedAt >= BOUNDS.damagedMs) return undefined;
  const detail = `got damaged bytes ${span(now - damagedAt)} ago, which were read again: is there a proxy that changes bodies?`;
  return { detail, since: damagedAt };
}

/** Tasks of the caller's hold what belonged to a stream that is closed. */
function overdueOf({ overdue }: FollowedStream, now: number): Wrong | undefined {
  if (overdue === undefined) return undefined;
  const { names, since } = overdue;
  const what = names.length === 1 ? "a task" : `${names.length} tasks`;
  const detail = `has ${what} of a stream that was closed ${span(now - since)} ago, and not ended yet: ${[...new Set(names)].slice(0, 5).join(", ")}`;
  return { detail, since };
}

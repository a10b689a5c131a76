import type { ContainerHealth } from "../engine/condition.ts";
import type { DockspoolError } from "../errors.ts";
import type { StatusEvents } from "../lifetime/listeners.ts";

/** How a rotation went. */
export interface Rotation {
  /** The container's id. */
  readonly container: string;
  /** 1 for the first stream, then one more for each reopening. */
  readonly generation: number;
  /** Names of the tasks that the group waited for. */
  readonly awaited: readonly string[];
  /** Milliseconds from when they were asked to end until the old stream and its tasks had ended. */
  readonly closedInMs: number;
  /** Milliseconds from then until the new stream was open. */
  readonly reopenedInMs: number;
  /** False where no stream was opened: its container is stopped and was read, it waits for its turn, or it was not begun. */
  readonly reopened: boolean;
}

/** Why a source has ended. As JSON it keeps the messages and codes of errors. */
export type EndReason =
  /** By `close()`, or a loop that was left. */
  | { kind: "closed" }
  /** By the option `signal`; `reason`: the signal's. */
  | { kind: "aborted"; reason: unknown }
  /** The container is gone; `complete` false: its last lines went, or may have gone, with it. */
  | { kind: "removed"; complete: boolean }
  /** With `follow: false`: the log was read to its end. */
  | { kind: "finished" }
  /** With `followRestarts: false`: the container stopped and its log was read to the end. */
  | { kind: "stopped" }
  /** No other attempt would help, or a sink has failed. */
  | { kind: "failed"; error: DockspoolError };

/** What happened, as the event `status` and as an event of its own name. As JSON it keeps the messages and codes of errors. */
export type SourceStatus =
  /**
   * A stream is open. `generation`: 1 for the first. `aligned`: "exact" right after the last line read, "first" where nothing was
   * read before, "gap" where lines between are lost.
   */
  | { type: "opened"; generation: number; aligned: "exact" | "first" | "gap" }
  /**
   * With `read` "auto" or "files": where lines are read from by now. `reason`: why not from files. Told when it changes.
   */
  | { type: "reading"; via: "engine" | "files"; reason?: string }
  /** A rotation begins to close the stream of that generation. */
  | { type: "rotating"; generation: number }
  /** A rotation has ended. */
  | { type: "rotated"; rotation: Rotation }
  /** Tasks outlived `rotateTimeoutMs`; `survivors`: their names. Also of a periodic rotation. */
  | { type: "rotation-failed"; error: DockspoolError; survivors: readonly string[] }
  /** For a turn in the pool. */
  | { type: "waiting" }
  /** Attempt number `attempt`, from 1, follows in `delayMs` milliseconds. `error`: why. */
  | { type: "reconnecting"; attempt: number; delayMs: number; error: unknown }
  /** A rotation after so many milliseconds of silence found lines that the old stream had kept back. */
  | { type: "stalled"; silentMs: number }
  /** The engine no longer has the lines after the timestamp `after`; `before`: that of the first one that it has. */
  | { type: "gap"; after: string; before?: string }
  /** The line of that timestamp had so many bytes, more than `maxLineBytes`, or its beginning is lost. */
  | { type: "truncated"; timestamp: string; bytes: number }
  /** The engine said so in the middle of the log, or it may end itself where it is asked for that log's last lines. */
  | { type: "engine-error"; message: string }
  /** A sink failed at attempt number `attempt`; the next one follows in `delayMs` milliseconds. `error`: what it threw. */
  | { type: "delivery-retry"; sink: string; attempt: number; delayMs: number; error: unknown }
  /** The position can't be loaded or saved; that is tried again. */
  | { type: "checkpoint-failed"; error: DockspoolError }
  /** The container has another name. A pool is told at once; a source that stands alone sees it within 30 seconds. */
  | { type: "renamed"; from: string; to: string }
  /**
   * The container does not run, and its log was read to the end. `exitCode`: of its first process, 128 + N where signal N has ended it.
   * `oomKilled`: the kernel has killed a process of it for its memory. Both as the engine says, where it does.
   */
  | { type: "stopped"; exitCode?: number; oomKilled?: boolean }
  /** The container runs again. How the run before ended, where that is known: a pool mostly does, by the engine's events. */
  | { type: "restarted"; exitCode?: number; oomKilled?: boolean }
  /**
   * The container's healthcheck has found something else than before. A pool is told by the engine's events; a source that stands
   * alone sees it when it looks at its container, every 30 seconds at the latest. `stats.health` is what was found last.
   */
  | { type: "health"; health: ContainerHealth }
  /** The last status. */
  | { type: "ended"; reason: EndReason };

/** Each status is also an event of its own name: `source.on("gap", (gap) => …)`. */
export type SourceEvents = StatusEvents<SourceStatus>;

/** What a source does now. "idle": it was not begun; "stopped": its container is. */
export type SourceState =
  | "idle"
  | "opening"
  | "streaming"
  | "rotating"
  | "reconnecting"
  | "waiting"
  | "stopped"
  | "ended";

/** As it is now. Numbers count from the source's beginning. */
export interface SourceStats {
  /** What it does now. */
  readonly state: SourceState;
  /** When that state began, in epoch milliseconds. */
  readonly since: number;
  /** What it waits for, in words: "the response headers", "a turn", "the container's start"; undefined where nothing. */
  readonly waitsFor: string | undefined;
  /** When it does something else at the latest, in epoch milliseconds, where that is known. */
  readonly by: number | undefined;
  /** As the container's healthcheck has found it; undefined where it has none, and before the engine was asked. */
  readonly health: ContainerHealth | undefined;
  /** How lines are read; undefined before the first stream is open. */
  readonly via: "engine" | "files" | undefined;
  /** Streams opened so far. */
  readonly generation: number;
  /** Read, of the chosen streams. */
  readonly lines: number;
  /** Text of those lines, in bytes. */
  readonly bytes: number;
  /** Lines handed over and acknowledged. */
  readonly delivered: number;
  /** Read ahead of the consumer, in bytes: text and what holding it takes. */
  readonly bufferedBytes: number;
  /** Running now, the source's own and its streams', those that were closed included: what a leak would make grow. */
  readonly tasks: number;
  /** Open to the engine now. */
  readonly sockets: number;
  /** Turns given up and taken again are not counted. */
  readonly rotations: number;
  /** Taken in a pool. */
  readonly turns: number;
  /** Attempts to reach the log, or the engine, again. */
  readonly reconnects: number;
  /** Streams that were found to have kept lines back. */
  readonly stalls: number;
  /** Places where lines are lost. */
  readonly gaps: number;
  /** When the engine last sent something, in epoch milliseconds. */
  readonly lastByteAt: number | undefined;
  /** When lines were last acknowledged, in epoch milliseconds. */
  readonly lastDeliveryAt: number | undefined;
}

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
  readonly closedInMs: number;
  readonly reopenedInMs: number;
  /** False where the container is stopped, waits for its turn, or was not opened yet. */
  readonly reopened: boolean;
}

export type EndReason =
  | { kind: "closed" }
  | { kind: "aborted"; reason: unknown }
  /** The container is gone; `complete` false: its last lines went, or may have gone, with it. */
  | { kind: "removed"; complete: boolean }
  /** With `follow: false`: the log was read to its end. */
  | { kind: "finished" }
  /** With `followRestarts: false`: the container stopped and its log was read to the end. */
  | { kind: "stopped" }
  | { kind: "failed"; error: DockspoolError };

export type SourceStatus =
  | { type: "opened"; generation: number; aligned: "exact" | "first" | "gap" }
  | { type: "rotating"; generation: number }
  | { type: "rotated"; rotation: Rotation }
  /** Also of a periodic rotation. */
  | { type: "rotation-failed"; error: DockspoolError; survivors: readonly string[] }
  /** For a turn in the pool. */
  | { type: "waiting" }
  | { type: "reconnecting"; attempt: number; delayMs: number; error: unknown }
  /** A rotation after silence found lines that the old stream had kept back. */
  | { type: "stalled"; silentMs: number }
  /** The engine no longer has the lines after `after`; `before`: the first one that it has. */
  | { type: "gap"; after: string; before?: string }
  | { type: "truncated"; timestamp: string; bytes: number }
  /** An in-band error message. */
  | { type: "engine-error"; message: string }
  | { type: "delivery-retry"; sink: string; attempt: number; delayMs: number; error: unknown }
  | { type: "checkpoint-failed"; error: DockspoolError }
  | { type: "renamed"; from: string; to: string }
  /** And its log was read to the end. */
  | { type: "stopped" }
  | { type: "restarted" }
  | { type: "ended"; reason: EndReason };

/** Each status is also an event of its own name: `source.on("gap", (gap) => …)`. */
export type SourceEvents = StatusEvents<SourceStatus>;

export type SourceState =
  | "idle"
  | "opening"
  | "streaming"
  | "rotating"
  | "reconnecting"
  | "waiting"
  | "stopped"
  | "ended";

export interface SourceStats {
  readonly state: SourceState;
  /** When that state began, in epoch milliseconds. */
  readonly since: number;
  /** What it waits for, in words: "the response headers", "a turn", "the container's start"; undefined where nothing. */
  readonly waitsFor: string | undefined;
  /** When it does something else at the latest, in epoch milliseconds, where that is known. */
  readonly by: number | undefined;
  /** How lines are read; undefined before the first stream is open. */
  readonly via: "engine" | "files" | undefined;
  readonly generation: number;
  /** Read, of the chosen streams. */
  readonly lines: number;
  /** Text of those lines, in bytes. */
  readonly bytes: number;
  /** Lines handed over and acknowledged. */
  readonly delivered: number;
  readonly bufferedBytes: number;
  /** Running now, the source's own and the current stream's: what a leak would make grow. */
  readonly tasks: number;
  /** Open to the engine now. */
  readonly sockets: number;
  /** Turns given up and taken again are not counted. */
  readonly rotations: number;
  readonly turns: number;
  readonly reconnects: number;
  readonly stalls: number;
  readonly gaps: number;
  /** Epoch milliseconds. */
  readonly lastByteAt: number | undefined;
  /** Epoch milliseconds. */
  readonly lastDeliveryAt: number | undefined;
}

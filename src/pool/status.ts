import type { DockspoolError } from "../errors.ts";
import type { StatusEvents } from "../lifetime/listeners.ts";
import type { EndReason, SourceStatus } from "../source/status.ts";
import type { ContainerInfo } from "../wire/records.ts";

export type PoolStatus =
  | { type: "attached"; container: ContainerInfo }
  /** Its source has ended; lines that were read before still come. */
  | { type: "detached"; container: ContainerInfo; reason: EndReason }
  /** It is not followed: its log cannot be read, or an option's function failed for it. */
  | { type: "skipped"; container: ContainerInfo; error: DockspoolError }
  /** Another pool has its lease. */
  | { type: "standby"; container: ContainerInfo }
  | { type: "engine"; engine: string; state: "connected" | "disconnected"; error?: unknown }
  | { type: "source"; container: ContainerInfo; status: SourceStatus };

/** Each status is also an event of its own name: `pool.on("skipped", ({ container, error }) => …)`. */
export type PoolEvents = StatusEvents<PoolStatus>;

export interface PoolStats {
  /** Followed now, those that wait for their turn and those that are stopped included. */
  readonly containers: number;
  /** Turns taken now: log streams that are open, or are being opened or closed. */
  readonly streamsOpen: number;
  /** `maxStreams`. */
  readonly streamsMax: number;
  readonly streamsWaiting: number;
  /** How long the container that waits longest has waited for its turn, in milliseconds. */
  readonly longestWaitMs: number;
  /** Turns given so far. */
  readonly turns: number;
  /** Running now, the sources' and the pool's own: what a leak would make grow. */
  readonly tasks: number;
  /** Open to the engines now. */
  readonly sockets: number;
  readonly rotations: number;
  /** Read so far, of the chosen streams, by sources that have ended too. */
  readonly lines: number;
  readonly gaps: number;
  readonly reconnects: number;
  readonly bufferedBytes: number;
}

import type { DockspoolError } from "../errors.ts";
import type { StatusEvents } from "../lifetime/listeners.ts";
import type { EndReason, SourceStatus } from "../source/status.ts";
import type { ContainerInfo } from "../wire/records.ts";

/** What happened, as the event `status` and as an event of its own name. As JSON it keeps the messages and codes of errors. */
export type PoolStatus =
  /** It is followed from now on. */
  | { type: "attached"; container: ContainerInfo }
  /** Its source has ended; lines that were read before still come. */
  | { type: "detached"; container: ContainerInfo; reason: EndReason }
  /** It is not followed: its log cannot be read, an option's function failed for it, or it was gone before it could be looked at. */
  | { type: "skipped"; container: ContainerInfo; error: DockspoolError }
  /** Another pool has its lease. */
  | { type: "standby"; container: ContainerInfo }
  /** `engine`: its key in `engines`, or "default". `error`: why it can't be reached, which is tried again. */
  | { type: "engine"; engine: string; state: "connected" | "disconnected"; error?: unknown }
  /** What a source of the pool tells. */
  | { type: "source"; container: ContainerInfo; status: SourceStatus };

/** Each status is also an event of its own name: `pool.on("skipped", ({ container, error }) => …)`. */
export type PoolEvents = StatusEvents<PoolStatus>;

/** As it is now. */
export interface PoolStats {
  /** Followed now, those that wait for their turn and those that are stopped included. */
  readonly containers: number;
  /** Turns taken now: log streams that are open, or are being opened or closed. */
  readonly streamsOpen: number;
  /** `maxStreams`. */
  readonly streamsMax: number;
  /** Containers that wait for their turn. */
  readonly streamsWaiting: number;
  /** How long the container that waits longest has waited for its turn, in milliseconds. */
  readonly longestWaitMs: number;
  /** Turns given so far. */
  readonly turns: number;
  /** Running now, the sources' and the pool's own: what a leak would make grow. */
  readonly tasks: number;
  /** Open to the engines now. */
  readonly sockets: number;
  /** Completed so far. */
  readonly rotations: number;
  /** Read so far, of the chosen streams, by sources that have ended too. */
  readonly lines: number;
  /** Places, so far, where lines are lost. */
  readonly gaps: number;
  /** So far. */
  readonly reconnects: number;
  /** Read ahead of the consumer, in bytes: text and what holding it takes. */
  readonly bufferedBytes: number;
}

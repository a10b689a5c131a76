import type { EngineEvent } from "../../engine/engine-event.ts";

/** Events may be missing here. */
export interface EngineEventGap {
  readonly kind: "gap";
  /** The key in a pool's `engines`, or "default". */
  readonly engine: string;
  /** Of the event before it, RFC 3339 in UTC; undefined where none had come. */
  readonly after: string | undefined;
  /** How many, where the loop was too slow for them; undefined where that can't be known. */
  readonly lost: number | undefined;
}

/** What `pool.events()` gives: what happened at an engine, or that some of it is not known. */
export type EngineEventRecord = EngineEvent | EngineEventGap;

export interface EventsOptions {
  /** So many events wait for a loop that is slow; default 1,000. Beyond, the oldest make way for a gap that counts them. */
  bufferEvents?: number;
}

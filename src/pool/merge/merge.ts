import type { Feed } from "./feed.ts";

/** Chooses the container whose records are next. */
export interface Merge {
  /** The next feed is chosen for each record, not for each batch. */
  readonly isByRecord: boolean;
  /** The feed is new, or has a record. */
  ready(feed: Feed): void;
  /** Undefined where there is none, or none that may come yet. */
  next(): Feed | undefined;
  /** In how many milliseconds a record that is held back may come; undefined where there is none. */
  readonly dueInMs: number | undefined;
  /** The feed is over. */
  remove(feed: Feed): void;
  /** Nothing new comes: nothing is waited for. */
  end(): void;
}

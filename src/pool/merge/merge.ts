import type { Feed } from "./feed.ts";

/** Says whose line is next. */
export interface Merge {
  /** The feed is new, or has a line. */
  ready(feed: Feed): void;
  /** Undefined where there is none, or none that may come yet. */
  next(): Feed | undefined;
  /** In how many milliseconds a line may come that may not yet; undefined where there is none. */
  readonly dueInMs: number | undefined;
  /** The feed is over. */
  remove(feed: Feed): void;
  /** Nothing new comes: nothing is waited for. */
  end(): void;
}

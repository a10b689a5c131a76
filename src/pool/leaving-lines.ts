import type { Position } from "../resume/position.ts";
import type { Feed } from "./merge/feed.ts";

/** Of sources that have ended: lines that are not delivered yet, by container. */
export class LeavingLines {
  readonly #feeds = new Map<string, readonly Feed[]>();

  /** A source has ended. */
  add(container: string, feed: Feed): void {
    for (const [id, feeds] of this.#feeds)
      if (feeds.every(({ isDone }) => isDone)) this.#feeds.delete(id);
    this.#feeds.set(container, [...this.of(container), feed]);
  }

  /** The oldest first. */
  of(container: string): readonly Feed[] {
    return this.#feeds.get(container) ?? [];
  }

  /** Where those lines of a container end; undefined where there are none. */
  placeBehind(container: string): Position | undefined {
    const feeds = this.of(container);
    return feeds.every(({ isDone }) => isDone) ? undefined : feeds.at(-1)?.readPosition;
  }
}

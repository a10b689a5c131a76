import type { Feed } from "./feed.ts";
import type { Merge } from "./merge.ts";

/** What a feed may hand out in each round, in bytes. */
const QUANTUM_BYTES = 16 * 1024;

/**
 * Deficit round robin, a batch at a time: in the long run every feed that has records hands out as many bytes as any other.
 * @see M. Shreedhar, G. Varghese, "Efficient Fair Queuing Using Deficit Round-Robin", 1996
 */
export class RoundRobin implements Merge {
  readonly #queue = new Set<Feed>();
  #current: Feed | undefined;

  readonly isByRecord = false;
  readonly dueInMs = undefined;

  ready(feed: Feed): void {
    if (!feed.isEmpty && !this.#queue.has(feed)) this.#enqueue(feed);
  }

  next(): Feed | undefined {
    if (this.#current?.isBegun === true) return this.#current;
    for (;;) {
      const [feed] = this.#queue;
      this.#current = feed;
      if (feed === undefined) return undefined;
      if (!feed.isEmpty && feed.deficit > 0) {
        feed.deficit -= Math.max(1, feed.nextBytes);
        return feed;
      }
      this.#queue.delete(feed);
      if (!feed.isEmpty) this.#enqueue(feed);
    }
  }

  remove(feed: Feed): void {
    this.#queue.delete(feed);
    if (this.#current === feed) this.#current = undefined;
  }

  end(): void {}

  /** A feed that handed out too much in earlier rounds gets less in this one. */
  #enqueue(feed: Feed): void {
    feed.deficit = Math.min(feed.deficit, 0) + QUANTUM_BYTES;
    this.#queue.add(feed);
  }
}

import { compareTimestamps } from "../../wire/timestamps.ts";
import type { Feed } from "./feed.ts";
import type { Merge } from "./merge.ts";

/**
 * The line with the earliest timestamp first. A line is held back until every container shows its next one, or for
 * `latenessMs` from its arrival, so that earlier ones of others can overtake it. Within a container the order is the
 * engine's.
 */
export class TimeOrder implements Merge {
  readonly #latenessMs: number;
  readonly #all = new Set<Feed>();
  /** A binary heap of the feeds that have a line, by its timestamp. */
  readonly #heap: Feed[] = [];
  readonly #places = new Map<Feed, number>();
  /** Its line was handed out, so that its place is to be found anew. */
  #handed: Feed | undefined;
  #isEnding = false;

  constructor(latenessMs: number) {
    this.#latenessMs = latenessMs;
  }

  ready(feed: Feed): void {
    this.#all.add(feed);
    if (feed !== this.#handed) this.#place(feed);
  }

  next(): Feed | undefined {
    if (this.#handed !== undefined) {
      const feed = this.#handed;
      this.#handed = undefined;
      this.#place(feed);
    }
    const first = this.#heap[0];
    if (first === undefined) return undefined;
    const isCertain = this.#isEnding || this.#heap.length === this.#all.size;
    if (!isCertain && this.#waitOf(first) > 0) return undefined;
    this.#handed = first;
    return first;
  }

  get dueInMs(): number | undefined {
    const first = this.#heap[0];
    return first === undefined ? undefined : Math.max(0, this.#waitOf(first));
  }

  remove(feed: Feed): void {
    this.#all.delete(feed);
    this.#take(feed);
    if (this.#handed === feed) this.#handed = undefined;
  }

  end(): void {
    this.#isEnding = true;
  }

  #waitOf(feed: Feed): number {
    const arrivedAt = feed.head?.arrivedAt ?? 0;
    return arrivedAt + this.#latenessMs - performance.now();
  }

  /** Puts a feed where its line belongs. */
  #place(feed: Feed): void {
    if (feed.isEmpty) {
      this.#take(feed);
      return;
    }
    let place = this.#places.get(feed);
    if (place === undefined) {
      place = this.#heap.length;
      this.#put(place, feed);
    }
    this.#sink(this.#rise(place));
  }

  #take(feed: Feed): void {
    const place = this.#places.get(feed);
    if (place === undefined) return;
    this.#places.delete(feed);
    const last = this.#heap.pop();
    if (last === undefined || last === feed) return;
    this.#put(place, last);
    this.#sink(this.#rise(place));
  }

  #put(place: number, feed: Feed): void {
    this.#heap[place] = feed;
    this.#places.set(feed, place);
  }

  #rise(from: number): number {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isEarlier(place, parent)) break;
      this.#swap(place, parent);
      place = parent;
    }
    return place;
  }

  #sink(from: number): void {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      let earliest = place;
      if (this.#isEarlier(left, earliest)) earliest = left;
      if (this.#isEarlier(left + 1, earliest)) earliest = left + 1;
      if (earliest === place) return;
      this.#swap(place, earliest);
      place = earliest;
    }
  }

  #isEarlier(place: number, than: number): boolean {
    const one = this.#heap[place]?.head?.record.timestamp;
    const other = this.#heap[than]?.head?.record.timestamp;
    return one !== undefined && other !== undefined && compareTimestamps(one, other) < 0;
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return;
    this.#put(one, b);
    this.#put(other, a);
  }
}

import { compareTimestamps } from "../../wire/timestamps.ts";
import type { Feed } from "./feed.ts";
import type { Merge } from "./merge.ts";

/**
 * The record with the earliest timestamp first. A record is held back until every container shows its next one, or for
 * `latenessMs` from its arrival, so that earlier records of other containers can overtake it. Within a container the order is
 * the engine's.
 */
export class TimeOrder implements Merge {
  readonly isByRecord = true;
  readonly #latenessMs: number;
  readonly #all = new Set<Feed>();
  /** A binary heap of the feeds that have a record, by its timestamp. */
  readonly #heap: Feed[] = [];
  readonly #indexes = new Map<Feed, number>();
  /** Its record was handed out: its index in the heap is found anew. */
  #handed: Feed | undefined;
  #isEnding = false;

  constructor(latenessMs: number) {
    this.#latenessMs = latenessMs;
  }

  ready(feed: Feed): void {
    this.#all.add(feed);
    if (feed !== this.#handed) this.#sort(feed);
  }

  next(): Feed | undefined {
    if (this.#handed !== undefined) {
      const feed = this.#handed;
      this.#handed = undefined;
      this.#sort(feed);
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
    const arrivedAt = feed.upcoming?.arrivedAt ?? 0;
    return arrivedAt + this.#latenessMs - performance.now();
  }

  /** Puts a feed where its next record belongs. */
  #sort(feed: Feed): void {
    if (feed.isEmpty) {
      this.#take(feed);
      return;
    }
    let index = this.#indexes.get(feed);
    if (index === undefined) {
      index = this.#heap.length;
      this.#put(index, feed);
    }
    this.#sink(this.#rise(index));
  }

  #take(feed: Feed): void {
    const index = this.#indexes.get(feed);
    if (index === undefined) return;
    this.#indexes.delete(feed);
    const last = this.#heap.pop();
    if (last === undefined || last === feed) return;
    this.#put(index, last);
    this.#sink(this.#rise(index));
  }

  #put(index: number, feed: Feed): void {
    this.#heap[index] = feed;
    this.#indexes.set(feed, index);
  }

  #rise(from: number): number {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isEarlier(index, parent)) break;
      this.#swap(index, parent);
      index = parent;
    }
    return index;
  }

  #sink(from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      let earliest = index;
      if (this.#isEarlier(left, earliest)) earliest = left;
      if (this.#isEarlier(left + 1, earliest)) earliest = left + 1;
      if (earliest === index) return;
      this.#swap(index, earliest);
      index = earliest;
    }
  }

  #isEarlier(index: number, than: number): boolean {
    const one = this.#heap[index]?.upcoming?.record.timestamp;
    const other = this.#heap[than]?.upcoming?.record.timestamp;
    return one !== undefined && other !== undefined && compareTimestamps(one, other) < 0;
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return;
    this.#put(one, b);
    this.#put(other, a);
  }
}

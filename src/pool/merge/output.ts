import type { Portion, Supply } from "../../delivery/portion.ts";
import type { End } from "../../queue/buffer.ts";
import type { Lot } from "../../queue/lot.ts";
import type { ContainerInfo, LogBatch, LogRecord } from "../../wire/records.ts";
import type { Feed } from "./feed.ts";
import type { Merge } from "./merge.ts";

/** As many records as an ordered batch holds at the most. */
const MAX_BATCH = 1_000;

/** Whose lines come after another's. */
interface Successor {
  readonly feed: Feed;
  readonly container: ContainerInfo;
}

/** What all containers brought, as one stream: the pool's consumer takes from here. */
export class Output {
  readonly #merge: Merge;
  readonly #feeds = new Set<Feed>();
  readonly #successors = new Map<Feed, readonly Successor[]>();
  readonly #inHand = new Set<Feed>();
  #waiter: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #end: End | undefined;

  constructor(merge: Merge) {
    this.#merge = merge;
  }

  /** Set once nothing more comes. */
  get ended(): End | undefined {
    return this.#end;
  }

  /** A container's lines come in; what is left of it, or of one that had its name, is handed out before. */
  add(feed: Feed, container: ContainerInfo): void {
    const predecessor = [...this.#feeds].findLast((other) => other.isOf(container));
    this.#feeds.add(feed);
    if (predecessor !== undefined) {
      feed.predecessor = predecessor;
      const successors = this.#successors.get(predecessor) ?? [];
      this.#successors.set(predecessor, [...successors, { feed, container }]);
      predecessor.hurry();
    }
    this.#merge.ready(feed);
  }

  /** Lines are held back until those of another container have come. */
  get hasSuccessors(): boolean {
    return this.#successors.size > 0;
  }

  /** The feed's container has another name: who has the old one now need not wait for it. */
  renamed(feed: Feed): void {
    this.#release(feed, ({ container }) => !feed.isOf(container));
  }

  /** The feed has a line, or is over. */
  ready(feed: Feed): void {
    if (!this.#feeds.has(feed)) return;
    this.#merge.ready(feed);
    this.#settle(feed);
    this.#wake();
  }

  take(): LogRecord | undefined {
    this.acknowledge();
    const feed = this.#merge.next();
    if (feed === undefined) return undefined;
    this.#inHand.add(feed);
    return feed.hand();
  }

  /** For a loop: lines of one container that came together. */
  takeLot(): Lot<LogRecord> | undefined {
    this.acknowledge();
    const feed = this.#merge.next();
    if (feed === undefined) return undefined;
    this.#inHand.add(feed);
    return feed.takeLot();
  }

  /** Lines of one container that came together. */
  takeBatch(): LogBatch | undefined {
    this.acknowledge();
    const feed = this.#merge.next();
    if (feed === undefined) return undefined;
    this.#inHand.add(feed);
    return feed.handBatch();
  }

  /** The next lines of all containers, in the merge's order. */
  takeOrdered(): LogBatch | undefined {
    this.acknowledge();
    const records: LogRecord[] = [];
    while (records.length < MAX_BATCH) {
      const feed = this.#merge.next();
      // Of a container only one batch is in hand at a time.
      if (feed === undefined || (this.#inHand.has(feed) && !feed.isBegun)) break;
      this.#inHand.add(feed);
      const record = feed.hand();
      if (record !== undefined) records.push(record);
    }
    return records.length === 0 ? undefined : records;
  }

  /** For sinks. `isOrdered`: in the merge's order, line by line. */
  supply(isOrdered: boolean): Supply {
    const ended = (): End | undefined => this.#end;
    return {
      take: () => this.#takePortion(isOrdered),
      holdsFrom: (time) => this.#holdsFrom(time),
      available: () => this.available(),
      get ended() {
        return ended();
      },
    };
  }

  /** What is in hand is delivered. */
  acknowledge(): void {
    for (const feed of this.#inHand) {
      feed.acknowledge();
      // A loop goes on in what is left of it.
      if (!feed.isBegun) this.#inHand.delete(feed);
      this.#settle(feed);
    }
  }

  /** Resolves when there may be something to take, or the end. One waits at a time. */
  available(): Promise<void> {
    if (this.#end !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiter = resolve;
      const { dueInMs } = this.#merge;
      if (dueInMs !== undefined) this.#timer = setTimeout(() => this.#wake(), Math.ceil(dueInMs));
    });
  }

  /** Nothing more comes; the consumer learns it after what is left. */
  end(end: End): void {
    this.#end ??= end;
    this.#merge.end();
    this.#wake();
  }

  /** Nothing more comes, and what is left is not handed out either. */
  abandon(error: unknown): void {
    this.#end = { failure: { error } };
    const feeds = new Set([...this.#feeds, ...this.#inHand]);
    this.#feeds.clear();
    for (const feed of feeds) {
      this.#merge.remove(feed);
      feed.abandon(error);
    }
    this.#wake();
  }

  /** The next lines, beside what is in hand: those of one container that came together or, `isOrdered`, follow each other. */
  #takePortion(isOrdered: boolean): Portion | undefined {
    const feed = this.#merge.next();
    const { head } = feed ?? {};
    if (feed === undefined || head === undefined) return undefined;
    this.#inHand.add(feed);
    const records = isOrdered ? this.#handRun(feed) : feed.handBatch();
    this.#settle(feed);
    if (records === undefined) return undefined;
    return {
      records,
      arrivedAt: head.begunAt,
      isPressing: feed.isPressing,
      acknowledge: (count) => {
        feed.acknowledge(count);
        if (feed.isSettled) this.#inHand.delete(feed);
      },
    };
  }

  /** Lines that came by then are at hand. */
  #holdsFrom(time: number): boolean {
    for (const { head } of this.#feeds) if (head !== undefined && head.begunAt <= time) return true;
    return false;
  }

  /** Its lines, as long as they are next. */
  #handRun(feed: Feed): LogRecord[] {
    const records: LogRecord[] = [];
    do {
      const record = feed.hand();
      if (record !== undefined) records.push(record);
    } while (records.length < MAX_BATCH && this.#merge.next() === feed);
    return records;
  }

  /** Once a feed is over, its successors' lines may come. */
  #settle(feed: Feed): void {
    if (!feed.isOver || !this.#feeds.delete(feed)) return;
    this.#merge.remove(feed);
    this.#release(feed, () => true);
  }

  #release(feed: Feed, isFree: (successor: Successor) => boolean): void {
    const successors = this.#successors.get(feed) ?? [];
    const left = successors.filter((successor) => !isFree(successor));
    if (left.length > 0) this.#successors.set(feed, left);
    else this.#successors.delete(feed);
    for (const successor of successors) {
      if (left.includes(successor)) continue;
      successor.feed.predecessor = undefined;
      this.ready(successor.feed);
    }
  }

  #wake(): void {
    clearTimeout(this.#timer);
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.();
  }
}

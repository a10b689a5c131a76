import type { SuppliedBatch, Supply } from "../../delivery/supply.ts";
import { readerOfOne } from "../../queue/batch-reader.ts";
import type { BatchReader } from "../../queue/batch-reader.ts";
import type { End } from "../../queue/buffer.ts";
import { untakenSince } from "../../queue/record-queue.ts";
import type { RecordQueue, Untaken } from "../../queue/record-queue.ts";
import type { ContainerInfo, LogBatch, LogRecord } from "../../wire/records.ts";
import type { Feed } from "./feed.ts";
import type { Merge } from "./merge.ts";

/** Records in a batch that is ordered record by record, at the most. */
const MAX_BATCH = 1_000;

/** A feed whose records come after another one's. */
interface Successor {
  readonly feed: Feed;
  readonly container: ContainerInfo;
}

/** The records of all containers as one queue, for the pool's consumer. */
export class Output implements RecordQueue {
  readonly #merge: Merge;
  readonly #feeds = new Set<Feed>();
  readonly #successors = new Map<Feed, readonly Successor[]>();
  /** Feeds with records that are handed out and not delivered. */
  readonly #inHand = new Set<Feed>();
  /** Of the feeds that were in hand. */
  #lastDeliveryAt: number | undefined;
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

  /**
   * A new feed. What is left of the same container, or of one that had its name, is handed out before. Returns the feed that it
   * waits for.
   */
  add(feed: Feed, container: ContainerInfo): Feed | undefined {
    const predecessor = [...this.#feeds].findLast((other) => other.isOf(container));
    this.#feeds.add(feed);
    if (predecessor !== undefined) {
      feed.predecessor = predecessor;
      const successors = this.#successors.get(predecessor) ?? [];
      this.#successors.set(predecessor, [...successors, { feed, container }]);
      predecessor.ignoreSharedLimit();
    }
    this.#merge.ready(feed);
    return predecessor;
  }

  /** Records are held back until those of another feed have come. */
  get hasSuccessors(): boolean {
    return this.#successors.size > 0;
  }

  /** The feed's container has another name: who has the old one now need not wait for it. */
  renamed(feed: Feed): void {
    this.#release(feed, ({ container }) => !feed.isOf(container));
  }

  /** The feed's container is another one than that of the feed that it waits for, and never had its name. */
  free(feed: Feed): void {
    const { predecessor } = feed;
    if (predecessor !== undefined) this.#release(predecessor, (one) => one.feed === feed);
  }

  /** The feed has a record, or is over. */
  ready(feed: Feed): void {
    if (!this.#feeds.has(feed)) return;
    this.#merge.ready(feed);
    this.#settle(feed);
    this.#wake();
  }

  /** For a loop: records of one container that came together, or the next one in the merge's order. */
  nextRecords(): BatchReader<LogRecord> | undefined {
    const feed = this.#nextFeed();
    if (!this.#merge.isByRecord) return feed?.nextRecords();
    return readerOfOne(feed?.takeRecord());
  }

  /** For a loop: records of one container that came together, or of all in the merge's order. */
  nextBatch(): LogBatch | undefined {
    if (!this.#merge.isByRecord) return this.#nextFeed()?.takeBatch();
    this.acknowledge();
    const records: LogRecord[] = [];
    while (records.length < MAX_BATCH) {
      const feed = this.#merge.next();
      // Of a container only one batch is in hand at a time.
      if (feed === undefined || (this.#inHand.has(feed) && !feed.isBegun)) break;
      this.#inHand.add(feed);
      const record = feed.takeRecord();
      if (record !== undefined) records.push(record);
    }
    return records.length === 0 ? undefined : records;
  }

  readonly supply: Supply = this.#newSupply();

  get untaken(): Untaken | undefined {
    let oldest: number | undefined;
    let bufferedBytes = 0;
    let deliveredAt = this.#lastDeliveryAt;
    for (const feed of new Set([...this.#feeds, ...this.#inHand])) {
      bufferedBytes += feed.bufferedBytes;
      deliveredAt = later(deliveredAt, feed.lastDeliveryAt);
      const { upcomingSince } = feed;
      if (upcomingSince !== undefined) oldest = Math.min(oldest ?? Infinity, upcomingSince);
    }
    if (oldest === undefined) return undefined;
    return { since: untakenSince(oldest, deliveredAt), bufferedBytes };
  }

  /** What is in hand is delivered. */
  acknowledge(): void {
    for (const feed of this.#inHand) {
      feed.acknowledge();
      // A loop goes on in what is left of it.
      if (!feed.isBegun) this.#dismiss(feed);
      this.#settle(feed);
    }
  }

  /** Resolves when there may be records at hand, or nothing more comes. One caller waits at a time. */
  available(): Promise<void> {
    if (this.#end !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiter = resolve;
      const { dueInMs } = this.#merge;
      if (dueInMs !== undefined) this.#timer = setTimeout(() => this.#wake(), Math.ceil(dueInMs));
    });
  }

  /** Nothing more comes. The consumer learns it after the records that are left. */
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

  /** The feed whose records are next. What was in hand is delivered. */
  #nextFeed(): Feed | undefined {
    this.acknowledge();
    const feed = this.#merge.next();
    if (feed !== undefined) this.#inHand.add(feed);
    return feed;
  }

  #newSupply(): Supply {
    const ended = (): End | undefined => this.#end;
    return {
      take: () => this.#supplyBatch(),
      holdsFrom: (time) => this.#holdsFrom(time),
      available: () => this.available(),
      get ended() {
        return ended();
      },
    };
  }

  /** Records of one container that came together, or those that are next in the merge's order. */
  #supplyBatch(): SuppliedBatch | undefined {
    const feed = this.#merge.next();
    const arrivedAt = feed?.upcomingSince;
    if (feed === undefined || arrivedAt === undefined) return undefined;
    this.#inHand.add(feed);
    const records = this.#merge.isByRecord ? this.#takeRun(feed) : feed.takeBatch();
    this.#settle(feed);
    if (records === undefined) return undefined;
    return {
      records,
      arrivedAt,
      isUrgent: feed.needsRoom,
      acknowledge: (count) => {
        feed.acknowledge(count);
        if (feed.isSettled) this.#dismiss(feed);
      },
    };
  }

  #holdsFrom(time: number): boolean {
    for (const { upcomingSince } of this.#feeds)
      if (upcomingSince !== undefined && upcomingSince <= time) return true;
    return false;
  }

  /** The feed's records, as long as they are next. */
  #takeRun(feed: Feed): LogRecord[] {
    const records: LogRecord[] = [];
    do {
      const record = feed.takeRecord();
      if (record !== undefined) records.push(record);
    } while (records.length < MAX_BATCH && this.#merge.next() === feed);
    return records;
  }

  /** The feed has nothing in hand. */
  #dismiss(feed: Feed): void {
    this.#inHand.delete(feed);
    this.#lastDeliveryAt = later(this.#lastDeliveryAt, feed.lastDeliveryAt);
  }

  /** Once a feed is over, its successors' records may come. */
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

function later(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}

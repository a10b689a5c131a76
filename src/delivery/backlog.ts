import type { LogBatch, LogRecord } from "../wire/records.ts";
import type { SuppliedBatch, Supply } from "./supply.ts";

/** A batch and the number of its first record, counted from the first that was ever taken. */
interface Numbered {
  readonly batch: SuppliedBatch;
  readonly first: number;
}

/** One sink's position in the backlog, as numbers of records. */
export class SinkPosition {
  /** The sink's next record. */
  next: number;
  /** Before this one all are delivered. */
  delivered: number;
  /** Also a sink that is stopped delivers those before this one: another sink begins here. */
  bound: number;

  constructor(next: number) {
    this.next = next;
    this.delivered = next;
    this.bound = next;
  }
}

/**
 * The records between the slowest sink's position and the fastest one's. They are taken when a sink asks for them, and are
 * delivered when every sink has them.
 */
export class Backlog {
  readonly #supply: Supply;
  readonly #positions = new Set<SinkPosition>();
  readonly #batches: Numbered[] = [];
  /** Before this one every sink has all records; before `taken` one sink has. */
  #delivered = 0;
  #taken = 0;
  /** Reading waits for the delivery of those before this one. */
  #urgent = 0;

  constructor(supply: Supply) {
    this.#supply = supply;
  }

  /** A sink that gets what no other has taken yet. */
  join(): SinkPosition {
    const position = new SinkPosition(this.#positions.size === 0 ? this.#delivered : this.#taken);
    for (const other of this.#positions) other.bound = position.next;
    this.#positions.add(position);
    return position;
  }

  /** The sink gets nothing more, and nothing waits for it. */
  leave(position: SinkPosition): void {
    this.#positions.delete(position);
    // Without the last one nobody has what is left.
    this.#settle();
  }

  /** How many records are at hand for the sink, no more than `most`. */
  fill(position: SinkPosition, most: number): number {
    while (this.#taken - position.next < most) {
      const batch = this.#supply.take();
      if (batch === undefined) break;
      this.#batches.push({ batch, first: this.#taken });
      this.#taken += batch.records.length;
      if (batch.isUrgent) this.#urgent = this.#taken;
    }
    return Math.min(most, this.#taken - position.next);
  }

  /** Reading waits for the delivery of the sink's next record. */
  isUrgent(position: SinkPosition): boolean {
    return position.next < this.#urgent;
  }

  /** When the oldest record at hand for the sink arrived. Of several containers the first need not be the oldest. */
  oldest(position: SinkPosition): number | undefined {
    let oldest: number | undefined;
    for (let index = this.#indexOf(position.next); index < this.#batches.length; index++) {
      const { arrivedAt = Infinity } = this.#batches[index]?.batch ?? {};
      oldest = Math.min(oldest ?? arrivedAt, arrivedAt);
    }
    return oldest;
  }

  /** The sink's next `count` records, which are at hand by `fill`. */
  next(position: SinkPosition, count: number): LogBatch {
    const end = position.next + count;
    const records: LogRecord[] = [];
    for (let index = this.#indexOf(position.next); position.next < end; index++) {
      const numbered = this.#batches[index];
      if (numbered === undefined) break;
      const { first, batch } = numbered;
      const part = batch.records.slice(position.next - first, end - first);
      position.next += part.length;
      if (part.length === count) return part;
      for (const record of part) records.push(record);
    }
    return records;
  }

  /** What the sink was given is delivered. */
  acknowledge(position: SinkPosition): void {
    position.delivered = position.next;
    this.#settle();
  }

  /** Where a record's batch is. A binary search: behind a slow sink there are many. */
  #indexOf(record: number): number {
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const numbered = this.#batches[middle];
      if (numbered !== undefined && numbered.first + numbered.batch.records.length <= record)
        low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Acknowledges what every sink has. */
  #settle(): void {
    if (this.#positions.size === 0) return;
    let slowest = this.#taken;
    for (const { delivered } of this.#positions) slowest = Math.min(slowest, delivered);
    let done = 0;
    for (const { batch, first } of this.#batches) {
      const count = Math.min(slowest - first, batch.records.length);
      if (count <= 0) break;
      const before = Math.max(0, this.#delivered - first);
      if (count > before) batch.acknowledge(count - before);
      if (count === batch.records.length) done++;
    }
    this.#batches.splice(0, done);
    this.#delivered = Math.max(this.#delivered, slowest);
  }
}

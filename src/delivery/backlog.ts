import type { LogBatch, LogRecord } from "../wire/records.ts";
import type { Portion, Supply } from "./portion.ts";

/** A portion and the number of its first line, counted from the first that was ever taken. */
interface Placed {
  readonly portion: Portion;
  readonly first: number;
}

/** One sink's place in the backlog. */
export class Reader {
  /** The number of the next line for this sink. */
  at: number;
  /** Up to here its lines are delivered. */
  delivered: number;
  /** Up to here it has to come: another sink's lines begin there. */
  bound: number;

  constructor(at: number) {
    this.at = at;
    this.delivered = at;
    this.bound = at;
  }
}

/**
 * The lines between the slowest sink's place and the fastest one's. They are taken as a sink asks for them, and count as
 * delivered when every sink has them.
 */
export class Backlog {
  readonly #supply: Supply;
  readonly #readers = new Set<Reader>();
  readonly #placed: Placed[] = [];
  /** Up to here lines are delivered by all, and taken by one. */
  #delivered = 0;
  #taken = 0;
  /** Up to here reading waits for them. */
  #pressing = 0;

  constructor(supply: Supply) {
    this.#supply = supply;
  }

  /** A sink that gets what no other has taken yet. */
  join(): Reader {
    const reader = new Reader(this.#readers.size === 0 ? this.#delivered : this.#taken);
    for (const other of this.#readers) other.bound = reader.at;
    this.#readers.add(reader);
    return reader;
  }

  /** The sink gets nothing more, and nothing waits for it. */
  leave(reader: Reader): void {
    this.#readers.delete(reader);
    // Without the last one nobody has what is left.
    this.#settle();
  }

  /** How many lines are at hand for the sink, no more than `most`. */
  fill(reader: Reader, most: number): number {
    while (this.#taken - reader.at < most) {
      const portion = this.#supply.take();
      if (portion === undefined) break;
      this.#placed.push({ portion, first: this.#taken });
      this.#taken += portion.records.length;
      if (portion.isPressing) this.#pressing = this.#taken;
    }
    return Math.min(most, this.#taken - reader.at);
  }

  /** Reading waits for what the sink has next. */
  isPressing(reader: Reader): boolean {
    return reader.at < this.#pressing;
  }

  /** When the oldest of the lines at hand for the sink came: of several containers the first need not be it. */
  oldest(reader: Reader): number | undefined {
    let oldest: number | undefined;
    for (let index = this.#indexOf(reader.at); index < this.#placed.length; index++) {
      const { arrivedAt = Infinity } = this.#placed[index]?.portion ?? {};
      oldest = Math.min(oldest ?? arrivedAt, arrivedAt);
    }
    return oldest;
  }

  /** The sink's next lines: so many of those that `fill` said are at hand. */
  next(reader: Reader, count: number): LogBatch {
    const end = reader.at + count;
    const records: LogRecord[] = [];
    for (let index = this.#indexOf(reader.at); reader.at < end; index++) {
      const placed = this.#placed[index];
      if (placed === undefined) break;
      const { first, portion } = placed;
      const part = portion.records.slice(reader.at - first, end - first);
      reader.at += part.length;
      if (part.length === count) return part;
      for (const record of part) records.push(record);
    }
    return records;
  }

  /** What the sink was given is delivered. */
  acknowledge(reader: Reader): void {
    reader.delivered = reader.at;
    this.#settle();
  }

  /** By binary search: a slow sink leaves many. */
  #indexOf(line: number): number {
    let low = 0;
    let high = this.#placed.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const placed = this.#placed[middle];
      if (placed !== undefined && placed.first + placed.portion.records.length <= line)
        low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Acknowledges what every sink has. */
  #settle(): void {
    if (this.#readers.size === 0) return;
    let slowest = this.#taken;
    for (const { delivered } of this.#readers) slowest = Math.min(slowest, delivered);
    let done = 0;
    for (const { portion, first } of this.#placed) {
      const count = Math.min(slowest - first, portion.records.length);
      if (count <= 0) break;
      const before = Math.max(0, this.#delivered - first);
      if (count > before) portion.acknowledge(count - before);
      if (count === portion.records.length) done++;
    }
    this.#placed.splice(0, done);
    this.#delivered = Math.max(this.#delivered, slowest);
  }
}

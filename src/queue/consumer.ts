import type { Position } from "../resume/position.ts";
import type { Trail } from "../resume/trail.ts";
import type { LineRecord, LogBatch, LogRecord } from "../wire/records.ts";
import { BatchReader } from "./batch-reader.ts";
import type { Batch } from "./batch.ts";
import type { BatchBuffer } from "./buffer.ts";
import { steadyNow } from "../lifetime/steady-clock.ts";

/**
 * After so many entries of streams that were not chosen, the position moves on behind them: the engine may throw away the
 * last delivered line, by which the position is found again.
 */
const MAX_PASSED_ENTRIES = 10_000;

/** A record that is handed out next, and when the first and the last chunk of its batch arrived, by `performance.now()`. */
export interface Upcoming {
  readonly record: LogRecord;
  readonly begunAt: number;
  readonly arrivedAt: number;
}

/** A batch that was taken from the buffer. */
interface Held {
  readonly batch: Batch;
  readonly reader: BatchReader<LineRecord>;
  /** How many of its records are delivered, as far as was counted. */
  delivered: number;
}

/** Hands out what the buffer holds, by records or by batches, and knows what is delivered. */
export class Consumer {
  readonly #buffer: BatchBuffer;
  /** The position may have moved. */
  readonly #moved: () => void;
  /**
   * In the order of the log. Only the newest may have records left to hand out. The others are not wholly delivered: sinks
   * have several batches in hand. The newest stays here when it is delivered, for the position.
   */
  #held: Held[] = [];
  /** "aborted": nothing more is handed out; "dropped": and what is held does not count in the buffer. */
  #state: "open" | "aborted" | "dropped" = "open";
  /** A loop consumes: asking for a record delivers those before it. */
  #isLoop = false;
  /** The position while no batch is held, and how many entries were passed there. */
  #start: Trail | undefined;
  #passed = 0;
  #delivered = 0;
  #lastDeliveryAt: number | undefined;
  /** A loop delivered something in this turn of the event loop. */
  #isDelivering = false;

  constructor(buffer: BatchBuffer, moved: () => void = () => {}) {
    this.#buffer = buffer;
    this.#moved = moved;
  }

  /** How many records are delivered. */
  get delivered(): number {
    this.#countPassed();
    return this.#delivered;
  }

  /** By `steadyNow()`. */
  get lastDeliveryAt(): number | undefined {
    return this.#isDelivering ? steadyNow() : this.#lastDeliveryAt;
  }

  /** Behind the last delivered record; undefined before the reading's beginning is known. */
  get position(): Position | undefined {
    this.#countPassed();
    // From now on a delivery moves it.
    if (this.#isLoop) this.#notePasses();
    const oldest = this.#held[0];
    if (oldest === undefined) return this.#start?.position;
    const { batch, delivered } = oldest;
    return delivered === 0 ? batch.before.position : batch.behind(delivered - 1).position;
  }

  /** Reading begins at `trail`. */
  begin(trail: Trail): void {
    this.#start = trail;
    this.#moved();
  }

  /** `count` entries came without a record of a chosen stream; the reader is at `trail`. */
  pass(trail: Trail, count: number): void {
    const last = this.#buffer.last ?? this.#newest?.batch;
    const passed = last === undefined ? (this.#passed += count) : (last.passed += count);
    if (passed <= MAX_PASSED_ENTRIES) return;
    if (last === undefined) this.#start = trail.clone();
    else last.passedTo = trail.clone();
    this.#moved();
  }

  /** What was handed out is delivered. */
  acknowledge(): void {
    this.#countPassed();
    this.acknowledgeNext(Infinity);
  }

  /** The next `count` records that were handed out are delivered. */
  acknowledgeNext(count: number): void {
    let done = 0;
    for (const held of this.#held) {
      const step = Math.min(count - done, held.reader.handed - held.delivered);
      if (step === 0) break;
      done += step;
      held.delivered += step;
      if (!isDelivered(held)) break;
      if (this.#state !== "dropped") this.#buffer.release(held.batch);
    }
    if (done === 0) return;
    this.#delivered += done;
    while (this.#held.length > 1 && isDelivered(this.#held[0])) this.#held.shift();
    this.#lastDeliveryAt = steadyNow();
    this.#moved();
  }

  /** For a loop: the next records. What was in hand is delivered, and of these each one when the next is asked for. */
  nextRecords(): BatchReader<LogRecord> | undefined {
    this.#isLoop = true;
    this.acknowledge();
    this.#takeNext();
    return this.#newest?.reader;
  }

  /** For a loop: the rest of the next batch. What was in hand is delivered. */
  nextBatch(): LogBatch | undefined {
    this.acknowledge();
    return this.takeBatch();
  }

  /** The next record. Nothing is delivered by it. */
  takeRecord(): LogRecord | undefined {
    return this.#takeNext() ? this.#newest?.reader.next() : undefined;
  }

  /** The rest of the next batch. Nothing is delivered by it. */
  takeBatch(): LogBatch | undefined {
    return this.#takeNext() ? this.#newest?.reader.rest() : undefined;
  }

  /** How many records are left of a batch that is handed out in part. */
  get left(): number {
    return this.#newest?.reader.left ?? 0;
  }

  /** The next record. */
  get upcoming(): Upcoming | undefined {
    const batch = this.#upcomingBatch;
    const record = this.left > 0 ? this.#newest?.reader.upcoming : batch?.first;
    return batch === undefined || record === undefined
      ? undefined
      : { record, begunAt: batch.begunAt, arrivedAt: batch.arrivedAt };
  }

  /** When the first chunk of the next record's batch arrived, by `performance.now()`. */
  get upcomingSince(): number | undefined {
    return this.#upcomingBatch?.begunAt;
  }

  /** The time in the log of the oldest record that is not delivered; undefined where there is none. */
  get undeliveredFrom(): string | undefined {
    this.#countPassed();
    const held = this.#held.find((one) => !isDelivered(one));
    if (held === undefined) return this.#buffer.first?.first?.timestamp;
    return held.batch.records[held.delivered]?.timestamp;
  }

  /** All that was handed out is delivered. */
  get isSettled(): boolean {
    this.#countPassed();
    return this.#held.every(({ reader, delivered }) => delivered === reader.handed);
  }

  /** Where all is delivered: keeps the position, and lets go of the last batch. */
  forgetDelivered(): void {
    const newest = this.#newest;
    if (newest === undefined || !this.#isAllDelivered) return;
    this.#start = newest.batch.behind(newest.batch.size - 1);
    this.#passed = newest.batch.passed;
    this.#held = [];
  }

  /** Nothing more is handed out. */
  abort(): void {
    if (this.#state === "open") this.#state = "aborted";
    this.#newest?.reader.stop();
  }

  /** Nothing more is handed out, and what was handed out does not count in the buffer. */
  drop(): void {
    this.abort();
    if (this.#state !== "dropped")
      for (const held of this.#held) if (!isDelivered(held)) this.#buffer.release(held.batch);
    this.#state = "dropped";
  }

  get #newest(): Held | undefined {
    return this.#held.at(-1);
  }

  /** The one whose record is handed out next. */
  get #upcomingBatch(): Batch | undefined {
    return this.left > 0 ? this.#newest?.batch : this.#buffer.first;
  }

  get #isAllDelivered(): boolean {
    this.#countPassed();
    return this.#held.every(isDelivered);
  }

  /** Takes a batch from the buffer where none is left to hand out. False where there is none. */
  #takeNext(): boolean {
    if (this.#state !== "open") return false;
    if (this.left > 0) return true;
    const batch = this.#buffer.shift();
    if (batch === undefined) return false;
    if (this.#isAllDelivered) this.#held = [];
    const reader = new BatchReader(batch.records, this.#isLoop ? this.#passes : undefined);
    this.#held.push({ batch, reader, delivered: 0 });
    return true;
  }

  /** In a loop all but the record in hand are delivered. */
  #countPassed(): void {
    const newest = this.#newest;
    if (!this.#isLoop || newest === undefined) return;
    const passed = newest.reader.handed - 1 - newest.delivered;
    if (passed <= 0) return;
    newest.delivered += passed;
    this.#delivered += passed;
  }

  #notePasses(): void {
    const newest = this.#newest;
    if (newest !== undefined) newest.reader.isNoted = false;
  }

  /** A loop goes on to another record. Called at most once in each turn of the event loop, or after `position`. */
  readonly #passes = (): void => {
    this.#moved();
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    setImmediate(() => {
      this.#isDelivering = false;
      this.#lastDeliveryAt = steadyNow();
      this.#notePasses();
    });
  };
}

function isDelivered(held: Held | undefined): boolean {
  return held !== undefined && held.delivered === held.batch.size;
}

import type { Position } from "../resume/position.ts";
import type { Trail } from "../resume/trail.ts";
import type { LineRecord, LogBatch, LogRecord } from "../wire/records.ts";
import type { Batch } from "./batch.ts";
import type { BatchBuffer } from "./buffer.ts";
import { Lot } from "./lot.ts";

/**
 * After so many entries of streams that were not chosen, a position moves on behind them: the engine may throw away what
 * the last line delivered is found by.
 */
const MAX_PASSED_ENTRIES = 10_000;

/** The next record, and when the first and the last chunk of its batch came, by `performance.now()`. */
export interface Head {
  readonly record: LogRecord;
  readonly begunAt: number;
  readonly arrivedAt: number;
}

/** Hands out what the buffer holds, one record or one batch at a time, and knows what counts as delivered. */
export class Consumer {
  readonly #buffer: BatchBuffer;
  /** The position may have moved. */
  readonly #moved: () => void;
  /** In hand, or handed out last. */
  #batch: Batch | undefined;
  /** Its records. */
  #lot: Lot<LineRecord> | undefined;
  /** Handed out before it, and not delivered wholly: sinks have several in hand. */
  readonly #owed: Batch[] = [];
  /** How many of the oldest batch in hand are delivered, as far as was counted. */
  #acknowledged = 0;
  /** Who asks for the next record has done with those before it. */
  #isLooped = false;
  #isReleased = false;
  #isAborted = false;
  /** The place before the first batch, and how many entries were passed there. */
  #start: Trail | undefined;
  #passed = 0;
  #delivered = 0;
  #lastDeliveryAt: number | undefined;
  /** Some were delivered in this turn of the event loop. */
  #isDelivering = false;

  constructor(buffer: BatchBuffer, moved: () => void = () => {}) {
    this.#buffer = buffer;
    this.#moved = moved;
  }

  get delivered(): number {
    this.#count();
    return this.#delivered;
  }

  get lastDeliveryAt(): number | undefined {
    return this.#isDelivering ? Date.now() : this.#lastDeliveryAt;
  }

  /** Behind the last delivered line; undefined before the reading's beginning is known. */
  get position(): Position | undefined {
    this.#count();
    // What is delivered from now on moves it.
    if (this.#lot !== undefined && this.#isLooped) this.#lot.isNoted = false;
    const batch = this.#owed[0] ?? this.#batch;
    if (batch === undefined) return this.#start?.position;
    if (this.#acknowledged === 0) return batch.before.position;
    return batch.behind(this.#acknowledged - 1).position;
  }

  /** Reading begins at `trail`. */
  begin(trail: Trail): void {
    this.#start = trail;
    this.#moved();
  }

  /** `count` entries came without a record of a chosen stream; the reader is at `trail`. */
  pass(trail: Trail, count: number): void {
    const last = this.#buffer.last ?? this.#batch;
    const passed =
      (last === undefined ? (this.#passed += count) : (last.passed += count)) > MAX_PASSED_ENTRIES;
    if (!passed) return;
    if (last === undefined) this.#start = trail.clone();
    else last.later = trail.clone();
    this.#moved();
  }

  /** What is in hand is delivered. */
  acknowledge(): void {
    this.#count();
    if (this.#owed.length > 0) this.acknowledgeNext(Infinity);
    const count = this.#handed - this.#acknowledged;
    if (count === 0) return;
    this.#acknowledged = this.#handed;
    this.#delivers(count);
  }

  /**
   * For a loop: the next records, where some are at hand, without waiting. What was in hand is delivered, and of these each
   * when the next one is taken.
   */
  takeLot(): Lot<LogRecord> | undefined {
    this.#isLooped = true;
    this.acknowledge();
    this.#current();
    return this.#lot;
  }

  /** The next record where one is at hand, beside what is in hand of its batch. */
  hand(): LogRecord | undefined {
    this.#current();
    return this.#lot?.next();
  }

  /** The rest of the next batch; what was in hand is delivered. */
  takeBatch(): LogBatch | undefined {
    this.acknowledge();
    return this.handBatch();
  }

  /** The rest of the next batch, beside what is in hand. */
  handBatch(): LogBatch | undefined {
    return this.#current() ? this.#lot?.rest() : undefined;
  }

  /** The next `count` records in hand are delivered. */
  acknowledgeNext(count: number): void {
    let left = count;
    for (let [owed] = this.#owed; owed !== undefined && left > 0; [owed] = this.#owed) {
      const step = Math.min(left, owed.size - this.#acknowledged);
      left -= step;
      this.#acknowledged += step;
      this.#delivers(step);
      if (this.#acknowledged < owed.size) return;
      this.#owed.shift();
      this.#buffer.release(owed);
      this.#acknowledged = 0;
    }
    const step = Math.min(left, this.#handed - this.#acknowledged);
    if (step <= 0) return;
    this.#acknowledged += step;
    this.#delivers(step);
    if (this.#acknowledged === this.#batch?.size) this.#release();
  }

  /** Nothing more is handed out. */
  abort(): void {
    this.#isAborted = true;
    this.#lot?.stop();
  }

  /** How many records of the batch in hand are left to hand out. */
  get left(): number {
    return this.#lot?.left ?? 0;
  }

  /** The next record; it stays where it is. */
  get head(): Head | undefined {
    const isInHand = this.left > 0;
    const batch = isInHand ? this.#batch : this.#buffer.first;
    const record = isInHand ? this.#lot?.head : batch?.first;
    return batch === undefined || record === undefined
      ? undefined
      : { record, begunAt: batch.begunAt, arrivedAt: batch.arrivedAt };
  }

  /** Nothing is in hand and nothing at hand: of the last batch only the place behind it is kept. */
  rest(): void {
    const batch = this.#batch;
    if (batch === undefined || !this.#isDelivered) return;
    this.#release();
    this.#start = batch.behind(batch.size - 1);
    this.#passed = batch.passed;
    this.#batch = undefined;
    this.#lot = undefined;
    this.#acknowledged = 0;
  }

  /** What is in hand counts no longer, and nothing more of it is handed out. */
  drop(): void {
    this.#lot?.stop();
    for (const batch of this.#owed) this.#buffer.release(batch);
    this.#release();
  }

  /** All that was handed out is delivered. */
  get isSettled(): boolean {
    this.#count();
    return this.#owed.length === 0 && this.#acknowledged === this.#handed;
  }

  /** Whether there is a batch with records left to hand out. */
  #current(): boolean {
    if (this.#isAborted) return false;
    if (this.left > 0) return true;
    const batch = this.#batch;
    const isDelivered = this.#isDelivered;
    if (isDelivered) this.#release();
    const next = this.#buffer.shift();
    if (next === undefined) return false;
    if (isDelivered) this.#acknowledged = 0;
    else if (batch !== undefined) this.#owed.push(batch);
    this.#batch = next;
    this.#lot = new Lot(next.records, this.#isLooped ? this.#passes : undefined);
    this.#isReleased = false;
    return true;
  }

  /** Every record of the batches that were taken from the buffer. */
  get #isDelivered(): boolean {
    this.#count();
    return this.#owed.length === 0 && this.#acknowledged === (this.#batch?.size ?? 0);
  }

  /** How many records of the batch in hand were handed out. */
  get #handed(): number {
    return this.#lot?.handed ?? 0;
  }

  /** Counts what a loop has passed. */
  #count(): void {
    const passed = this.#handed - 1 - this.#acknowledged;
    if (!this.#isLooped || passed <= 0) return;
    this.#acknowledged += passed;
    this.#delivered += passed;
  }

  /** A loop goes on from record to record; told no more than once in each turn of the event loop, or after `position`. */
  readonly #passes = (): void => {
    this.#moved();
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    setImmediate(() => {
      this.#isDelivering = false;
      this.#lastDeliveryAt = Date.now();
      if (this.#lot !== undefined && this.#isLooped) this.#lot.isNoted = false;
    });
  };

  #release(): void {
    if (this.#batch !== undefined && !this.#isReleased) this.#buffer.release(this.#batch);
    this.#isReleased = true;
  }

  #delivers(count: number): void {
    this.#delivered += count;
    this.#lastDeliveryAt = Date.now();
    this.#moved();
  }
}

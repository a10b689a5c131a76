import type { Position } from "../resume/position.ts";
import type { Trail } from "../resume/trail.ts";
import type { LineRecord, LogBatch, LogRecord } from "../wire/records.ts";
import { trailBehind } from "./batch.ts";
import type { Batch } from "./batch.ts";
import type { BatchBuffer } from "./buffer.ts";

/**
 * After so many entries of streams that were not chosen, a position moves on behind them: the engine may throw away what
 * the last line delivered is found by.
 */
const MAX_PASSED_ENTRIES = 10_000;

/** Hands out what the buffer holds, one record or one batch at a time, and knows what counts as delivered. */
export class Consumer {
  readonly #buffer: BatchBuffer;
  /** In hand, or handed out last. */
  #batch: Batch | undefined;
  /** How many records of `#batch` were handed out, and how many of those are delivered. */
  #handed = 0;
  #acknowledged = 0;
  #isReleased = false;
  /** The place before the first batch, and how many entries were passed there. */
  #start: Trail | undefined;
  #passed = 0;
  #delivered = 0;
  #lastDeliveryAt: number | undefined;

  constructor(buffer: BatchBuffer) {
    this.#buffer = buffer;
  }

  get delivered(): number {
    return this.#delivered;
  }

  get lastDeliveryAt(): number | undefined {
    return this.#lastDeliveryAt;
  }

  /** Behind the last delivered line; undefined before the reading's beginning is known. */
  get position(): Position | undefined {
    const batch = this.#batch;
    if (batch === undefined) return this.#start?.position;
    if (this.#acknowledged === 0) return batch.before.position;
    return trailBehind(batch, this.#acknowledged - 1).position;
  }

  /** Reading begins at `trail`. */
  begin(trail: Trail): void {
    this.#start = trail;
  }

  /** `count` entries came without a record of a chosen stream; the reader is at `trail`. */
  pass(trail: Trail, count: number): void {
    const last = this.#buffer.last ?? this.#batch;
    const passed =
      (last === undefined ? (this.#passed += count) : (last.passed += count)) > MAX_PASSED_ENTRIES;
    if (!passed) return;
    if (last === undefined) this.#start = trail.clone();
    else last.later = trail.clone();
  }

  /** What is in hand is delivered. */
  acknowledge(): void {
    const count = this.#handed - this.#acknowledged;
    if (count === 0) return;
    this.#acknowledged = this.#handed;
    this.#delivered += count;
    this.#lastDeliveryAt = Date.now();
  }

  /** The next record where one is at hand, without waiting; what was in hand is delivered. */
  take(): LogRecord | undefined {
    this.acknowledge();
    return this.hand();
  }

  /** The next record, beside what is in hand of its batch. */
  hand(): LogRecord | undefined {
    return this.#current()?.records[this.#handed++];
  }

  /** The rest of the next batch, likewise. */
  takeBatch(): LogBatch | undefined {
    this.acknowledge();
    const batch = this.#current();
    if (batch === undefined) return undefined;
    const rest: readonly LineRecord[] =
      this.#handed === 0 ? batch.records : batch.records.slice(this.#handed);
    this.#handed = batch.records.length;
    return rest;
  }

  /** How many records of the batch in hand are left to hand out. */
  get left(): number {
    return this.#batch === undefined ? 0 : this.#batch.records.length - this.#handed;
  }

  /** The next record and when it came, by `performance.now()`; it stays where it is. */
  get head(): { readonly record: LogRecord; readonly arrivedAt: number } | undefined {
    const isInHand = this.left > 0;
    const batch = isInHand ? this.#batch : this.#buffer.first;
    const record = batch?.records[isInHand ? this.#handed : 0];
    return batch === undefined || record === undefined
      ? undefined
      : { record, arrivedAt: batch.arrivedAt };
  }

  /** Nothing is in hand and nothing at hand: of the last batch only the place behind it is kept. */
  rest(): void {
    const batch = this.#batch;
    if (batch === undefined || this.#acknowledged < batch.records.length) return;
    if (!this.#isReleased) this.#buffer.release(batch);
    this.#start = trailBehind(batch, batch.records.length - 1);
    this.#passed = batch.passed;
    this.#batch = undefined;
    this.#handed = 0;
    this.#acknowledged = 0;
  }

  /** What is in hand counts no longer. */
  drop(): void {
    if (this.#batch !== undefined && !this.#isReleased) this.#buffer.release(this.#batch);
    this.#isReleased = true;
  }

  /** A batch with records left to hand out. */
  #current(): Batch | undefined {
    if (this.#batch !== undefined && this.#handed < this.#batch.records.length) return this.#batch;
    if (this.#batch !== undefined && !this.#isReleased) this.#buffer.release(this.#batch);
    this.#isReleased = true;
    const next = this.#buffer.shift();
    if (next === undefined) return undefined;
    this.#batch = next;
    this.#handed = 0;
    this.#acknowledged = 0;
    this.#isReleased = false;
    return next;
  }
}

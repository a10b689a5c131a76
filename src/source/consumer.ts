import type { Position } from "../resume/position.ts";
import type { Trail } from "../resume/trail.ts";
import type { LineRecord, LogBatch, LogRecord } from "../wire/records.ts";
import { positionBehind } from "./batch.ts";
import type { Batch } from "./batch.ts";
import type { BatchBuffer } from "./buffer.ts";

/** Hands out what the buffer holds, one record or one batch at a time, and knows what counts as delivered. */
export class Consumer {
  readonly #buffer: BatchBuffer;
  #batch: Batch | undefined;
  /** How many records of `#batch` were handed out, and how many of those are delivered. */
  #handed = 0;
  #acknowledged = 0;
  /** The place behind the last delivered record, while no batch is in hand. */
  #settled: Trail | undefined;
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
    if (batch === undefined) return this.#settled?.position;
    if (this.#acknowledged === 0) return batch.before.position;
    return positionBehind(batch, this.#acknowledged - 1);
  }

  /** The reader is at `trail`, with no record of a chosen stream since the last one. */
  advance(trail: Trail): void {
    const last = this.#buffer.last ?? this.#batch;
    if (last === undefined) this.#settled = trail;
    else last.after = trail;
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

  /** A batch with records left to hand out. */
  #current(): Batch | undefined {
    if (this.#batch !== undefined && this.#handed < this.#batch.records.length) return this.#batch;
    const next = this.#buffer.shift();
    if (this.#batch !== undefined) {
      this.#settled = this.#batch.after;
      this.#buffer.release(this.#batch);
    }
    this.#batch = next;
    this.#handed = 0;
    this.#acknowledged = 0;
    return next;
  }
}

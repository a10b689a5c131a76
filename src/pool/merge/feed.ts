import type { Position } from "../../resume/position.ts";
import type { Capture } from "../../source/capture.ts";
import type { BatchReader } from "../../queue/batch-reader.ts";
import type { Upcoming } from "../../queue/consumer.ts";
import type { ContainerInfo, LogBatch, LogRecord } from "../../wire/records.ts";

/** One container's records on their way to the pool's consumer. */
export class Feed {
  readonly #capture: Capture;
  /** Its records come first. */
  predecessor: Feed | undefined;
  /** Bytes that it may still hand out before other feeds do. */
  deficit = 0;

  constructor(capture: Capture) {
    this.#capture = capture;
  }

  /** It is the same container's, or that of one that had its name. */
  isOf({ id, name, engine }: ContainerInfo): boolean {
    const { info } = this.#capture;
    return info?.id === id || (info?.name === name && info.engine === engine);
  }

  /** No record is at hand, or none may be handed out yet. */
  get isEmpty(): boolean {
    return this.predecessor !== undefined || !this.#hasMore;
  }

  /** Nothing more comes. */
  get isOver(): boolean {
    return !this.#hasMore && this.#capture.buffer.ended !== undefined;
  }

  /** A batch is handed out in part. */
  get isBegun(): boolean {
    return this.#capture.consumer.left > 0;
  }

  /** Text of the next batch, in bytes. */
  get nextBytes(): number {
    return this.#capture.buffer.first?.bytes ?? 0;
  }

  /** Text that is read and not delivered, in bytes. */
  get bufferedBytes(): number {
    return this.#capture.buffer.bytes;
  }

  /** The next record, where it may be handed out. */
  get upcoming(): Upcoming | undefined {
    return this.predecessor === undefined ? this.#capture.consumer.upcoming : undefined;
  }

  /** When the first chunk of its batch arrived, by `performance.now()`. */
  get upcomingSince(): number | undefined {
    return this.predecessor === undefined ? this.#capture.consumer.upcomingSince : undefined;
  }

  /** Epoch milliseconds. */
  get lastDeliveryAt(): number | undefined {
    return this.#capture.consumer.lastDeliveryAt;
  }

  /** For a loop: the next records. What was in hand of this container is delivered. */
  nextRecords(): BatchReader<LogRecord> | undefined {
    return this.#capture.consumer.nextRecords();
  }

  /** The next record. Nothing is delivered by it. */
  takeRecord(): LogRecord | undefined {
    return this.#capture.consumer.takeRecord();
  }

  /** The rest of the next batch. Nothing is delivered by it. */
  takeBatch(): LogBatch | undefined {
    return this.#capture.consumer.takeBatch();
  }

  /** Reading waits for room. */
  get needsRoom(): boolean {
    return this.#capture.buffer.needsRoom;
  }

  /** What is in hand, or the next `count` records of it, are delivered. */
  acknowledge(count?: number): void {
    const { consumer } = this.#capture;
    if (count === undefined) consumer.acknowledge();
    else consumer.acknowledgeNext(count);
    if (!this.#hasMore) consumer.forgetDelivered();
  }

  /** All that was handed out is delivered. */
  get isSettled(): boolean {
    return this.#capture.consumer.isSettled;
  }

  /** Nothing more comes, and all that came is delivered. */
  get isDone(): boolean {
    return this.isOver && this.isSettled;
  }

  /** Behind the last record read. */
  get readPosition(): Position {
    return this.#capture.place;
  }

  /** Behind the last record delivered. */
  get position(): Position | undefined {
    return this.#capture.consumer.position;
  }

  /** What is left is not handed out. */
  abandon(error: unknown): void {
    this.#capture.buffer.abandon(error);
    this.#capture.consumer.drop();
  }

  /** Other feeds wait for this one: it goes on, however much the pool holds. */
  ignoreSharedLimit(): void {
    this.#capture.buffer.ignoreSharedLimit();
  }

  get #hasMore(): boolean {
    return this.#capture.consumer.left > 0 || !this.#capture.buffer.isEmpty;
  }
}

import type { Position } from "../../resume/position.ts";
import type { Capture } from "../../source/capture.ts";
import type { Head } from "../../queue/consumer.ts";
import type { Lot } from "../../queue/lot.ts";
import type { ContainerInfo, LogBatch, LogRecord } from "../../wire/records.ts";

/** One container's lines on their way to the pool's consumer. */
export class Feed {
  readonly #capture: Capture;
  /** Its lines come first. */
  predecessor: Feed | undefined;
  /** Bytes that it may still hand out before others have their turn. */
  deficit = 0;

  constructor(capture: Capture) {
    this.#capture = capture;
  }

  /** It is the same container's, or that of one that had its name. */
  isOf({ id, name, engine }: ContainerInfo): boolean {
    const { info } = this.#capture;
    return info?.id === id || (info?.name === name && info.engine === engine);
  }

  /** No line is at hand, or none may be handed out yet. */
  get isEmpty(): boolean {
    return this.predecessor !== undefined || !this.#hasMore;
  }

  /** Nothing will come any more. */
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

  get head(): Head | undefined {
    return this.predecessor === undefined ? this.#capture.consumer.head : undefined;
  }

  /** The next record, beside what is in hand. */
  hand(): LogRecord | undefined {
    return this.#capture.consumer.hand();
  }

  /** For a loop: the next records. */
  takeLot(): Lot<LogRecord> | undefined {
    return this.#capture.consumer.takeLot();
  }

  /** The rest of the next batch, beside what is in hand. */
  handBatch(): LogBatch | undefined {
    return this.#capture.consumer.handBatch();
  }

  /** Reading waits for room. */
  get isPressing(): boolean {
    return this.#capture.buffer.isPressing;
  }

  /** What is in hand, or the next `count` records of it, are delivered. */
  acknowledge(count?: number): void {
    const { consumer } = this.#capture;
    if (count === undefined) consumer.acknowledge();
    else consumer.acknowledgeNext(count);
    if (!this.#hasMore) consumer.rest();
  }

  /** All that was handed out is delivered. */
  get isSettled(): boolean {
    return this.#capture.consumer.isSettled;
  }

  /** Nothing more will come, and all that came is delivered. */
  get isDone(): boolean {
    return this.isOver && this.isSettled;
  }

  /** Behind the last line read. */
  get place(): Position {
    return this.#capture.place;
  }

  /** Behind the last line delivered. */
  get position(): Position | undefined {
    return this.#capture.consumer.position;
  }

  /** What is left is not handed out. */
  abandon(error: unknown): void {
    this.#capture.buffer.abandon(error);
    this.#capture.consumer.drop();
  }

  /** Others wait for its lines, whatever they hold. */
  hurry(): void {
    this.#capture.buffer.hurry();
  }

  get #hasMore(): boolean {
    return this.#capture.consumer.left > 0 || !this.#capture.buffer.isEmpty;
  }
}

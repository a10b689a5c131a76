import type { SuppliedBatch, Supply } from "../delivery/supply.ts";
import type { LogBatch, LogRecord } from "../wire/records.ts";
import type { BatchReader } from "./batch-reader.ts";
import type { BatchBuffer, End } from "./buffer.ts";
import type { Consumer } from "./consumer.ts";
import { untakenSince } from "./record-queue.ts";
import type { RecordQueue, Untaken } from "./record-queue.ts";

/** One container's records. */
export class SourceQueue implements RecordQueue {
  readonly supply: Supply;
  readonly #buffer: BatchBuffer;
  readonly #consumer: Consumer;

  constructor(buffer: BatchBuffer, consumer: Consumer) {
    this.#buffer = buffer;
    this.#consumer = consumer;
    this.supply = new SourceSupply(buffer, consumer);
  }

  nextRecords(): BatchReader<LogRecord> | undefined {
    return this.#consumer.nextRecords();
  }

  nextBatch(): LogBatch | undefined {
    return this.#consumer.nextBatch();
  }

  acknowledge(): void {
    this.#consumer.acknowledge();
  }

  get untaken(): Untaken | undefined {
    const { upcomingSince, lastDeliveryAt } = this.#consumer;
    if (upcomingSince === undefined) return undefined;
    const since = untakenSince(upcomingSince, lastDeliveryAt);
    return { since, bufferedBytes: this.#buffer.bytes };
  }

  available(): Promise<void> {
    return this.#buffer.available();
  }

  get ended(): End | undefined {
    return this.#buffer.ended;
  }
}

/** For sinks. */
class SourceSupply implements Supply {
  readonly #buffer: BatchBuffer;
  readonly #consumer: Consumer;

  constructor(buffer: BatchBuffer, consumer: Consumer) {
    this.#buffer = buffer;
    this.#consumer = consumer;
  }

  take(): SuppliedBatch | undefined {
    const consumer = this.#consumer;
    const arrivedAt = consumer.upcomingSince;
    const isUrgent = this.#buffer.needsRoom;
    const records = consumer.takeBatch();
    if (arrivedAt === undefined || records === undefined) return undefined;
    const acknowledge = (count: number): void => consumer.acknowledgeNext(count);
    return { records, arrivedAt, isUrgent, acknowledge };
  }

  holdsFrom(time: number): boolean {
    const { upcomingSince } = this.#consumer;
    return upcomingSince !== undefined && upcomingSince <= time;
  }

  available(): Promise<void> {
    return this.#buffer.available();
  }

  get ended(): End | undefined {
    return this.#buffer.ended;
  }
}

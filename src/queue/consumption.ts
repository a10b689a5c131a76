import type { BatchEnd } from "../delivery/batch-end.ts";
import { Dispatch } from "../delivery/dispatch.ts";
import type { SinkReport } from "../delivery/sink-state.ts";
import type { Retry } from "../delivery/retry.ts";
import type { Delivery, DeliveryOptions, Sink } from "../delivery/sink.ts";
import type { DockspoolError } from "../errors.ts";
import type { LogBatch, LogRecord } from "../wire/records.ts";
import { readerOfOne } from "./batch-reader.ts";
import type { BatchReader } from "./batch-reader.ts";
import { QueueIterator } from "./iterator.ts";
import type { RecordQueue, Untaken } from "./record-queue.ts";

/** Who takes the records. */
type Taker =
  | { readonly by: "nobody" }
  | { readonly by: "loop"; readonly iterator: { readonly isAsking: boolean } }
  | { readonly by: "sinks"; readonly dispatch: Dispatch }
  /** They are a pool's, which has a consumption of its own. */
  | { readonly by: "pool" };

const TAKEN = { loop: "iterated", sinks: "read by sinks", pool: "read by its pool" } as const;

export interface ConsumptionHost {
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  /** Somebody consumes: reading begins. */
  readonly begin: () => void;
  /** A loop was left: reading ends. */
  readonly close: () => Promise<void>;
  /** A sink has given up: reading ends by this failure. */
  readonly failed: (error: DockspoolError) => void;
  readonly retrying: (retry: Retry) => void;
  /** A sink gets what is read. */
  readonly joined?: (sink: string) => void;
  readonly delivered?: (batch: BatchEnd) => void;
  /** Saves the positions, within a bounded time. Never rejects. */
  readonly save: () => Promise<void>;
  /** The error for a second consumer. `how`: "iterated". */
  readonly refusal: (how: string) => DockspoolError;
}

/** How the records of a source or a pool are consumed: by one loop, or by sinks. */
export class Consumption {
  readonly #queue: RecordQueue;
  readonly #host: ConsumptionHost;
  #taker: Taker = { by: "nobody" };

  constructor(queue: RecordQueue, host: ConsumptionHost) {
    this.#queue = queue;
    this.#host = host;
  }

  /** @throws DockspoolError ALREADY_CONSUMED */
  records(): AsyncIterator<LogRecord> {
    return this.#iterate(() => this.#queue.nextRecords());
  }

  /** Each iteration of it @throws DockspoolError ALREADY_CONSUMED, where there is a consumer. */
  batches(): AsyncIterable<LogBatch> {
    return {
      [Symbol.asyncIterator]: () => this.#iterate(() => readerOfOne(this.#queue.nextBatch())),
    };
  }

  /** @throws DockspoolError INVALID_OPTION; ALREADY_CONSUMED where there is a consumer that is no sink */
  deliver(sink: Sink, options: DeliveryOptions): Delivery {
    const isFirst = this.#taker.by !== "sinks";
    const dispatch = this.#taker.by === "sinks" ? this.#taker.dispatch : this.#newDispatch();
    const delivery = dispatch.deliver(sink, options);
    this.#taker = { by: "sinks", dispatch };
    // Sinks that are given in the same tick get the same first record.
    if (isFirst) setImmediate(this.#host.begin);
    return delivery;
  }

  /** A pool takes the records. */
  giveToPool(): void {
    this.#taker = { by: "pool" };
  }

  /** What a loop has in hand, and all before it, is delivered. What sinks have in hand is not. */
  acknowledge(): void {
    if (this.#taker.by === "loop") this.#queue.acknowledge();
  }

  /**
   * Reading ends, which `stopped` awaits: what was read is delivered, and the positions are saved. Called by one of the sinks it
   * does not wait for the delivery. Resolves with what outlived its deadline.
   */
  async end(stopped: Promise<void>, timeoutMs: number): Promise<PromiseRejectedResult[]> {
    const ends = await Promise.allSettled([stopped, this.#drain(timeoutMs)]);
    await this.#host.save();
    return ends.filter((end) => end.status === "rejected");
  }

  /** How many deliveries run. */
  get running(): number {
    return this.#dispatch?.running ?? 0;
  }

  /** Of each sink that runs or has failed. */
  get sinks(): readonly SinkReport[] {
    return this.#dispatch?.reports ?? [];
  }

  /** Records that nobody takes: there is no consumer, or a loop that does not ask. Sinks tell by `sinks` what they do. */
  get untaken(): Untaken | undefined {
    const taker = this.#taker;
    const isTaken =
      taker.by === "pool" ||
      (taker.by === "loop" && taker.iterator.isAsking) ||
      (taker.by === "sinks" && taker.dispatch.running > 0);
    return isTaken ? undefined : this.#queue.untaken;
  }

  get #dispatch(): Dispatch | undefined {
    return this.#taker.by === "sinks" ? this.#taker.dispatch : undefined;
  }

  #iterate<T>(take: () => BatchReader<T> | undefined): AsyncIterator<T> {
    this.#refuseTaken();
    const iterator = new QueueIterator({
      take,
      queue: this.#queue,
      leave: this.#host.close,
      ended: this.#host.save,
    });
    this.#taker = { by: "loop", iterator };
    this.#host.begin();
    return iterator;
  }

  #newDispatch(): Dispatch {
    this.#refuseTaken();
    const { signal, retrying, failed, save } = this.#host;
    const { joined, delivered } = this.#host;
    const host = { signal, retrying, failed, saved: save, joined, delivered };
    return new Dispatch(this.#queue.supply, host);
  }

  #refuseTaken(): void {
    if (this.#taker.by !== "nobody") throw this.#host.refusal(TAKEN[this.#taker.by]);
  }

  async #drain(timeoutMs: number): Promise<void> {
    const dispatch = this.#dispatch;
    const drained = dispatch?.drain(timeoutMs);
    // A sink that waits for this can't be waited for.
    if (dispatch?.isCalledFromInside === true) drained?.catch(() => {});
    else await drained;
  }
}

import { onAbort } from "../lifetime/abort.ts";
import type { Batch } from "./batch.ts";

/** Nothing more comes; with a failure, the consumer is to know why. */
export interface End {
  readonly failure?: { readonly error: unknown };
}

/** What was read ahead of the consumer. Past its limit the reader waits for room, so it holds at most a chunk more. */
export class BatchBuffer {
  readonly #limitBytes: number;
  readonly #batches: Batch[] = [];
  readonly #roomWaiters = new Set<() => void>();
  #bytes = 0;
  #batchWaiter: (() => void) | undefined;
  #end: End | undefined;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get full(): boolean {
    return this.#bytes >= this.#limitBytes;
  }

  /** The newest batch that the consumer has not taken. */
  get last(): Batch | undefined {
    return this.#batches.at(-1);
  }

  push(batch: Batch): void {
    if (this.#end !== undefined) return;
    this.#batches.push(batch);
    this.#bytes += batch.bytes;
    this.#wakeConsumer();
  }

  /** Resolves when the buffer is below its limit; rejects with the signal's reason. */
  room(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#roomWaiters.delete(settle);
        unlink();
        resolve();
      };
      this.#roomWaiters.add(settle);
      const unlink = onAbort(signal, () => {
        this.#roomWaiters.delete(settle);
        reject(signal.reason);
      });
    });
  }

  /** The oldest batch. It counts until it is `released`. */
  shift(): Batch | undefined {
    return this.#batches.shift();
  }

  release(batch: Batch): void {
    this.#bytes = Math.max(0, this.#bytes - batch.bytes);
    if (!this.full) for (const waiter of [...this.#roomWaiters]) waiter();
  }

  /** Resolves when there is a batch, or the end. One waits at a time. */
  available(): Promise<void> {
    if (this.#batches.length > 0 || this.#end !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#batchWaiter = resolve;
    });
  }

  /** Nothing more comes; the consumer learns it after what is left. */
  end(end: End): void {
    this.#end ??= end;
    this.#wakeConsumer();
  }

  /** Nothing more comes, and what is left is not handed out either. */
  abandon(error: unknown): void {
    this.#batches.length = 0;
    this.#bytes = 0;
    this.#end = { failure: { error } };
    this.#wakeConsumer();
  }

  /** Set once nothing more comes. */
  get ended(): End | undefined {
    return this.#end;
  }

  #wakeConsumer(): void {
    const waiter = this.#batchWaiter;
    this.#batchWaiter = undefined;
    waiter?.();
  }
}

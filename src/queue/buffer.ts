import { eitherSignal } from "../lifetime/abort.ts";
import type { Batch } from "./batch.ts";
import { ByteBudget } from "./byte-budget.ts";
import type { RoomState } from "./byte-budget.ts";

/** Nothing more comes. A failure is told to the consumer. */
export interface End {
  readonly failure?: { readonly error: unknown };
}

interface Shared {
  /** Of all buffers together. */
  readonly budget?: ByteBudget | undefined;
  /** Batches that wait, and arrived within so many milliseconds, become one; default Infinity. */
  readonly joinWithinMs?: number;
  /** Called when there is a batch to take, or nothing more comes. */
  readonly ready?: () => void;
}

/** Batches that were read ahead of the consumer. At its limit the reader waits for room, so it holds at most a chunk more. */
export class BatchBuffer {
  readonly #own: ByteBudget;
  readonly #shared: Shared;
  readonly #batches: Batch[] = [];
  /** Only its own limit counts. */
  #isUrgent = false;
  /** Ends waits for room in what is shared. */
  #urgent: AbortController | undefined;
  #batchWaiter: (() => void) | undefined;
  #end: End | undefined;

  constructor(limitBytes: number, shared: Shared = {}) {
    this.#own = new ByteBudget(limitBytes);
    this.#shared = shared;
  }

  get bytes(): number {
    return this.#own.bytes;
  }

  get full(): boolean {
    return this.#own.full || this.#isSharedFull;
  }

  /** Reading waits, or is about to, until some of it is released. */
  get needsRoom(): boolean {
    const { budget } = this.#shared;
    return this.full || this.#own.isAwaited || budget?.isAwaited === true;
  }

  /** "full": reading is paused until the consumer, or the one of another buffer, has taken some. */
  get state(): RoomState {
    const own = this.#own.state;
    const shared = this.#isUrgent ? undefined : this.#shared.budget?.state;
    if (shared === undefined) return own;
    if (own.type === shared.type) {
      const isOwn = own.type === "full" ? own.since <= shared.since : own.since >= shared.since;
      return isOwn ? own : shared;
    }
    return own.type === "full" ? own : shared;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** The oldest batch that the consumer has not taken. */
  get first(): Batch | undefined {
    return this.#batches[0];
  }

  /** The newest one. */
  get last(): Batch | undefined {
    return this.#batches.at(-1);
  }

  push(batch: Batch): void {
    if (this.#end !== undefined) return;
    const { last } = this;
    const { joinWithinMs = Infinity } = this.#shared;
    if (last === undefined || !last.join(batch, joinWithinMs)) this.#batches.push(batch);
    this.#own.take(batch.bytes);
    this.#shared.budget?.take(batch.bytes);
    this.#wakeConsumer();
  }

  /** Resolves when the buffer is below its limit; rejects with the signal's reason. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.full) {
      if (this.#own.full) await this.#own.room(signal);
      else await this.#sharedRoom(signal);
    }
  }

  /** Until there is room in what is shared, or that does not count any more. */
  async #sharedRoom(signal: AbortSignal): Promise<void> {
    this.#urgent ??= new AbortController();
    const wait = eitherSignal(signal, this.#urgent.signal);
    try {
      await this.#shared.budget?.room(wait.signal);
    } catch {
      signal.throwIfAborted();
    } finally {
      wait.release();
    }
  }

  /** From now on only its own limit counts: what the other buffers hold is handed out only after this one has ended. */
  ignoreSharedLimit(): void {
    this.#isUrgent = true;
    this.#urgent?.abort();
  }

  /** The oldest batch. It counts until it is `released`. */
  shift(): Batch | undefined {
    return this.#batches.shift();
  }

  release({ bytes }: Batch): void {
    this.#own.give(bytes);
    this.#shared.budget?.give(bytes);
  }

  /** Resolves when there is a batch, or nothing more comes. One caller waits at a time. */
  available(): Promise<void> {
    if (this.#batches.length > 0 || this.#end !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#batchWaiter = resolve;
    });
  }

  /** Nothing more comes. The consumer learns it after the batches that are left. */
  end(end: End): void {
    this.#end ??= end;
    this.#wakeConsumer();
  }

  /** Nothing more comes, and what is left is not handed out either. */
  abandon(error: unknown): void {
    for (const batch of this.#batches.splice(0)) this.release(batch);
    this.#end = { failure: { error } };
    this.#wakeConsumer();
  }

  /** Set once nothing more comes. */
  get ended(): End | undefined {
    return this.#end;
  }

  get #isSharedFull(): boolean {
    return !this.#isUrgent && this.#shared.budget?.full === true;
  }

  #wakeConsumer(): void {
    const waiter = this.#batchWaiter;
    this.#batchWaiter = undefined;
    waiter?.();
    this.#shared.ready?.();
  }
}

import { DockspoolError, messageOf } from "../errors.ts";
import { Backoff } from "../lifetime/backoff.ts";
import { sleep } from "../lifetime/deadline.ts";
import type { LogBatch } from "../wire/records.ts";
import type { Backlog, Reader } from "./backlog.ts";
import type { ResolvedDelivery } from "./options.ts";
import type { Supply } from "./portion.ts";
import { callSink } from "./sink-call.ts";
import type { Sink } from "./sink.ts";

export interface DeliveryParts {
  readonly sink: Sink;
  readonly options: ResolvedDelivery;
  readonly supply: Supply;
  readonly backlog: Backlog;
  /** Whose sink it is. */
  readonly owner: object;
  readonly retrying: (retry: Retry) => void;
  /** Nothing is at hand: `woken` is to be called when there may be something. */
  readonly idle: () => void;
}

/** An attempt has failed, and another follows. */
export interface Retry {
  readonly sink: string;
  readonly attempt: number;
  readonly delayMs: number;
  readonly error: unknown;
  readonly records: LogBatch;
}

/** All that came by then is to be delivered without waiting for more. */
interface Flush {
  readonly until: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Takes one sink's batches out of the backlog, one after the other. */
export class SinkDelivery {
  readonly #parts: DeliveryParts;
  readonly #reader: Reader;
  #flushes: Flush[] = [];
  #stopAt: number | undefined;
  #retrying: Retry | undefined;
  #wake: () => void = () => {};

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#reader = parts.backlog.join();
  }

  get name(): string {
    return this.#parts.options.name;
  }

  /** What was tried last and failed. */
  get retry(): Retry | undefined {
    return this.#retrying;
  }

  /** There may be something at hand. */
  woken(): void {
    this.#wake();
  }

  /** Resolves when what came by now is delivered. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#flushes.push({ until: performance.now(), resolve, reject });
      this.#wake();
    });
  }

  /** Nothing that comes from now on is delivered. */
  stop(): void {
    this.#stopAt ??= performance.now();
    this.#wake();
  }

  /**
   * Resolves when nothing more comes, or it was stopped.
   *
   * @throws DockspoolError SINK_FAILED; what ended the supply; the signal's reason
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#run(signal);
      for (const { resolve } of this.#flushes.splice(0)) resolve();
    } catch (error) {
      for (const { reject } of this.#flushes.splice(0)) reject(error);
      throw error;
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { backlog, supply } = this.#parts;
    for (;;) {
      const batch = await this.#next(signal);
      if (batch === undefined) break;
      await this.#deliver(batch, signal);
      this.#retrying = undefined;
      backlog.acknowledge(this.#reader);
    }
    backlog.leave(this.#reader);
    const failure = this.#stopAt === undefined ? supply.ended?.failure : undefined;
    if (failure !== undefined) throw failure.error;
  }

  /** A batch that is full, or has waited long enough; undefined where none comes any more. */
  async #next(signal: AbortSignal): Promise<LogBatch | undefined> {
    const { backlog, supply, options } = this.#parts;
    const { maxRecords, maxWaitMs } = options;
    for (;;) {
      signal.throwIfAborted();
      let count = backlog.fill(this.#reader, maxRecords);
      const isHurried = this.#flushes.length > 0 || this.#stopAt !== undefined;
      if (count === maxRecords && !isHurried) return backlog.next(this.#reader, count);
      const arrivedAt = backlog.oldest(this.#reader);
      this.#settleFlushes(arrivedAt);
      const isDone = this.#stopAt !== undefined && !this.#isOwed(this.#stopAt, arrivedAt);
      if (isDone) count = Math.min(count, this.#reader.bound - this.#reader.at);
      if (count <= 0 && (isDone || supply.ended !== undefined)) return undefined;
      const waitMs = arrivedAt === undefined ? Infinity : arrivedAt + maxWaitMs - performance.now();
      const isDue = waitMs <= 0 || isHurried || supply.ended !== undefined;
      if (count > 0 && (isDue || backlog.isPressing(this.#reader)))
        return backlog.next(this.#reader, count);
      await this.#pause(waitMs);
    }
  }

  /** Something that came by `until` is not delivered yet; `oldest`: when the oldest at hand came. */
  #isOwed(until: number, oldest: number | undefined): boolean {
    return (oldest !== undefined && oldest <= until) || this.#parts.supply.holdsFrom(until);
  }

  #settleFlushes(oldest: number | undefined): void {
    if (this.#flushes.length === 0) return;
    const owed = this.#flushes.filter(({ until }) => this.#isOwed(until, oldest));
    const settled = this.#flushes.filter((flush) => !owed.includes(flush));
    this.#flushes = owed;
    for (const { resolve } of settled) resolve();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(ms) ? setTimeout(() => this.#wake(), Math.ceil(ms)) : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#parts.idle();
    });
  }

  async #deliver(records: LogBatch, signal: AbortSignal): Promise<void> {
    const { sink, options, owner, retrying } = this.#parts;
    const { attempts, timeoutMs } = options;
    const backoff = new Backoff(options.backoff);
    for (;;) {
      const { attempt, delayMs } = backoff.next();
      const call = (own: AbortSignal): void | Promise<void> =>
        sink(records, { signal: own, attempt });
      try {
        await callSink(owner, call, timeoutMs, signal);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (attempt >= attempts) return await this.#giveUp(records, attempt, error, signal);
        this.#retrying = { sink: this.name, attempt, delayMs, error, records };
        retrying(this.#retrying);
        await sleep(delayMs, signal);
      }
    }
  }

  async #giveUp(
    records: LogBatch,
    attempts: number,
    error: unknown,
    signal: AbortSignal,
  ): Promise<void> {
    const { owner, options } = this.#parts;
    const { deadLetter, timeoutMs } = options;
    if (deadLetter === undefined) throw this.#failed(records, attempts, error);
    try {
      await callSink(owner, () => deadLetter(records, error), timeoutMs, signal);
    } catch (cause) {
      signal.throwIfAborted();
      throw this.#failed(records, attempts, cause, "its dead letter failed");
    }
  }

  #failed(
    records: LogBatch,
    attempts: number,
    cause: unknown,
    what = "the last error was",
  ): DockspoolError {
    const tries = attempts === 1 ? "its only attempt" : `${attempts} attempts`;
    return new DockspoolError(
      "SINK_FAILED",
      `Sink "${this.name}" gave up ${records.length} record(s) after ${tries}; ${what}: ${messageOf(cause)}. The position stays before them.`,
      { container: records[0]?.container.id, cause },
    );
  }
}

import { DockspoolError, asSentence, messageOf } from "../errors.ts";
import { Backoff } from "../lifetime/backoff.ts";
import { sleep } from "../lifetime/deadline.ts";
import { debug, transition } from "../lifetime/debug.ts";
import type { LogBatch } from "../wire/records.ts";
import type { BatchEnd } from "./batch-end.ts";
import type { Backlog, SinkPosition } from "./backlog.ts";
import type { ResolvedDelivery } from "./options.ts";
import type { Retry } from "./retry.ts";
import { publishDelivery, traced } from "./channels.ts";
import { callSink } from "./sink-call.ts";
import { sinkWaitsFor } from "./sink-state.ts";
import type { SinkState, Undelivered } from "./sink-state.ts";
import { delayAfter, isFinal } from "./sink-error.ts";
import type { Sink } from "./sink.ts";
import type { Supply } from "./supply.ts";
import { steadyNow } from "../lifetime/steady-clock.ts";

export interface DeliveryParts {
  readonly sink: Sink;
  readonly options: ResolvedDelivery;
  readonly supply: Supply;
  readonly backlog: Backlog;
  /** Whose sink it is. */
  readonly owner: object;
  readonly retrying: (retry: Retry) => void;
  readonly ended: (batch: BatchEnd) => void;
  /** Nothing is at hand: `woken` is to be called when there may be something. */
  readonly idle: () => void;
}

/** A call of `flush()`: all that arrived by `until` is delivered without waiting for more. */
interface Flush {
  /** By `performance.now()`. */
  readonly until: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Delivers the backlog to one sink, one batch after the other. */
export class SinkDelivery {
  readonly #parts: DeliveryParts;
  readonly #position: SinkPosition;
  #state: SinkState = { type: "idle", since: steadyNow() };
  #soundSince = this.#state.since;
  #flushes: Flush[] = [];
  /** `stop()` was called then, by `performance.now()`. */
  #stopAt: number | undefined;
  #wake: () => void = () => {};

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#position = parts.backlog.join();
  }

  get name(): string {
    return this.#parts.options.name;
  }

  get state(): SinkState {
    return this.#state;
  }

  /** Since when no attempt has failed, by `steadyNow()`. */
  get soundSince(): number {
    return this.#soundSince;
  }

  /** There may be something at hand. */
  woken(): void {
    this.#wake();
  }

  /** Resolves when what arrived by now is delivered. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#flushes.push({ until: performance.now(), resolve, reject });
      this.#wake();
    });
  }

  /** Nothing that arrives from now on is delivered. */
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
      this.#becomes({ type: "ended", since: steadyNow() });
      for (const { resolve } of this.#flushes.splice(0)) resolve();
    } catch (error) {
      const since = steadyNow();
      const isOwn = !signal.aborted && error !== this.#parts.supply.ended?.failure?.error;
      if (isOwn) this.#becomes({ type: "failed", since, error: asSinkFailure(this.name, error) });
      else this.#becomes({ type: "ended", since });
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
      backlog.acknowledge(this.#position);
    }
    backlog.leave(this.#position);
    const failure = this.#stopAt === undefined ? supply.ended?.failure : undefined;
    if (failure !== undefined) throw failure.error;
  }

  /** A batch that is full, or has waited long enough; undefined where none comes any more. */
  async #next(signal: AbortSignal): Promise<LogBatch | undefined> {
    const { backlog, supply, options } = this.#parts;
    const { maxRecords, maxWaitMs } = options;
    const position = this.#position;
    for (;;) {
      signal.throwIfAborted();
      let count = backlog.fill(position, maxRecords);
      const isHurried = this.#flushes.length > 0 || this.#stopAt !== undefined;
      if (count === maxRecords && !isHurried) return backlog.next(position, count);
      const arrivedAt = backlog.oldest(position);
      this.#settleFlushes(arrivedAt);
      const isDone = this.#stopAt !== undefined && !this.#isLeft(this.#stopAt, arrivedAt);
      if (isDone) count = Math.min(count, position.bound - position.next);
      if (count <= 0 && (isDone || supply.ended !== undefined)) return undefined;
      const waitMs = arrivedAt === undefined ? Infinity : arrivedAt + maxWaitMs - performance.now();
      const isDue = waitMs <= 0 || isHurried || supply.ended !== undefined;
      if (count > 0 && (isDue || backlog.isUrgent(position))) return backlog.next(position, count);
      await this.#pause(count > 0 ? "filling" : "idle", waitMs);
    }
  }

  /** Records that arrived by `until` are not delivered yet. `oldest`: when the oldest one at hand arrived. */
  #isLeft(until: number, oldest: number | undefined): boolean {
    return (oldest !== undefined && oldest <= until) || this.#parts.supply.holdsFrom(until);
  }

  #settleFlushes(oldest: number | undefined): void {
    if (this.#flushes.length === 0) return;
    const unsettled = this.#flushes.filter(({ until }) => this.#isLeft(until, oldest));
    const settled = this.#flushes.filter((flush) => !unsettled.includes(flush));
    this.#flushes = unsettled;
    for (const { resolve } of settled) resolve();
  }

  #pause(type: "filling" | "idle", ms: number): Promise<void> {
    if (this.#state.type !== type) this.#becomes({ type, since: steadyNow() });
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
    const batch = { records: records.length, pendingSince: steadyNow() };
    let since = batch.pendingSince;
    let failure: { readonly error?: unknown } = {};
    for (;;) {
      const { attempt, delayMs: usualMs } = backoff.next();
      this.#becomes({ type: "calling", since, attempt, ...failure, ...batch });
      // A sink may take out of its batch what it has; all of it counts, and is given again.
      const call = (own: AbortSignal): void | Promise<void> =>
        sink(records.slice(), { signal: own, attempt });
      try {
        await traced(
          () => callSink(owner, call, timeoutMs, signal),
          () => ({ sink: this.name, call: "sink", attempt, records: records.length }),
        );
        this.#ended("delivered", attempt, batch);
        return;
      } catch (error) {
        signal.throwIfAborted();
        since = steadyNow();
        if (attempt >= attempts || isFinal(error)) {
          this.#becomes({ type: "giving-up", since, attempt, error, ...batch });
          return await this.#giveUp(records, attempt, error, batch, signal);
        }
        const delayMs = delayAfter(error, usualMs, options.backoff.maxDelayMs);
        this.#becomes({ type: "retrying", since, attempt, delayMs, error, ...batch });
        retrying({ sink: this.name, attempt, delayMs, error, records });
        await sleep(delayMs, signal);
        since = steadyNow();
        failure = { error };
      }
    }
  }

  async #giveUp(
    records: LogBatch,
    attempts: number,
    error: unknown,
    batch: Undelivered,
    signal: AbortSignal,
  ): Promise<void> {
    const { owner, options } = this.#parts;
    const { deadLetter, timeoutMs } = options;
    if (deadLetter === undefined) {
      this.#ended("failed", attempts, batch, error);
      throw this.#failed(records, attempts, error);
    }
    try {
      await traced(
        () => callSink(owner, () => deadLetter(records.slice(), error), timeoutMs, signal),
        () => ({
          sink: this.name,
          call: "dead letter",
          attempt: attempts,
          records: records.length,
        }),
      );
    } catch (cause) {
      signal.throwIfAborted();
      this.#ended("failed", attempts, batch, cause);
      throw this.#failed(records, attempts, cause, "its dead letter failed");
    }
    this.#ended("dead_letter", attempts, batch, error);
  }

  #ended(
    outcome: BatchEnd["outcome"],
    attempts: number,
    { records, pendingSince }: Undelivered,
    error?: unknown,
  ): void {
    const now = steadyNow();
    const ms = now - pendingSince;
    if (attempts > 1 || outcome !== "delivered") this.#soundSince = now;
    const end: BatchEnd = { sink: this.name, outcome, records, attempts, ms, error };
    publishDelivery(end);
    this.#parts.ended(end);
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
      `Sink "${this.name}" gave up ${records.length} record(s) after ${tries}; ${what}: ${asSentence(messageOf(cause))} The position stays before them.`,
      { container: records[0]?.container.id, cause },
    );
  }

  #becomes(state: SinkState): void {
    if (debug.enabled)
      debug(transition(`sink ${this.name}`, this.#state.type, state.type, sinkWaitsFor(state)));
    this.#state = state;
  }
}

function asSinkFailure(sink: string, error: unknown): DockspoolError {
  if (DockspoolError.is(error)) return error;
  return new DockspoolError("SINK_FAILED", `Sink "${sink}" failed: ${messageOf(error)}`, {
    cause: error,
  });
}

import { DockspoolError, messageOf } from "../errors.ts";
import { onAbort } from "../lifetime/abort.ts";
import { handled } from "../lifetime/handled.ts";
import { TaskGroup } from "../lifetime/task-group.ts";
import type { BatchEnd } from "./batch-end.ts";
import { Backlog } from "./backlog.ts";
import { resolveDelivery } from "./options.ts";
import type { Retry } from "./retry.ts";
import { isInsideSink } from "./sink-call.ts";
import { SinkDelivery } from "./sink-delivery.ts";
import { failureOf } from "./sink-state.ts";
import type { SinkReport, SinkState } from "./sink-state.ts";
import type { Delivery, DeliveryOptions, Sink } from "./sink.ts";
import type { Supply } from "./supply.ts";

export interface DispatchHost {
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  readonly joined?: ((sink: string) => void) | undefined;
  readonly retrying: (retry: Retry) => void;
  readonly delivered?: ((batch: BatchEnd) => void) | undefined;
  /** A sink has given up: reading ends. */
  readonly failed: (error: DockspoolError) => unknown;
  /** A sink gets nothing more: resolves when the position is saved. */
  readonly saved: () => Promise<void>;
}

/** Delivers what was read to all sinks of a source or a pool. */
export class Dispatch {
  readonly #supply: Supply;
  readonly #host: DispatchHost;
  readonly #backlog: Backlog;
  readonly #tasks = new TaskGroup("delivery");
  readonly #deliveries = new Set<SinkDelivery>();
  /** By sink: they are over, and what they failed by is still to be seen. */
  readonly #failed = new Map<string, SinkState>();
  #isWaiting = false;
  #unlink: () => void = () => {};

  constructor(supply: Supply, host: DispatchHost) {
    this.#supply = supply;
    this.#host = host;
    this.#backlog = new Backlog(supply);
  }

  /** How many deliveries run. */
  get running(): number {
    return this.#tasks.size;
  }

  /** The code that asks was called by one of the sinks. */
  get isCalledFromInside(): boolean {
    return isInsideSink(this);
  }

  /** Of each sink that runs or has failed. */
  get reports(): readonly SinkReport[] {
    const running = Array.from(this.#deliveries, ({ name, state, soundSince }) => ({
      name,
      state,
      soundSince,
    }));
    const failed = Array.from(this.#failed, ([name, state]) => ({
      name,
      state,
      soundSince: state.since,
    }));
    return [...failed, ...running];
  }

  /** @throws DockspoolError INVALID_OPTION */
  deliver(sink: Sink, options: DeliveryOptions): Delivery {
    const resolved = resolveDelivery(sink, options);
    if (this.#tasks.signal.aborted) return overWith(this.#tasks.signal.reason);
    const name = this.#unusedName(resolved.name);
    this.#failed.delete(name);
    this.#host.joined?.(name);
    const delivery = new SinkDelivery({
      sink,
      options: { ...resolved, name },
      supply: this.#supply,
      backlog: this.#backlog,
      owner: this,
      retrying: this.#host.retrying,
      ended: (batch) => this.#host.delivered?.(batch),
      idle: () => this.#await(),
    });
    const delivered = this.#tasks.run(`sink "${name}"`, (signal) => this.#run(delivery, signal));
    const done = handled(this.#saved(delivered));
    // Inside one of the sinks it would wait for itself.
    const unlessInside = async (work: Promise<void>): Promise<void> => {
      if (!this.isCalledFromInside) await work;
    };
    return {
      done,
      flush: () =>
        handled(unlessInside(this.#deliveries.has(delivery) ? handled(delivery.flush()) : done)),
      stop: () => {
        delivery.stop();
        return handled(unlessInside(done));
      },
    };
  }

  /**
   * Resolves when all that was read is delivered. Past `timeoutMs` what is under way is aborted.
   *
   * @throws DockspoolError TASKS_STILL_RUNNING, with the names of the sinks
   */
  async drain(timeoutMs: number): Promise<void> {
    try {
      await this.#tasks.settled({ timeoutMs });
    } catch {
      const failure = this.#undelivered(timeoutMs);
      this.abort(failure);
      throw failure;
    }
  }

  /** A second sink of one name is "name#2". */
  #unusedName(name: string): string {
    const used = new Set(Array.from(this.#deliveries, (delivery) => delivery.name));
    let unused = name;
    for (let number = 2; used.has(unused); number++) unused = `${name}#${number}`;
    return unused;
  }

  #undelivered(timeoutMs: number): DockspoolError {
    const sinks = Array.from(this.#deliveries, ({ name, state }) => ({
      name,
      failure: failureOf(state),
    }));
    const reasons = sinks.map(({ name, failure }) =>
      failure === undefined
        ? `sink "${name}" has not returned`
        : `sink "${name}" has failed ${failure.attempts} times, at last with: ${messageOf(failure.error)}`,
    );
    return new DockspoolError(
      "TASKS_STILL_RUNNING",
      `Not all that was read could be delivered within ${timeoutMs} ms: ${reasons.join("; ")}. The position stays before it.`,
      { cause: sinks.find(({ failure }) => failure !== undefined)?.failure?.error },
    );
  }

  /** Nothing more is delivered. */
  abort(reason: unknown): void {
    // What still runs after the abort is the caller's own.
    this.#tasks.close({ reason, timeoutMs: 0 }).catch(() => {});
    this.#wakeAll();
  }

  async #run(delivery: SinkDelivery, signal: AbortSignal): Promise<void> {
    this.#join(delivery);
    try {
      await delivery.run(signal);
    } finally {
      this.#leave(delivery);
    }
  }

  async #saved(delivered: Promise<void>): Promise<void> {
    try {
      await delivered;
    } finally {
      await this.#host.saved();
    }
  }

  #join(delivery: SinkDelivery): void {
    const { signal } = this.#host;
    if (this.#deliveries.size === 0)
      this.#unlink = onAbort(signal, () => this.abort(signal?.reason));
    this.#deliveries.add(delivery);
  }

  #leave(delivery: SinkDelivery): void {
    this.#deliveries.delete(delivery);
    if (this.#deliveries.size === 0) this.#unlink();
    const { name, state } = delivery;
    if (state.type !== "failed") return;
    this.#failed.set(name, state);
    this.#host.failed(state.error);
  }

  /** Wakes whoever is idle when something comes. */
  #await(): void {
    if (this.#isWaiting || this.#supply.ended !== undefined) return;
    this.#isWaiting = true;
    void this.#supply.available().then(() => {
      this.#isWaiting = false;
      this.#wakeAll();
    });
  }

  #wakeAll(): void {
    for (const delivery of this.#deliveries) delivery.woken();
  }
}

/** Nothing is delivered any more. */
function overWith(reason: unknown): Delivery {
  const done = handled(Promise.reject<void>(reason));
  return { done, flush: () => done, stop: () => done };
}

import { checkContainer } from "../checks.ts";
import type { CheckpointKeeper } from "../checkpoint/keeper.ts";
import type { Delivery, DeliveryOptions, Sink } from "../delivery/sink.ts";
import { EngineClient } from "../engine/engine-client.ts";
import { DockspoolError } from "../errors.ts";
import type { TaskGroup } from "../lifetime/task-group.ts";
import { toCursor } from "../resume/cursor.ts";
import type { Cursor } from "../resume/cursor.ts";
import type { ContainerInfo, LogBatch, LogRecord } from "../wire/records.ts";
import { Capture } from "./capture.ts";
import type { RotationReason } from "./channels.ts";
import { ownHost } from "./host.ts";
import type { SourceCheckpoint, SourceHost } from "./host.ts";
import { Consumption } from "../queue/consumption.ts";
import { SourceQueue } from "../queue/source-queue.ts";
import { handled } from "../lifetime/handled.ts";
import { StatusEmitter, tellStatus } from "../lifetime/listeners.ts";
import { resolveOptions } from "./options.ts";
import type { ResolvedOptions, SourceOptions } from "./options.ts";
import { asksDataRootFor } from "./read-options.ts";
import { readyTimeout, whenReady } from "./ready.ts";
import type { ReadyOptions } from "./ready.ts";
import { OwnCheckpoint } from "./checkpoint.ts";
import type { EndReason, Rotation, SourceStats, SourceStatus } from "./status.ts";

/**
 * Follows one container's log. At any moment at most one reader of it exists.
 *
 * @example
 * for await (const record of new ContainerLogSource("web")) console.log(record.line);
 */
export class ContainerLogSource
  extends StatusEmitter<SourceStatus>
  implements AsyncIterable<LogRecord>, AsyncDisposable
{
  /** As given: id, unambiguous id prefix, or name. */
  readonly container: string;
  readonly #options: ResolvedOptions;
  readonly #capture: Capture;
  readonly #consumption: Consumption;
  readonly #checkpoint: SourceCheckpoint | undefined;
  /** Its own; undefined where a pool has one. */
  #keeper: CheckpointKeeper | undefined;

  /**
   * `container`: id, unambiguous id prefix, or name. Opens nothing until it is consumed.
   *
   * @throws DockspoolError INVALID_OPTION
   */
  constructor(container: string, options?: SourceOptions);
  /** @internal */
  constructor(container: string, options: SourceOptions, host: SourceHost);
  constructor(container: string, options: SourceOptions = {}, host?: SourceHost) {
    super();
    checkContainer(container);
    this.container = container;
    this.#options = resolveOptions(options);
    const { checkpoint } = (host ??= this.#ownHost());
    this.#checkpoint = checkpoint;
    this.#capture = new Capture(container, this.#options, host, (status) => this.#tell(status));
    this.#consumption = this.#newConsumption();
  }

  /**
   * A source of which only a pool takes the lines.
   *
   * @internal
   */
  static hosted(
    container: string,
    options: SourceOptions,
    host: SourceHost,
  ): { readonly source: ContainerLogSource; readonly capture: Capture } {
    const source = new this(container, options, host);
    source.#consumption.giveToPool();
    return { source, capture: source.#capture };
  }

  /** Undefined until the engine was asked. */
  get info(): ContainerInfo | undefined {
    return this.#capture.info;
  }

  /**
   * The current stream's tasks, a new group for each generation. `rotate()` awaits them all, the caller's own included.
   */
  get tasks(): TaskGroup {
    return this.#capture.tasks;
  }

  /**
   * Begins, and resolves once the stream is open, or the container is known to be stopped. It need not be consumed by then.
   *
   * @throws DockspoolError with the reason in one sentence after `timeoutMs` (default 10,000), while the source goes on trying,
   * or at once where it has failed, is closed, or has ended before its stream was open; the signal's reason; INVALID_OPTION
   */
  ready(options: ReadyOptions = {}): Promise<ContainerInfo> {
    return handled(this.#ready(options));
  }

  async #ready(options: ReadyOptions): Promise<ContainerInfo> {
    const timeoutMs = readyTimeout(options);
    this.#capture.start();
    return whenReady(this.container, this.#capture, timeoutMs);
  }

  /** After the last line delivered: what a later source passes as `resume`. Undefined until the log was found. */
  get cursor(): Cursor | undefined {
    const { info, consumer } = this.#capture;
    const { position } = consumer;
    return info === undefined || position === undefined ? undefined : toCursor(info.id, position);
  }

  get stats(): SourceStats {
    const { stats } = this.#capture;
    return { ...stats, tasks: stats.tasks + this.#consumption.running };
  }

  /** Never rejects. */
  get ended(): Promise<EndReason> {
    return this.#capture.ended;
  }

  /**
   * Stops reading, awaits every task of the current stream, then reopens right after the last line read: nothing lost,
   * nothing duplicated, at a cost that does not grow with what was already read. Concurrent calls share one rotation;
   * `close()` wins over it. While the engine can't be reached it joins the reconnect.
   *
   * @throws DockspoolError TASKS_STILL_RUNNING past `rotateTimeoutMs`, with the names of the survivors; CLOSED
   */
  rotate(): Promise<Rotation>;
  /** @internal */
  rotate(why: RotationReason): Promise<Rotation>;
  rotate(why: RotationReason = "asked"): Promise<Rotation> {
    const rotation = this.#capture.rotate(why);
    return handled(this.#keeper === undefined ? rotation : this.#saved(rotation));
  }

  /**
   * Stops reading, delivers to sinks what was read, and saves the position. The running iteration ends normally after the
   * lines already read. Idempotent.
   *
   * @throws DockspoolError TASKS_STILL_RUNNING past `rotateTimeoutMs`; the source has ended all the same
   */
  close(): Promise<void> {
    return handled(this.#end({ kind: "closed" }));
  }

  /** The record or batch in hand of a loop, and all before it, are delivered. What sinks have in hand is not. */
  acknowledge(): void {
    this.#consumption.acknowledge();
  }

  /**
   * Hands what is read to a sink, batch by batch. Several sinks each get every line: those that are given in the same tick
   * from the beginning, a later one from where the fastest one is. The slowest sets the pace.
   *
   * @throws DockspoolError INVALID_OPTION; ALREADY_CONSUMED where the source is or was iterated
   */
  deliver(sink: Sink, options: DeliveryOptions = {}): Delivery {
    return this.#consumption.deliver(sink, options);
  }

  /** Batches of records: the fastest way to read. Leaving the loop closes the source. */
  batches(): AsyncIterable<LogBatch> {
    return this.#consumption.batches();
  }

  /**
   * Leaving the loop closes the source. A record counts as delivered when the next one is asked for, or when
   * `acknowledge()` says so. Abort makes the loop throw `signal.reason`; a failure throws its DockspoolError after the
   * lines already read.
   *
   * @throws DockspoolError ALREADY_CONSUMED where it is or was iterated
   */
  [Symbol.asyncIterator](): AsyncIterator<LogRecord> {
    return this.#consumption.records();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #newConsumption(): Consumption {
    const { buffer, consumer } = this.#capture;
    return new Consumption(new SourceQueue(buffer, consumer), {
      signal: this.#options.signal,
      begin: () => this.#capture.start(),
      close: () => this.close(),
      failed: (error) => void handled(this.#end({ kind: "failed", error })),
      retrying: ({ sink, attempt, delayMs, error }) =>
        this.#tell({ type: "delivery-retry", sink, attempt, delayMs, error }),
      save: () => this.#save(),
      refusal: (how) =>
        new DockspoolError(
          "ALREADY_CONSUMED",
          `The source of container ${this.container} is ${how} already; a second reader needs a source of its own.`,
          { container: this.container },
        ),
    });
  }

  /** What outlives the deadline shows in the statuses, too. */
  async #end(reason: EndReason): Promise<void> {
    const stopped = this.#capture.stop(reason);
    const survivors = await this.#consumption.end(stopped, this.#options.rotateTimeoutMs);
    for (const { reason: error } of survivors) throw error;
  }

  #ownHost(): SourceHost {
    const { engine, engineName: nameInKeys, details, attributes } = this.#options;
    const { checkpoints: store, checkpointEveryMs: everyMs } = this.#options;
    const asksDataRoot = asksDataRootFor(this.#options);
    const client = new EngineClient(engine, { nameInKeys, details, attributes, asksDataRoot });
    if (store === undefined) return ownHost(client);
    const checkpoint = new OwnCheckpoint({
      store,
      everyMs,
      client,
      position: () => this.#capture.consumer.position,
      failed: (error) => this.#tell({ type: "checkpoint-failed", error }),
    });
    this.#keeper = checkpoint.keeper;
    return ownHost(client, checkpoint);
  }

  async #saved(rotation: Promise<Rotation>): Promise<Rotation> {
    const rotated = await rotation;
    await this.#save();
    return rotated;
  }

  /** What is not saved by then is told by a status, or comes again. */
  async #save(): Promise<void> {
    await this.#checkpoint?.saveWithin(this.#options.rotateTimeoutMs);
  }

  #tell(status: SourceStatus): void {
    if (status.type === "rotated" || status.type === "stopped") this.#keeper?.hurry();
    if (status.type === "ended") this.#keeper?.close();
    tellStatus(this, status);
  }
}

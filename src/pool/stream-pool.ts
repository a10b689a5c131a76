import { CheckpointKeeper } from "../checkpoint/keeper.ts";
import type { Delivery, DeliveryOptions, Sink } from "../delivery/sink.ts";
import { onAbort } from "../lifetime/abort.ts";
import { steadyNow } from "../lifetime/steady-clock.ts";
import { TaskGroup } from "../lifetime/task-group.ts";
import { INSTRUMENTS, type Instruments } from "../metrics/instruments.ts";
import { Tally } from "../metrics/tally.ts";
import type { ContainerLogSource } from "../source/container-log-source.ts";
import { handled } from "../lifetime/handled.ts";
import { Consumption } from "../queue/consumption.ts";
import { StatusEmitter, tellStatus } from "../lifetime/listeners.ts";
import { checkContainer } from "../checks.ts";
import { asFailure } from "../source/failures.ts";
import { readyTimeout, type ReadyOptions } from "../source/ready.ts";
import type { EndReason, Rotation } from "../source/status.ts";
import type { LogBatch, LogRecord } from "../wire/records.ts";
import { attach } from "./attach.ts";
import { Attachments } from "./attachments.ts";
import { stopReading } from "./closing.ts";
import { alreadyConsumed, notFollowed, stillRunning } from "./failures.ts";
import type { EngineEventRecord, EventsOptions } from "./events/event-record.ts";
import { PoolEventStreams } from "./events/pool-events.ts";
import { figuresOf } from "./figures.ts";
import { FollowedContainers } from "./followed-containers.ts";
import { PoolHealth } from "./health/health.ts";
import { poolReady } from "./health/ready.ts";
import type { Health } from "./health/report.ts";
import { viewOf, type PoolParts } from "./health/view.ts";
import { resolvePoolOptions } from "./options.ts";
import type { AttachOptions, PoolOptions, ResolvedPoolOptions } from "./options.ts";
import { PoolEngines } from "./pool-engines.ts";
import { ownTraces, type OwnTraces } from "./discovery/self.ts";
import type { PoolStats, PoolStatus } from "./status.ts";

/**
 * Follows many containers over a bounded number of streams. Begins when it is consumed, or when a container is attached.
 *
 * @example
 * const pool = new StreamPool({ select: { labels: { "com.example.logs": "true" } } });
 * for await (const { container, line } of pool) console.log(container.name, line);
 */
export class StreamPool
  extends StatusEmitter<PoolStatus>
  implements AsyncIterable<LogRecord>, AsyncDisposable
{
  readonly #options: ResolvedPoolOptions;
  readonly #life = new TaskGroup("pool");
  readonly #tally: Tally;
  readonly #followed: FollowedContainers;
  readonly #keeper: CheckpointKeeper | undefined;
  readonly #attachments = new Attachments();
  readonly #engines: PoolEngines;
  readonly #events: PoolEventStreams;
  readonly #consumption: Consumption;
  readonly #unlink: () => void;
  readonly #health: PoolHealth;
  #ownTraces: OwnTraces = {};
  #ending: EndReason | undefined;
  #endingSince: number | undefined;
  #begun: Promise<void> | undefined;
  /** Reading ends. */
  #stopping: Promise<void> | undefined;

  /** @throws DockspoolError INVALID_OPTION */
  constructor(options: PoolOptions = {}) {
    super();
    this.#options = resolvePoolOptions(options);
    const emit = (status: PoolStatus): void => tellStatus(this, status);
    const { checkpoints } = this.#options;
    this.#tally = new Tally(this.#options.engines.keys());
    this.#keeper = checkpoints && new CheckpointKeeper(checkpoints, this.#tally.wrote);
    this.#followed = new FollowedContainers(this.#options, this.#tally, this.#life.signal, emit);
    this.#engines = new PoolEngines({
      options: this.#options,
      followed: this.#followed,
      tasks: this.#life,
      tally: this.#tally,
      keeper: this.#keeper,
      ownTraces: () => this.#ownTraces,
      emit,
    });
    this.#events = new PoolEventStreams(this.#engines, this.#life);
    this.#consumption = this.#newConsumption();
    this.#health = new PoolHealth(() => viewOf(this.#parts));
    const { signal } = this.#options;
    this.#unlink = onAbort(signal, () => {
      this.#followed.output.abandon(signal?.reason);
      // Whatever outlives the deadline is named by close(), which the caller may still await.
      this.#finish({ kind: "aborted", reason: signal?.reason }).catch(() => {});
    });
  }

  /** @internal For the entry points for metrics. */
  get [INSTRUMENTS](): Instruments {
    return {
      figures: () => figuresOf({ ...this.#parts, stats: this.stats, health: this.health() }),
      observe: (observer) => this.#tally.observe(observer),
    };
  }

  /** By container id: those that are followed now. */
  get sources(): ReadonlyMap<string, ContainerLogSource> {
    return this.#followed.sources;
  }

  /** Why it is being closed, or has ended; undefined before it begins, and as long as it goes on. */
  get ending(): EndReason | undefined {
    return this.#ending;
  }

  get stats(): PoolStats {
    const { tasks, ...stats } = this.#followed.stats;
    const own = this.#life.size + this.#consumption.running;
    return { ...stats, tasks: tasks + own, sockets: this.#engines.sockets };
  }

  /**
   * Follows a container whatever `select` says: by id, unambiguous id prefix, or name. Resolves with its source; if it is followed
   * already, with the one that is there. Waits for an engine that can't be reached for as long as `connectTimeoutMs`.
   *
   * @throws DockspoolError CONTAINER_NOT_FOUND, LOGS_UNREADABLE, ENGINE_UNREACHABLE, INVALID_OPTION, CLOSED
   */
  attach(container: string, options: AttachOptions = {}): Promise<ContainerLogSource> {
    const begin = (): Promise<void> => this.#begin();
    const parts = { ...this.#parts, attachments: this.#attachments, life: this.#life, begin };
    return handled(attach(parts, container, options));
  }

  /**
   * Ends following a container: by id, unambiguous id prefix, or name, on each engine that has one of that name. It is not
   * followed until it is attached again; calls of `attach()` that are under way reject with CLOSED. Lines that were read already
   * are still delivered. Its position is saved, for another source of the same store. Resolves also where the container is not
   * followed.
   *
   * @throws DockspoolError TASKS_STILL_RUNNING past `rotateTimeoutMs`; its source has ended all the same
   */
  detach(container: string): Promise<void> {
    return handled(this.#detach(container));
  }

  async #detach(container: string): Promise<void> {
    checkContainer(container);
    // Nothing is followed yet, and nothing is on its way.
    if (this.#begun === undefined) return;
    this.#attachments.detached(container);
    const sources = this.#followed.findAll(container);
    this.#engines.refuse(container, sources);
    await Promise.all(sources.map((source) => source.close()));
  }

  /**
   * One container's stream, or all of them, a few at once; one failure does not stop the others.
   *
   * @throws DockspoolError CONTAINER_NOT_FOUND, CLOSED
   */
  rotate(container?: string): Promise<PromiseSettledResult<Rotation>[]> {
    return handled(this.#rotate(container));
  }

  async #rotate(container?: string): Promise<PromiseSettledResult<Rotation>[]> {
    this.#life.signal.throwIfAborted();
    if (container !== undefined) checkContainer(container);
    const sources =
      container === undefined ? [...this.sources.values()] : this.#followed.findAll(container);
    if (container !== undefined && sources.length === 0) throw notFollowed(container);
    const settled = await this.#followed.rotations.all(sources);
    await this.#save();
    return settled;
  }

  /** The record or batch in hand of a loop, and all before it, are delivered. What sinks have in hand is not. */
  acknowledge(): void {
    this.#consumption.acknowledge();
  }

  /** Batches of records: of one container each, or, with `order`, of all. Leaving the loop closes the pool. */
  batches(): AsyncIterable<LogBatch> {
    return this.#consumption.batches();
  }

  /**
   * Hands what is read to a sink, batch by batch; a batch may hold lines of several containers, each one's in their order.
   * Several sinks each get every line: those that are given in the same tick from the beginning, a later one from where the
   * fastest one is. The slowest sets the pace.
   *
   * @throws DockspoolError INVALID_OPTION; ALREADY_CONSUMED where the pool is or was iterated
   */
  deliver(sink: Sink, options: DeliveryOptions = {}): Delivery {
    return this.#consumption.deliver(sink, options);
  }

  /**
   * Leaving the loop closes the pool. A record counts as delivered when the next one is asked for, or when `acknowledge()`
   * says so. Abort makes the loop throw `signal.reason`. A container that fails ends with a status, not the loop.
   *
   * @throws DockspoolError ALREADY_CONSUMED where it is or was iterated
   */
  [Symbol.asyncIterator](): AsyncIterator<LogRecord> {
    return this.#consumption.records();
  }

  /**
   * What happens at the engines, of whatever kind: containers, images, networks, volumes. From when the loop begins, and over
   * reconnects as far as the engine remembers (Docker: its latest 256 events); else a `gap` stands there. Several loops each get
   * all. It ends with the pool; neither the loop nor leaving it begins or closes that.
   *
   * @throws DockspoolError INVALID_OPTION
   */
  events(options: EventsOptions = {}): AsyncIterable<EngineEventRecord> {
    return this.#events.open(options);
  }

  /**
   * Begins, and resolves when `health().ready` is true first. It need not be consumed by then.
   *
   * @throws DockspoolError with the reason in one sentence after `timeoutMs` (default 10,000), while the pool goes on trying, or
   * at once where it has failed or is closed; INVALID_OPTION
   */
  ready(options: ReadyOptions = {}): Promise<void> {
    return handled(this.#ready(options));
  }

  async #ready(options: ReadyOptions): Promise<void> {
    const timeoutMs = readyTimeout(options);
    void this.#begin();
    await poolReady(this.#health, () => this.#ending, timeoutMs);
  }

  /** How it goes now: engines, discovery, streams, buffer, sinks, checkpoints. docs/operating.md lists what it can say. */
  health(): Health {
    return this.#health.look();
  }

  /**
   * Ends discovery and all sources, delivers to sinks what was read, and saves the positions. The running iteration ends
   * normally after the lines already read. Idempotent.
   *
   * @throws DockspoolError TASKS_STILL_RUNNING, past `rotateTimeoutMs`, with the names of the survivors; the pool has ended all
   * the same
   */
  close(): Promise<void> {
    return handled(this.#finish({ kind: "closed" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #newConsumption(): Consumption {
    return new Consumption(this.#followed.output, {
      signal: this.#options.signal,
      begin: () => void this.#begin(),
      close: () => this.close(),
      failed: (error) => void handled(this.#finish({ kind: "failed", error })),
      joined: (sink) => this.#tally.sinkJoined(sink),
      delivered: ({ sink, outcome, ms }) => this.#tally.delivered(sink, outcome, ms),
      retrying: (retry) => this.#followed.retrying(retry),
      save: () => this.#save(),
      refusal: alreadyConsumed,
    });
  }

  /** What its health and its figures are read from. */
  get #parts(): PoolParts {
    return {
      options: this.#options,
      engines: this.#engines,
      followed: this.#followed,
      consumption: this.#consumption,
      keeper: this.#keeper,
      tally: this.#tally,
      ending: this.#ending,
      endingSince: this.#endingSince,
    };
  }

  /** What is not saved by then is told by a status, or comes again. */
  async #save(): Promise<void> {
    await this.#keeper?.saveWithin(this.#options.closeTimeoutMs);
  }

  #begin(): Promise<void> {
    return (this.#begun ??= this.#start());
  }

  async #start(): Promise<void> {
    if (this.#options.excludeSelf) this.#ownTraces = await ownTraces();
    // It ends with the pool, or because its settings can't work.
    this.#engines.begin(this.#life, (error) => {
      void handled(this.#finish({ kind: "failed", error: asFailure(error, undefined) }));
    });
  }

  async #finish(reason: EndReason): Promise<void> {
    this.#ending ??= reason;
    this.#endingSince ??= steadyNow();
    this.#stopping ??= this.#stop(reason);
    const survivors = await this.#consumption.end(this.#stopping, this.#options.closeTimeoutMs);
    this.#keeper?.close();
    if (survivors.length > 0) throw stillRunning(survivors.map((end): unknown => end.reason));
  }

  /** Stops reading. */
  async #stop(reason: EndReason): Promise<void> {
    const errors = await stopReading(this.#engines, this.#followed, this.#life, reason);
    this.#unlink();
    if (errors.length > 0) throw stillRunning(errors);
  }
}

import { EngineCheckpoints } from "../checkpoint/engine-checkpoints.ts";
import type { CheckpointKeeper } from "../checkpoint/keeper.ts";
import { EngineClient } from "../engine/engine-client.ts";
import { connectTimeoutOf } from "../engine/engine-options.ts";
import type { Engine } from "../engine/engine-options.ts";
import type { Inspection } from "../engine/inspection.ts";
import { DockspoolError } from "../errors.ts";
import { unlessAborted } from "../lifetime/abort.ts";
import { Backoff } from "../lifetime/backoff.ts";
import { sleep } from "../lifetime/deadline.ts";
import type { TaskGroup } from "../lifetime/task-group.ts";
import type { Tally } from "../metrics/tally.ts";
import type { Position } from "../resume/position.ts";
import type { ContainerLogSource } from "../source/container-log-source.ts";
import { DEFAULT_CHECKPOINT_EVERY_MS } from "../source/options.ts";
import { asksDataRootFor } from "../source/read-options.ts";
import type { From } from "../stream/from.ts";
import type { Place } from "./discovery/discovered-container.ts";
import { Discovery } from "./discovery/discovery.ts";
import { Moment } from "./discovery/moment.ts";
import { OwnContainer } from "./discovery/own-container.ts";
import type { OwnTraces } from "./discovery/self.ts";
import { EngineEvents } from "./discovery/engine-events.ts";
import { checkReadable } from "./failures.ts";
import { HeadStart } from "./turns/head-start.ts";
import type { PoolSourceOptions, ResolvedPoolOptions } from "./options.ts";
import { Places } from "./places.ts";
import type { FollowedContainers } from "./followed-containers.ts";
import { leasedOf } from "./leased-containers.ts";
import type { LeasedContainers } from "./leased-containers.ts";
import type { PoolStatus } from "./status.ts";

export interface PoolEngineParts {
  readonly options: ResolvedPoolOptions;
  readonly followed: FollowedContainers;
  readonly tasks: TaskGroup;
  readonly tally: Tally;
  readonly keeper: CheckpointKeeper | undefined;
  /** Of the container that is not to be followed, whatever is selected. */
  readonly ownTraces: () => OwnTraces;
  readonly emit: (status: PoolStatus) => void;
}

/** So many short questions are on their way at once, also while a thousand containers are found. */
const QUESTIONS_AT_ONCE = 8;
const RETRY = { minDelayMs: 50, maxDelayMs: 1_000 };

/** One engine of a pool: its client, its events, and what is found there. */
export class PoolEngine {
  readonly name: string;
  readonly client: EngineClient;
  readonly events: EngineEvents;
  readonly discovery: Discovery;
  readonly checkpoints: EngineCheckpoints | undefined;
  readonly leased: LeasedContainers | undefined;
  readonly #pool: PoolEngineParts;
  readonly #places: Places;
  /** How long `attach` waits for an engine that can't be reached. */
  readonly #patienceMs: number;
  /** Until when all that happened was told of, in epoch milliseconds. */
  #toldUntil: number | undefined;
  /** Since it was last looked at nothing can have happened that was not told of. */
  #isUpToDate = false;

  constructor(name: string, engine: Engine, pool: PoolEngineParts) {
    const { options, followed, tasks, tally, keeper, ownTraces, emit } = pool;
    this.name = name;
    this.#pool = pool;
    this.#patienceMs = connectTimeoutOf(engine);
    const { details, attributes, reading } = options;
    const questionsAtOnce = QUESTIONS_AT_ONCE;
    const asksDataRoot = asksDataRootFor(reading());
    this.client = new EngineClient(engine, {
      name,
      questionsAtOnce,
      details,
      attributes,
      asksDataRoot,
    });
    const own = new OwnContainer(this.client);
    const beginning = new Moment(this.client);
    this.checkpoints =
      keeper === undefined ? undefined : new EngineCheckpoints(keeper, this.client);
    this.#places = new Places(this.client, this.checkpoints, pool);
    this.discovery = new Discovery({
      engineName: name,
      client: this.client,
      tasks,
      isOn: options.discover,
      isNew: async ({ info, createdAt }, signal) =>
        this.checkpoints?.lastSeenAt === undefined
          ? beginning.isBefore(createdAt, signal)
          : this.checkpoints.isNew(info.id, createdAt),
      isSince: async (time, signal) => {
        const seenAt = this.checkpoints?.lastSeenAt;
        return seenAt === undefined ? beginning.isBefore(time, signal) : time > seenAt;
      },
      settled: () => this.#note(),
      ready: async (signal) => {
        await own.ready(ownTraces(), tasks.signal, signal);
        if (this.checkpoints === undefined) return;
        await unlessAborted(this.checkpoints.ready(tasks.signal), signal);
      },
      readsStopped: options.stopped,
      selects: (container) => !own.is(container.id) && options.selects(container),
      excludes: options.excludes,
      locate: (inspection, isNew, signal) =>
        this.#places.find(inspection, async () => isNew, signal),
      readsFiles: (info) => reading(info).read !== "engine",
      headStart: (id, info) =>
        new HeadStart(this.client, followed.slots, id, reading, tasks.signal, info),
      options: (container) => options.sourceOptions(container),
      found: (finding, sourceOptions) => {
        if (this.leased === undefined) followed.add(this, finding, sourceOptions);
        else this.leased.follow(finding, sourceOptions);
      },
      waits: (id, { position }) => this.#keepIdle(id, position),
      gone: (id) => this.checkpoints?.drop(id),
      listed: (container) => followed.listed(container),
      missing: (id) => {
        followed.missing(id);
        this.leased?.gone(id);
      },
      skipped: (container, error) => {
        if (error.code === "CONTAINER_NOT_FOUND") tally.cutShort.add({ engine: name });
        emit({ type: "skipped", container, error });
      },
    });
    this.leased = leasedOf(this, pool);
    this.events = new EngineEvents(this.client, {
      look: async (signal) => {
        if (this.checkpoints !== undefined)
          await unlessAborted(this.checkpoints.ready(tasks.signal), signal);
        // Without discovery nothing else asks.
        if (!options.discover) await this.client.identify(signal);
        const at = Date.now();
        const untold = await this.discovery.look(signal);
        this.#isUpToDate = true;
        this.#note(at);
        return untold;
      },
      event: (event) => {
        tally.event(name, event.action);
        // What is found by it knows of it.
        followed.event(event);
        if (event.action === "destroy") this.leased?.gone(event.container);
        this.discovery.event(event);
        if (this.#isUpToDate) this.#note(Date.now());
      },
      lost: () => {
        this.#isUpToDate = false;
        followed.lost(this);
      },
      connected: () => emit({ type: "engine", engine: name, state: "connected" }),
      disconnected: (error) => {
        emit({ type: "engine", engine: name, state: "disconnected", error });
      },
    });
  }

  /**
   * Looks at a container that the caller names. While the engine can't be reached it waits, but not longer than for an answer.
   *
   * @throws DockspoolError CONTAINER_NOT_FOUND, ENGINE_UNREACHABLE, …; the signal's reason
   */
  find(container: string, signal: AbortSignal): Promise<Inspection> {
    return this.#patiently(() => this.client.inspect(container, signal, { first: true }), signal);
  }

  /** Follows a container that was found. @throws DockspoolError LOGS_UNREADABLE, ENGINE_UNREACHABLE, …; the signal's reason */
  async attach(
    found: Inspection,
    from: From | undefined,
    given: PoolSourceOptions,
    signal: AbortSignal,
  ): Promise<ContainerLogSource> {
    const { followed, options } = this.#pool;
    const { info } = found;
    checkReadable(info);
    const sourceOptions = { ...options.sourceOptions(info), ...given };
    const { read = "engine", files = {} } = sourceOptions;
    const inspection = asksDataRootFor({ read, files })
      ? await this.client.withDataRoot(found, signal)
      : found;
    const isNew = async (): Promise<boolean> =>
      from === undefined && this.discovery.isNew(inspection, signal);
    const locating = (): Promise<Place> =>
      this.#places.find(inspection, isNew, signal, from, sourceOptions);
    for (;;) {
      await this.leased?.take(info, signal);
      await unlessAborted(followed.closed(info.id), signal);
      const place = await this.#patiently(locating, signal);
      signal.throwIfAborted();
      // Somebody else may have attached it meanwhile, and closed its source.
      if (followed.isEnding(info.id) || this.leased?.holds(info.id) === false) continue;
      this.discovery.attached(inspection, place, sourceOptions);
      this.leased?.begun(info.id);
      const finding = { inspection, ...place, startedBy: undefined, isOutdated: true };
      return followed.add(this, finding, sourceOptions);
    }
  }

  async #patiently<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const begun = performance.now();
    const backoff = new Backoff(RETRY);
    for (;;) {
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        const isWorthIt = DockspoolError.is(error) && error.transient;
        if (!isWorthIt || performance.now() - begun > this.#patienceMs) throw error;
        await sleep(backoff.next().delayMs, signal);
      }
    }
  }

  left(id: string): void {
    this.leased?.left(id);
  }

  /** The pool is being closed: what is seen until now is noted. */
  closing(): void {
    const at = this.events.isOpen && this.#isUpToDate ? Date.now() : this.#toldUntil;
    if (at !== undefined) this.#note(at, true);
  }

  close(): Promise<void> {
    return this.client.close();
  }

  /** All that happened until then was told of; it counts as seen once it is dealt with. */
  #note(at = this.#toldUntil, isLast = false): void {
    this.#toldUntil = at;
    if (at === undefined || !this.discovery.isSettled) return;
    const known = (): string[] | undefined => this.discovery.knownContainers();
    this.checkpoints?.noteView({ at, known }, isLast);
  }

  /** What it writes once it starts is read, also by another process. */
  #keepIdle(id: string, position: Position): void {
    // Its position is kept by whoever has its lease.
    if (this.leased !== undefined) return;
    this.checkpoints
      ?.keep(id, {
        everyMs: DEFAULT_CHECKPOINT_EVERY_MS,
        position: () => position,
        failed: () => {},
      })
      .moved();
  }
}

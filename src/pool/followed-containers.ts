import type { PositionCheckpoint } from "../checkpoint/container-checkpoint.ts";
import { containersToTell } from "../delivery/retry.ts";
import type { Retry } from "../delivery/retry.ts";
import type { ContainerEvent } from "../engine/events.ts";
import type { DockspoolError, ErrorCode } from "../errors.ts";
import type { Listed } from "../engine/list.ts";
import type { Position } from "../resume/position.ts";
import type { ContainerFigures } from "../metrics/figures.ts";
import type { Tally } from "../metrics/tally.ts";
import { ByteBudget } from "../queue/byte-budget.ts";
import { ContainerLogSource } from "../source/container-log-source.ts";
import type { Finding } from "../source/host.ts";
import { DEFAULT_CHECKPOINT_EVERY_MS } from "../source/options.ts";
import type { EndReason, SourceStatus } from "../source/status.ts";
import { EngineFlows } from "./engine-flows.ts";
import { poolClosed } from "./failures.ts";
import { count, figuresOf, hear, sourcesNamed, streamOf, tell } from "./followed-container.ts";
import type { FollowedContainer } from "./followed-container.ts";
import type { FollowedStream } from "./health/stream-health.ts";
import { Feed } from "./merge/feed.ts";
import type { PoolSourceOptions, ResolvedPoolOptions } from "./options.ts";
import { LeavingLines } from "./leaving-lines.ts";
import { Output } from "./merge/output.ts";
import { Rotations } from "./rotations.ts";
import { RoundRobin } from "./merge/round-robin.ts";
import type { SourceEngine } from "./source-engine.ts";
import { SourceTotals } from "./source-totals.ts";
import { Slots } from "./turns/slots.ts";
import type { PoolStats, PoolStatus } from "./status.ts";
import { TimeOrder } from "./merge/time-order.ts";

/** The list tells of most changes before; of a run that was over between two lists, only a look does. */
const LOOK_EVERY_MS = 300_000;
/** In order of time, lines that came within it are held back for as long as the last of them. */
const ONE_MOMENT_MS = 5;
const UNREADABLE: ReadonlySet<ErrorCode> = new Set(["LOGS_UNREADABLE", "FILES_UNREADABLE"]);

/** What happens to a container that is worth a save. */
const SAVED_AT: ReadonlySet<SourceStatus["type"]> = new Set(["rotated", "stopped", "ended"]);

/** The sources of a pool, and what they share: turns, memory, rotations, the way out. */
export class FollowedContainers {
  readonly sources: ReadonlyMap<string, ContainerLogSource>;
  readonly slots: Slots;
  readonly output: Output;
  readonly rotations: Rotations;
  readonly flows: EngineFlows;
  readonly #budget: ByteBudget;
  readonly #joinWithinMs: number;
  readonly #sources = new Map<string, ContainerLogSource>();
  readonly #entries = new Map<string, FollowedContainer>();
  readonly #emit: (status: PoolStatus) => void;
  readonly #leaving = new LeavingLines();
  /** Nothing is followed any more, and nothing that is still on its way here. */
  #ending: EndReason | undefined;
  readonly #totals = new SourceTotals();
  readonly #tally: Tally;

  constructor(
    options: ResolvedPoolOptions,
    tally: Tally,
    signal: AbortSignal,
    emit: (status: PoolStatus) => void,
  ) {
    const { maxStreams, timeSliceMs, bufferBytes, latenessMs, rotation } = options;
    this.#emit = emit;
    this.#tally = tally;
    this.flows = new EngineFlows(options.engines.keys());
    this.sources = this.#sources;
    this.#budget = new ByteBudget(bufferBytes);
    this.#joinWithinMs = latenessMs === undefined ? Infinity : ONE_MOMENT_MS;
    // Where lines wait for another container's, that one needs its turn to make room.
    const isBlocked = (): boolean => this.#budget.full && !this.output.hasSuccessors;
    this.slots = new Slots({ maxStreams, timeSliceMs, isBlocked });
    this.output = new Output(
      latenessMs === undefined ? new RoundRobin() : new TimeOrder(latenessMs),
    );
    this.rotations = new Rotations(rotation, signal);
  }

  /**
   * Begins to follow a container, if that is not done already. Whatever comes with a finding that is not followed is closed.
   *
   * @throws DockspoolError CLOSED
   */
  add(engine: SourceEngine, finding: Finding, options: PoolSourceOptions): ContainerLogSource {
    const { info } = finding.inspection;
    const known = this.#sources.get(info.id);
    if (known !== undefined || this.#ending !== undefined) finding.headStart?.cancel();
    if (this.#ending !== undefined) throw poolClosed(this.#ending);
    if (known !== undefined) return known;
    const formers = this.#leaving.of(info.id);
    let made: { readonly source: ContainerLogSource; readonly feed: Feed } | undefined = undefined;
    const checkpoint = engine.checkpoints?.keep(info.id, {
      everyMs: options.checkpointEveryMs ?? DEFAULT_CHECKPOINT_EVERY_MS,
      position: () =>
        (formers.find(({ isDone }) => !isDone) ?? made?.feed ?? formers.at(-1))?.position,
      failed: (error) => {
        const status = { type: "checkpoint-failed", error } as const;
        if (made !== undefined) tell(made.source, status);
        else this.#emit({ type: "source", container: info, status });
      },
    });
    const { source, capture } = this.#host(checkpoint, info.id, options, {
      client: engine.client,
      turns: this.slots,
      budget: this.#budget,
      joinWithinMs: this.#joinWithinMs,
      finding,
      checkpoint,
      listen: (container, handlers, signal) => engine.events.listen(container, handlers, signal),
      onRecovery: (callback) => engine.events.onRecovery(callback),
      isWatching: () => engine.events.isOpen,
      lookEveryMs: LOOK_EVERY_MS,
      sockets: (isReading) => (isReading ? 1 : 0),
      ready: () => this.output.ready(feed),
      release: () => Promise.resolve(),
    });
    const feed = new Feed(capture);
    made = { source, feed };
    const entry: FollowedContainer = { source, capture, feed, engine, checkpoint, info };
    this.#sources.set(info.id, source);
    this.#entries.set(info.id, entry);
    const former = this.#entryOf(this.output.add(feed, info));
    hear(source, (status) => this.#heard(entry, status));
    this.#emit({ type: "attached", container: info });
    capture.start();
    if (former !== undefined && former.info.id !== info.id) void this.#compareNames(entry, former);
    return source;
  }

  #entryOf(feed: Feed | undefined): FollowedContainer | undefined {
    if (feed === undefined) return undefined;
    return [...this.#entries.values()].find((entry) => entry.feed === feed);
  }

  /** Two containers that are there have two names: one of them was renamed, and nobody told. */
  async #compareNames(heir: FollowedContainer, former: FollowedContainer): Promise<void> {
    const names = await Promise.all([heir.capture.lookAtName(), former.capture.lookAtName()]);
    if (names.every((name) => name !== undefined)) this.output.free(heir.feed);
  }

  /** What can't be followed leaves the position to whoever can. */
  #host(
    checkpoint: PositionCheckpoint | undefined,
    ...parts: Parameters<typeof ContainerLogSource.hosted>
  ): ReturnType<typeof ContainerLogSource.hosted> {
    try {
      return ContainerLogSource.hosted(...parts);
    } catch (error) {
      checkpoint?.ended();
      throw error;
    }
  }

  /**
   * By full id or name; what begins so may be another one's name, which only the engine can tell. None that is being closed, and
   * none where several have that name.
   */
  find(container: string, engineName?: string): ContainerLogSource | undefined {
    const found = this.findAll(container, engineName).filter(
      ({ info }) => info?.id === container || info?.name === container,
    );
    return found.length === 1 ? found[0] : undefined;
  }

  /** Of several engines each may have one of that name. */
  findAll(container: string, engineName?: string): ContainerLogSource[] {
    return sourcesNamed(container, engineName, this.#entries.values());
  }

  /** Where a container's lines that are read and not delivered end; undefined where there are none. */
  placeBehind(id: string): Position | undefined {
    return this.#leaving.placeBehind(id);
  }

  /** A sink that failed with a batch is tried again. */
  retrying(retry: Retry): void {
    const { sink, attempt, delayMs, error } = retry;
    this.#tally.retries.add({ sink });
    const status = { type: "delivery-retry", sink, attempt, delayMs, error } as const;
    for (const container of containersToTell(retry)) {
      const source = this.#sources.get(container.id);
      // Of one that is gone there may be records left.
      if (source === undefined) this.#emit({ type: "source", container, status });
      else tell(source, status);
    }
  }

  /** Ends all sources. Resolves with what outlived the deadline. */
  async close(reason: EndReason): Promise<unknown[]> {
    this.#ending = reason;
    const entries = [...this.#entries.values()];
    const ends = await Promise.allSettled(entries.map(({ capture }) => capture.stop(reason)));
    return ends.flatMap((end): unknown[] => (end.status === "rejected" ? [end.reason] : []));
  }

  /** Another pool follows it: what is read and not delivered is left to that one. */
  abandon(id: string, error: DockspoolError): void {
    for (const feed of this.#leaving.of(id)) feed.abandon(error);
    const entry = this.#entries.get(id);
    entry?.feed.abandon(error);
    entry?.capture.stop({ kind: "failed", error }).catch(() => {});
  }

  /** What each source does. */
  get streams(): FollowedStream[] {
    return Array.from(this.#entries.values(), streamOf);
  }

  /** Since when reading waits for room in what all sources share, by `steadyNow()`. */
  get fullSince(): number | undefined {
    const { type, since } = this.#budget.state;
    return type === "full" ? since : undefined;
  }

  /** Something happened to a container. */
  event(event: ContainerEvent): void {
    this.#entries.get(event.container)?.capture.happened(event);
  }

  /** As a list shows it. True where an event should have told what its source does not know. */
  listed({ id, name, running }: Listed): boolean {
    const capture = this.#entries.get(id)?.capture;
    capture?.renamed(name);
    const isUntold = running && capture?.stats.state === "stopped";
    if (isUntold) capture.changed();
    return isUntold;
  }

  /** A list does not show it. */
  missing(id: string): void {
    this.#entries.get(id)?.capture.changed(true);
  }

  /** A source of the container is being closed. */
  isEnding(id: string): boolean {
    return this.#entries.get(id)?.capture.isEnding === true;
  }

  /** Resolves when a source of the container that is being closed has ended. */
  async closed(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry?.capture.isEnding === true) await entry.capture.ended;
  }

  /** Events of an engine were lost: anything may have happened. */
  lost(lost: SourceEngine): void {
    for (const { capture, engine } of this.#entries.values())
      if (engine === lost) capture.changed();
  }

  /** What metrics show of each. */
  get figures(): ContainerFigures[] {
    return Array.from(this.#entries.values(), figuresOf);
  }

  get stats(): Omit<PoolStats, "sockets"> {
    const { slots } = this;
    return {
      ...this.#totals.with(this.#sources.values()),
      containers: this.#sources.size,
      streamsOpen: slots.taken,
      streamsMax: slots.max,
      streamsWaiting: slots.waiting,
      longestWaitMs: slots.longestWaitMs,
      turns: slots.granted,
      bufferedBytes: this.#budget.bytes,
    };
  }

  #heard(entry: FollowedContainer, status: SourceStatus): void {
    const { source } = entry;
    entry.info = source.info ?? entry.info;
    if (status.type === "renamed") this.output.renamed(entry.feed);
    if (SAVED_AT.has(status.type)) entry.checkpoint?.hurry();
    if (status.type === "opened") {
      this.rotations.opened(source);
      entry.engine.events.reached();
    } else if (status.type !== "rotated" && source.stats.state !== "streaming")
      this.rotations.closed(source);
    count(this.#tally, entry, status);
    this.#emit({ type: "source", container: entry.info, status });
    if (status.type === "ended") this.#ended(entry, status.reason);
  }

  #ended(entry: FollowedContainer, reason: EndReason): void {
    const { source, capture, feed, engine, checkpoint, info } = entry;
    checkpoint?.ended();
    this.#tally.left(() => figuresOf(entry));
    this.flows.left({
      get isDone() {
        return feed.isDone;
      },
      get flow() {
        return figuresOf(entry);
      },
    });
    const { stats } = source;
    this.#totals.add(source);
    this.#sources.delete(info.id);
    this.#entries.delete(info.id);
    this.#leaving.add(info.id, feed);
    const isKept = reason.kind !== "failed" || reason.error.code !== "CLOSED";
    const position = isKept && stats.lines > 0 ? capture.place : undefined;
    const isTold = engine.discovery.ended(info.id, { reason, position });
    if (reason.kind !== "failed" && this.#ending === undefined) engine.left(info.id);
    if (reason.kind === "failed" && UNREADABLE.has(reason.error.code) && !isTold)
      this.#emit({ type: "skipped", container: info, error: reason.error });
    this.#emit({ type: "detached", container: info, reason });
  }
}

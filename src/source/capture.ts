import type { Inspection } from "../engine/inspection.ts";
import { DockspoolError } from "../errors.ts";
import { onAbort } from "../lifetime/abort.ts";
import { Backoff } from "../lifetime/backoff.ts";
import { sleep } from "../lifetime/deadline.ts";
import { TaskGroup } from "../lifetime/task-group.ts";
import { LOG_START, newestTimestamp } from "../resume/position.ts";
import type { Position } from "../resume/position.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { BatchBuffer } from "../queue/buffer.ts";
import { Consumer } from "../queue/consumer.ts";
import { ContainerSight } from "../container/container-sight.ts";
import { ContainerState } from "../container/container-state.ts";
import { asFailure, closedError } from "./failures.ts";
import { endedEarly } from "../stream/failures.ts";
import { FollowedLog } from "../stream/followed-log.ts";
import { sleepOrRecover } from "./host.ts";
import type { Finding, SourceHost } from "./host.ts";
import { LogReader } from "../stream/log-reader.ts";
import type { ResolvedOptions } from "./options.ts";
import { mayHaveRunAgain } from "../container/later-run.ts";
import type { Reading } from "../lines/reading.ts";
import type { EndReason, Rotation, SourceState, SourceStats, SourceStatus } from "./status.ts";
import { ChangeWatch } from "../container/change-watch.ts";
import type { Change } from "../container/change-watch.ts";
import { StreamSession } from "../stream/stream-session.ts";
import { StreamLife } from "./stream-life.ts";
import { TurnKeeper } from "./turn.ts";
import { Watchdog } from "./watchdog.ts";

/** The name of the task that reads. */
const READER = "reader";
/** After a stream that ended while its container ran: how long from one look to the next. */
const LOOK_LATER_MS = [500, 1_000, 2_000, 4_000] as const;
/** An engine may fail to remove a container, and call it "removing" for ever. */
const LOOKS_AT_REMOVAL = 10;
/** A stream that lived so long was a good one: whatever ended it is no reason to wait longer than at first. */
const LONG_LIFE_MS = 10_000;

/**
 * Captures one container's log into a buffer: finds the container, opens one stream after the other, waits while it is
 * stopped, and ends when it is gone or the source is closed.
 */
export class Capture {
  readonly buffer: BatchBuffer;
  readonly consumer: Consumer;
  readonly ended: Promise<EndReason>;
  readonly #container: string;
  readonly #options: ResolvedOptions;
  readonly #emit: (status: SourceStatus) => void;
  readonly #host: SourceHost;
  readonly #known: ContainerState;
  readonly #sight: ContainerSight;
  readonly #turn: TurnKeeper;
  readonly #life = new TaskGroup("source");
  readonly #stream: StreamLife;
  readonly #backoff: Backoff;
  readonly #watchdog: Watchdog;
  readonly #unlink: () => void;
  #resolveEnded: (reason: EndReason) => void = () => {};
  #state: SourceState = "idle";
  #end: EndReason | undefined;
  #log: FollowedLog | undefined;
  /** Reading goes on where it was left: by option `resume`, or by a checkpoint. */
  #isResumed: boolean;
  #session: StreamSession | undefined;
  #openedAt: number | undefined;
  /** The latest stream ended by itself, and nothing was seen of the container since. */
  #hasStreamEnded = false;
  /** The latest follow came to its proper end, which on this engine is the log's. */
  #hasFollowedToEnd = false;
  readonly #counts = { reconnects: 0, stalls: 0, gaps: 0 };
  #lastByteAt: number | undefined;

  constructor(
    container: string,
    options: ResolvedOptions,
    host: SourceHost,
    emit: (status: SourceStatus) => void,
  ) {
    this.#container = container;
    this.#options = options;
    this.#emit = emit;
    this.#isResumed = options.resume !== undefined || host.finding?.isResumed === true;
    this.#known = new ContainerState(emit);
    this.#host = host;
    this.#sight = new ContainerSight(host);
    this.#turn = new TurnKeeper(host.turns, {
      stream: () => (this.#state === "streaming" ? this.#stream.progress : undefined),
      queued: () => this.#queued(),
      wanted: () => {
        if (this.#state === "streaming") void this.#stream.closeSoon();
      },
    });
    this.#backoff = new Backoff(options.reconnect);
    this.#watchdog = new Watchdog(options, () => this.#rotateByItself());
    this.#stream = new StreamLife({
      timeoutMs: options.rotateTimeoutMs,
      emit,
      isBlocked: () => this.buffer.full,
      container: () => this.info?.id ?? container,
    });
    this.buffer = new BatchBuffer(options.bufferBytes, host);
    this.consumer = new Consumer(this.buffer, () => host.checkpoint?.moved());
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#adopt(host.finding);
    const { signal } = options;
    this.#unlink = onAbort(signal, () => {
      this.buffer.abandon(signal?.reason);
      this.consumer.abort();
      // Whatever outlives the deadline is named by close(), which the caller may still await.
      this.stop({ kind: "aborted", reason: signal?.reason }).catch(() => {});
    });
  }

  /** It is being closed, or has ended. */
  get isEnding(): boolean {
    return this.#end !== undefined;
  }

  get info(): ContainerInfo | undefined {
    return this.#known.info;
  }

  /** Behind what was read, where another source would go on. */
  get place(): Position {
    return this.#reading?.position ?? LOG_START;
  }

  /** The engine's events tell of a new name. */
  renamed(name: string): void {
    this.#known.renamed(name);
    if (this.#reading !== undefined && this.info !== undefined) this.#reading.info = this.info;
  }

  /** The engine's events tell of a start. */
  started(by: number): void {
    this.#known.startsBy(by);
  }

  /** Something happened to the container, or may have. */
  changed(): void {
    this.#sight.changed();
  }

  /** The current stream's tasks. */
  get tasks(): TaskGroup {
    return this.#stream.tasks;
  }

  get stats(): SourceStats {
    return {
      ...this.#counts,
      state: this.#state,
      generation: this.#stream.generation,
      rotations: this.#stream.rotations,
      turns: this.#turn.taken,
      lines: this.#reading?.lines ?? 0,
      bytes: this.#reading?.bytes ?? 0,
      delivered: this.consumer.delivered,
      bufferedBytes: this.buffer.bytes,
      tasks: this.#life.size + this.tasks.size,
      sockets: this.#host.sockets(this.tasks.names.includes(READER)),
      lastByteAt: this.#lastByteAt,
      lastDeliveryAt: this.consumer.lastDeliveryAt,
    };
  }

  /** Begins, when the first record is asked for. */
  start(): void {
    if (this.#state !== "idle" || this.#end !== undefined) return;
    this.#state = "opening";
    void this.#life.run("capture", async (signal) => {
      try {
        this.#finish(await this.#run(signal));
      } catch (error) {
        this.#finish(this.#end ?? { kind: "failed", error: asFailure(error, this.#container) });
      } finally {
        this.#turn.end();
      }
    });
  }

  rotate(): Promise<Rotation> {
    if (this.#end !== undefined) return Promise.reject(closedError(this.#container));
    if (this.#stream.rotation !== undefined) return this.#stream.rotation;
    if (this.#state === "idle" || this.#state === "stopped" || this.#state === "waiting")
      return this.#stream.nothingToRotate();
    const rotation = this.#stream.request();
    if (this.#state !== "reconnecting") {
      this.#state = "rotating";
      this.#emit({ type: "rotating", generation: this.#stream.generation });
      void this.#stream.closeSoon();
    }
    return rotation;
  }

  /** @throws DockspoolError TASKS_STILL_RUNNING; the source has ended all the same */
  async stop(reason: EndReason): Promise<void> {
    this.#end ??= reason;
    const { rotateTimeoutMs } = this.#options;
    const life = this.#life.close({
      reason: closedError(this.#container),
      timeoutMs: rotateTimeoutMs,
    });
    const [tasks, lost] = await Promise.allSettled([this.#stream.close(), life]);
    this.#finish(this.#end);
    if (tasks.status === "fulfilled" && tasks.value !== undefined) throw tasks.value;
    if (lost.status === "rejected") throw lost.reason;
  }

  async #run(signal: AbortSignal): Promise<EndReason> {
    for (;;) {
      try {
        const inspection = await this.#inspect(signal);
        await this.#resume(inspection, signal);
        const isRestart = inspection.running && this.#known.runs(inspection.startedAt);
        if (isRestart && inspection.startedAt !== undefined)
          this.#reading?.startsRun(inspection.startedAt);
        if (inspection.running && this.#options.follow) {
          if (this.#hasStreamEnded && !isRestart) {
            await this.#backOff(endedEarly(inspection), signal);
            this.#lookLater();
          } else if (!(await this.#waitForTurn(signal))) {
            await this.#follow(inspection, signal);
          }
          continue;
        }
        if (!this.#known.isStopped && (await this.#waitForTurn(signal))) continue;
        const end = await this.#awaitRestart(inspection, signal);
        if (end !== undefined) return end;
      } catch (error) {
        signal.throwIfAborted();
        const isStuck = this.#known.looksWhileRemoved > LOOKS_AT_REMOVAL;
        const isGone = DockspoolError.is(error, "CONTAINER_NOT_FOUND") || isStuck;
        if (isGone && this.#reading !== undefined) {
          const complete = await this.#isComplete(signal);
          this.#reading.endOpenLines();
          return { kind: "removed", complete };
        }
        if (!DockspoolError.is(error) || !error.transient) throw error;
        await this.#backOff(error, signal);
      }
    }
  }

  /** Goes on where another process left off. */
  async #resume({ info }: Inspection, signal: AbortSignal): Promise<void> {
    if (this.#reading?.position !== undefined) return;
    const position = await this.#host.checkpoint?.load?.(info.id, signal);
    if (position === undefined || this.#options.resume !== undefined) return;
    this.#isResumed = true;
    this.#reading?.begin({ position });
  }

  /** A container that is being restarted may still be shown as it was, and the next stream goes on over its start. */
  #lookLater(): void {
    if (this.#life.names.includes("look")) return;
    const look = this.#life.run("look", async (signal) => {
      for (const delayMs of LOOK_LATER_MS) {
        await sleep(delayMs, signal);
        const { running, startedAt } = await this.#look(signal);
        if (!running || this.#known.runs(startedAt)) return;
      }
    });
    // What is wrong then ends the stream, too.
    look.catch(() => {});
  }

  /** Whether the log of a container that is gone was read to its end. */
  async #isComplete(signal: AbortSignal): Promise<boolean> {
    if (this.#known.isReadToEnd || !this.#hasFollowedToEnd) return this.#known.isReadToEnd;
    const { info, startedAt } = this.#known;
    const newest =
      this.#reading?.position === undefined ? undefined : newestTimestamp(this.#reading.place);
    return (
      info !== undefined &&
      !(await mayHaveRunAgain(this.#host.client, info.id, startedAt, newest, signal))
    );
  }

  /** What is known before the first look. */
  #adopt(finding: Finding | undefined): void {
    if (finding === undefined) return;
    const { inspection, start, startedBy } = finding;
    this.#turn.headStart = finding.headStart;
    this.#saw(inspection);
    this.#reading?.begin(start);
    if (finding.isUrgent === true) this.#turn.interest = "started";
    if (startedBy !== undefined) this.#known.begins(startedBy);
  }

  async #inspect(signal: AbortSignal): Promise<Inspection> {
    const { unchanged } = this.#sight;
    return unchanged !== undefined && !this.#hasStreamEnded ? unchanged : this.#look(signal);
  }

  async #look(signal: AbortSignal): Promise<Inspection> {
    const container = this.info?.id ?? this.#container;
    return this.#saw(await this.#sight.look(container, this.#turn.isHeld, signal));
  }

  #saw(inspection: Inspection): Inspection {
    const info = this.#known.looked(inspection);
    this.#log ??= new FollowedLog(inspection, this.#options, {
      buffer: this.buffer,
      consumer: this.consumer,
      truncated: ({ timestamp, bytes }) => this.#emit({ type: "truncated", timestamp, bytes }),
      quietSince: () => this.#quietSince,
    });
    this.#log.reading.info = info;
    return inspection;
  }

  get #reading(): Reading | undefined {
    return this.#log?.reading;
  }

  /** Since when it has been listened to what comes; undefined while nothing can come. */
  get #quietSince(): number | undefined {
    if (this.#state === "streaming" && !this.buffer.needsRoom) return this.#session?.listensSince;
    // Its last turn brought nothing, and the next one comes when others allow it.
    return this.#state === "waiting" && this.#turn.interest === "idle" ? -Infinity : undefined;
  }

  /** One generation after the other, as long as only rotations end them, and as long as its turn lasts. */
  async #follow(inspection: Inspection, signal: AbortSignal): Promise<void> {
    this.#hasStreamEnded = false;
    for (;;) {
      if (await this.#turn.pass(signal)) return;
      const session = this.#openSession(inspection);
      const end = await this.#readerTask((task) => session.follow(task));
      signal.throwIfAborted();
      if (end !== "rotated") {
        this.#hasFollowedToEnd = end === "complete" && inspection.traits.followReachesEnd;
        this.#hasStreamEnded = true;
        return;
      }
    }
  }

  /** Reads what a stopped container left, and waits for its next start. */
  async #awaitRestart(inspection: Inspection, signal: AbortSignal): Promise<EndReason | undefined> {
    if (!this.#options.follow) return this.#readToEnd(inspection, signal);
    const watch = new ChangeWatch(this.#host, inspection, signal);
    let change: Change;
    try {
      const end = await this.#readToEnd(inspection, signal);
      if (end !== undefined || !this.#known.isStopped) return end;
      this.#turn.give();
      change = await watch.change;
      this.#sight.changed();
    } finally {
      await watch.close();
    }
    // It may have run in between, or runs.
    if (change !== "removed") this.#known.isReadToEnd = false;
    if (typeof change === "string" || inspection.info.tty) return undefined;
    // A container that lives for milliseconds is gone before it could be looked at.
    this.#known.started(change.startedBy);
    this.#turn.interest = "started";
    if (await this.#waitForTurn(signal)) return undefined;
    await this.#follow({ ...inspection, running: true }, signal);
    return undefined;
  }

  /** Reads what a stopped container left or, without `follow`, what there is. */
  async #readToEnd(inspection: Inspection, signal: AbortSignal): Promise<EndReason | undefined> {
    const { follow, followRestarts } = this.#options;
    const wasStopped = this.#known.isStopped;
    if (!wasStopped) {
      const session = this.#openSession(inspection);
      const end = await this.#readerTask(async (task) => {
        // An end proves nothing: only a reread that brings nothing new does.
        while ((await session.readToEnd(task)) > 0 && !inspection.running);
      });
      signal.throwIfAborted();
      if (end === "rotated") {
        await this.#turn.pass(signal);
        return undefined;
      }
      if (!inspection.running && !(await this.#isStill(inspection, signal))) return undefined;
      this.#reading?.endOpenLines();
      if (!follow) return { kind: "finished" };
    }
    this.#state = "stopped";
    this.#backoff.reset();
    if (!wasStopped) this.#known.stopped(inspection.startedAt);
    this.#stream.settle(false);
    return followRestarts ? undefined : { kind: "stopped" };
  }

  /** Whether a line that is open was left open by the run that has ended, and not begun by one that has started since. */
  async #isStill({ startedAt }: Inspection, signal: AbortSignal): Promise<boolean> {
    if (this.#reading?.position?.open.length === 0) return true;
    try {
      const now = await this.#look(signal);
      return !now.running && now.startedAt === startedAt;
    } catch (error) {
      if (DockspoolError.is(error, "CONTAINER_NOT_FOUND")) return true;
      throw error;
    }
  }

  /** True where it had to wait: what was seen of the container before may not be so any more. */
  async #waitForTurn(signal: AbortSignal): Promise<boolean> {
    const waited = await this.#turn.take(signal);
    if (waited) this.#hasStreamEnded = false;
    return waited;
  }

  #queued(): void {
    this.#state = "waiting";
    this.#emit({ type: "waiting" });
    this.#stream.settle(false);
  }

  #openSession(inspection: Inspection): StreamSession {
    this.#stream.progress.opening();
    this.#hasFollowedToEnd = false;
    if (this.#state !== "rotating") this.#state = "opening";
    const log = this.#log;
    if (log === undefined) throw new TypeError("The container was not inspected.");
    const sawBytes = (): void => {
      this.#lastByteAt = Date.now();
      this.#watchdog.sawBytes(this.#lastByteAt);
    };
    const held = this.#turn.takeHeld();
    const reader = new LogReader(this.#host.client, inspection, sawBytes, held);
    this.#session = new StreamSession({
      reader,
      log,
      buffer: this.buffer,
      options: this.#options,
      events: {
        aligned: (aligned) => this.#opened(aligned),
        fresh: (first) => this.#sawEntries(first),
        gap: (after, before) => {
          this.#counts.gaps++;
          this.#emit({ type: "gap", after, ...(before === undefined ? {} : { before }) });
        },
        engineError: (message) => this.#emit({ type: "engine-error", message }),
      },
    });
    return this.#session;
  }

  /** Runs the one reader that may exist, then ends its generation. Resolves only once the reader has ended. */
  async #readerTask<T>(read: (signal: AbortSignal) => Promise<T>): Promise<T | "rotated"> {
    // What is closed in this moment opens no group that nobody would close.
    this.#life.signal.throwIfAborted();
    const tasks = this.#stream.open();
    try {
      return await tasks.run(READER, read);
    } catch (error) {
      if (!tasks.signal.aborted) throw error;
      return "rotated";
    } finally {
      this.#watchdog.closed();
      await this.#stream.close();
    }
  }

  #opened(aligned: "exact" | "gap"): void {
    const isFirst = this.#stream.generation === 0 && !this.#isResumed;
    this.#stream.opened();
    this.#turn.opened();
    this.#state = "streaming";
    this.#openedAt = performance.now();
    this.#watchdog.opened();
    this.#emit({
      type: "opened",
      generation: this.#stream.generation,
      aligned: isFirst && aligned === "exact" ? "first" : aligned,
    });
    this.#stream.settle(true);
  }

  #rotateByItself(): void {
    // A failure is reported by its status.
    if (this.#state === "streaming") this.rotate().catch(() => {});
  }

  #sawEntries(first: string): void {
    this.#turn.interest = "active";
    this.#backoff.reset();
    this.#stream.progress.came();
    const silentMs = this.#watchdog.sawEntries(first);
    if (silentMs === undefined) return;
    this.#counts.stalls++;
    this.#emit({ type: "stalled", silentMs });
  }

  async #backOff(error: DockspoolError, signal: AbortSignal): Promise<void> {
    if (this.#openedAt !== undefined && performance.now() - this.#openedAt > LONG_LIFE_MS)
      this.#backoff.reset();
    this.#openedAt = undefined;
    this.#hasStreamEnded = false;
    this.#sight.changed();
    const { attempt, delayMs } = this.#backoff.next();
    this.#state = "reconnecting";
    this.#counts.reconnects++;
    this.#emit({ type: "reconnecting", attempt, delayMs, error });
    this.#turn.give();
    await sleepOrRecover(this.#host, delayMs, signal);
  }

  #finish(reason: EndReason): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#end ??= reason;
    this.#watchdog.closed();
    this.#unlink();
    this.#host.release();
    this.#stream.end(closedError(this.#container));
    if (reason.kind !== "aborted") this.#reading?.endBlocks();
    this.#reading?.close();
    this.buffer.end(reason.kind === "failed" ? { failure: { error: reason.error } } : {});
    if (reason.kind === "removed") this.#host.checkpoint?.gone();
    this.#emit({ type: "ended", reason });
    this.#resolveEnded(reason);
  }
}

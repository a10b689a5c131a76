import { ContainerView } from "../container/container-view.ts";
import { endsRun, mayEndRun } from "../container/run-watch.ts";
import type { ContainerEvent } from "../engine/events.ts";
import type { Inspection } from "../engine/inspection.ts";
import { onAbort } from "../lifetime/abort.ts";
import { TaskGroup } from "../lifetime/task-group.ts";
import { BatchBuffer } from "../queue/buffer.ts";
import { Consumer } from "../queue/consumer.ts";
import { LOG_START } from "../resume/position.ts";
import type { Position } from "../resume/position.ts";
import { FollowedLog } from "../stream/followed-log.ts";
import { LogClock } from "../stream/log-clock.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { Attempts } from "./attempts.ts";
import type { Trouble } from "./attempts.ts";
import { noteBirth } from "./birth.ts";
import { CaptureLoop } from "./capture-loop.ts";
import type { AboutContainer, RotationReason } from "./channels.ts";
import { CurrentPhase } from "./current-phase.ts";
import { asFailure, closedError } from "./failures.ts";
import { figuresOf, statsOf } from "./figures.ts";
import type { Measured, SourceFigures } from "./figures.ts";
import { adopted } from "./host.ts";
import type { Finding, SourceHost } from "./host.ts";
import type { ResolvedOptions } from "./options.ts";
import { LogWays } from "./log-ways.ts";
import type { OverdueTasks } from "./rotation.ts";
import { quietSince } from "./quiet.ts";
import type { EndReason, Rotation, SourceStats, SourceStatus } from "./status.ts";
import { Streams } from "./streams.ts";
import { TurnKeeper } from "./turn.ts";
import { steadyAt } from "../lifetime/steady-clock.ts";

/**
 * Captures one container's log into a buffer: finds the container, opens one stream after the other, waits while it is
 * stopped, and ends when it is gone or the source is closed. What it does is its phase (phase.ts).
 */
export class Capture {
  readonly buffer: BatchBuffer;
  readonly consumer: Consumer;
  readonly ended: Promise<EndReason>;
  readonly phase: CurrentPhase;
  readonly #container: string;
  readonly #options: ResolvedOptions;
  readonly #host: SourceHost;
  readonly #view: ContainerView;
  readonly #clock: LogClock;
  readonly #turn: TurnKeeper;
  readonly #ways: LogWays;
  readonly #life = new TaskGroup("source");
  readonly #streams: Streams;
  readonly #loop: CaptureLoop;
  readonly #attempts: Attempts;
  readonly #unlink: () => void;
  #resolveEnded: (reason: EndReason) => void = () => {};
  #log: FollowedLog | undefined;
  /** What the host held for this source is given up. */
  #released: Promise<void> | undefined;
  /** Reading goes on where it was left: by option `resume`, or by a checkpoint. */
  #isResumed: boolean;

  constructor(
    container: string,
    options: ResolvedOptions,
    host: SourceHost,
    emit: (status: SourceStatus) => void,
  ) {
    this.#container = container;
    this.#options = options;
    this.#host = host;
    this.#isResumed = options.resume !== undefined || host.finding?.isResumed === true;
    this.phase = new CurrentPhase({
      about: () => this.#about,
      isQuiet: () => this.#streams.isQuiet,
      emit,
    });
    this.#clock = new LogClock(host.client.clock);
    this.#view = new ContainerView(container, host, {
      known: (info) => {
        if (this.#log !== undefined) this.#log.reading.info = info;
      },
      renamed: (from, to) => this.phase.tell({ type: "renamed", from, to }),
      restarted: (exit) => this.phase.tell({ type: "restarted", ...exit }),
      healthChanged: (health) => this.phase.tell({ type: "health", health }),
    });
    this.#turn = new TurnKeeper(host.turns, {
      stream: () => (this.#streams.isOpen ? this.#streams.delay : undefined),
      queued: () =>
        this.phase.enter({ type: "waiting" }, { type: "waiting" }, ...this.#streams.notReopened()),
      wanted: () => {
        if (this.#streams.isOpen) void this.#streams.closeSoon("turn");
      },
    });
    this.#attempts = new Attempts(options.reconnect, host.finding?.trouble);
    this.buffer = new BatchBuffer(options.bufferBytes, host);
    this.#streams = new Streams({
      options,
      host,
      phase: this.phase,
      buffer: this.buffer,
      turn: this.#turn,
      attempts: this.#attempts,
      about: () => this.#about,
      isResumed: () => this.#isResumed,
    });
    this.#ways = new LogWays(
      options,
      host.client,
      this.#turn,
      (status) => this.phase.tell(status),
      () => this.#log?.cameAt ?? 0,
    );
    this.#loop = new CaptureLoop({
      options,
      host,
      phase: this.phase,
      view: this.#view,
      turn: this.#turn,
      streams: this.#streams,
      attempts: this.#attempts,
      ways: this.#ways,
      life: this.#life,
      log: () => this.#log,
      knows: (inspection) => this.#knows(inspection),
      resumed: () => {
        this.#isResumed = true;
      },
    });
    this.consumer = new Consumer(this.buffer, () => host.checkpoint?.moved());
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#adopt(host.finding);
    this.#unlink = onAbort(options.signal, () => {
      this.buffer.abandon(options.signal?.reason);
      this.consumer.abort();
      // Whatever outlives the deadline is named by close(), which the caller may still await.
      this.stop({ kind: "aborted", reason: options.signal?.reason }).catch(() => {});
    });
  }

  /** How long a stream's tasks may take to end, in milliseconds. */
  get rotateTimeoutMs(): number {
    return this.#options.rotateTimeoutMs;
  }

  /** When bytes came last, and when damaged ones, by `steadyNow()`. */
  get lastByteAt(): number | undefined {
    return this.#streams.counts.lastByteAt;
  }

  get damagedAt(): number | undefined {
    return this.#loop.damagedAt;
  }

  /** Since when its log's end can't be asked for, by `steadyNow()`. */
  get hiddenSince(): number | undefined {
    return this.#log?.tailBound.hiddenSince;
  }

  /** Since when the disk does not answer, by `steadyNow()`. */
  get awaitsDiskSince(): number | undefined {
    const since = this.#awaitsDiskSince;
    return since && steadyAt(since);
  }

  /** Tasks that outlived a rotation's deadline, and still run. */
  get overdue(): OverdueTasks | undefined {
    return this.#streams.overdue;
  }

  /** Why the log is not had; undefined where the last attempt was good. */
  get trouble(): Trouble | undefined {
    return this.#attempts.trouble;
  }

  /** It is being closed, or has ended. */
  get isEnding(): boolean {
    return this.phase.isEnding;
  }

  get info(): ContainerInfo | undefined {
    return this.#view.info;
  }

  /** Behind what was read, where another source would go on. */
  get place(): Position {
    return this.#log?.reading.position ?? LOG_START;
  }

  /** A list tells its name. */
  renamed(name: string): void {
    this.#view.renamed(name);
  }

  /** Its name as the engine says it now. Resolves with undefined where it is gone, and where the source ends before it is known. */
  lookAtName(): Promise<string | undefined> {
    return this.#loop.lookAtName();
  }

  /** The engine's events tell what happened to the container. */
  happened(event: ContainerEvent): void {
    this.#view.happened(event);
    if (event.action === "start") this.#loop.started();
    this.#streams.lookNow(mayEndRun(event));
    if (endsRun(event)) this.#streams.isToEnd();
  }

  /** Something happened to the container, or may have. `isMissing`: a list does not show it. */
  changed(isMissing = false): void {
    this.#view.changed();
    this.#streams.lookNow();
    if (isMissing) this.#streams.isToEnd();
  }

  /** The current stream's tasks; between streams, the next one's. */
  get tasks(): TaskGroup {
    return this.#streams.tasks;
  }

  get stats(): SourceStats {
    return statsOf(this.#measured);
  }

  /** What metrics show of it. */
  get figures(): SourceFigures {
    return figuresOf(this.#measured);
  }

  /** Begins, when the first record is asked for. */
  start(): void {
    if (this.phase.type !== "idle") return;
    this.phase.enter({ type: "locating" });
    void this.#life.run("capture", async (signal) => {
      try {
        this.#finish(await this.#loop.run(signal));
      } catch (error) {
        this.#finish({ kind: "failed", error: asFailure(error, this.#container) });
      } finally {
        this.#turn.end();
        // What goes on beside it is of no use any more.
        void this.#life.close({ reason: closedError(this.#container, this.phase.ending) });
      }
    });
  }

  rotate(why: RotationReason): Promise<Rotation> {
    return this.#streams.rotate(why);
  }

  /** @throws DockspoolError TASKS_STILL_RUNNING; the source has ended all the same */
  async stop(reason: EndReason): Promise<void> {
    this.phase.end(reason);
    const error = closedError(this.#container, this.phase.ending);
    const life = this.#life.close({ reason: error, timeoutMs: this.rotateTimeoutMs });
    const [tasks, lost] = await Promise.allSettled([this.#streams.end(), life]);
    this.#finish(reason);
    await this.#released;
    if (tasks.status === "fulfilled" && tasks.value.failure !== undefined)
      throw tasks.value.failure;
    if (lost.status === "rejected") throw lost.reason;
  }

  /** What is known before the first look. */
  #adopt(finding: Finding | undefined): void {
    if (finding === undefined) return;
    const { inspection, start, startedBy, isFromBefore = false } = finding;
    this.#turn.headStart = finding.headStart;
    const seen = adopted(finding);
    this.#view.saw(seen);
    this.#knows(seen);
    this.#log?.reading.begin(start);
    if (this.#log !== undefined) noteBirth(this.#log, finding);
    if (finding.isUrgent === true) this.#turn.interest = "started";
    if (startedBy === undefined) return;
    this.#view.runs.begins(startedBy, isFromBefore ? inspection.startedAt : undefined);
    // One that is about to start is not there to be looked at.
    if (startedBy !== Infinity) this.#loop.started();
  }

  #knows(inspection: Inspection): FollowedLog {
    this.#log ??= new FollowedLog(inspection, this.#host.client, this.#options, {
      buffer: this.buffer,
      consumer: this.consumer,
      truncated: ({ timestamp, bytes }) => this.phase.tell({ type: "truncated", timestamp, bytes }),
      quietSince: () => quietSince(this.#measured),
    });
    if (this.info !== undefined) this.#log.reading.info = this.info;
    return this.#log;
  }

  get #awaitsDiskSince(): number | undefined {
    return this.#streams.awaitsDiskSince ?? this.#ways.awaitsDiskSince;
  }

  get #measured(): Measured {
    return {
      host: this.#host,
      phase: this.phase,
      health: this.#view.health,
      reading: this.#log?.reading,
      streams: this.#streams,
      awaitsDiskSince: this.#awaitsDiskSince,
      turn: this.#turn,
      buffer: this.buffer,
      consumer: this.consumer,
      clock: this.#clock,
      reconnects: this.#loop.reconnects,
      tasks: this.#life.size,
      rotateTimeoutMs: this.rotateTimeoutMs,
    };
  }

  get #about(): AboutContainer {
    const { info } = this;
    return { container: info?.id ?? this.#container, info };
  }

  #finish(given: EndReason): void {
    if (this.phase.type === "ended") return;
    // The first cause counts.
    this.phase.end(given);
    const reason = this.phase.ending ?? given;
    this.#unlink();
    this.#released = this.#host.release();
    void this.#streams.end();
    if (reason.kind !== "aborted") this.#log?.reading.endBlocks();
    this.#log?.reading.close();
    this.buffer.end(reason.kind === "failed" ? { failure: { error: reason.error } } : {});
    if (reason.kind === "removed") this.#host.checkpoint?.gone();
    this.phase.ended();
    this.#resolveEnded(reason);
  }
}

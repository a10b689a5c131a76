import { ContainerView } from "../container/container-view.ts";
import type { Inspection } from "../engine/inspection.ts";
import { DockspoolError } from "../errors.ts";
import { onAbort } from "../lifetime/abort.ts";
import { Backoff } from "../lifetime/backoff.ts";
import { TaskGroup } from "../lifetime/task-group.ts";
import type { Reading } from "../lines/reading.ts";
import { BatchBuffer } from "../queue/buffer.ts";
import { Consumer } from "../queue/consumer.ts";
import { LOG_START, newestTimestamp } from "../resume/position.ts";
import type { Position } from "../resume/position.ts";
import { endedEarly } from "../stream/failures.ts";
import { FollowedLog } from "../stream/followed-log.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { CurrentPhase } from "./current-phase.ts";
import { asFailure, closedError } from "./failures.ts";
import { FaultLimit } from "./fault-limit.ts";
import { sleepOrRecover } from "./host.ts";
import type { Finding, SourceHost } from "./host.ts";
import { lookAgainAndAgain } from "./later-looks.ts";
import type { ResolvedOptions } from "./options.ts";
import { stateOf, waitsFor } from "./phase.ts";
import type { Phase } from "./phase.ts";
import type { EndReason, Rotation, SourceStats, SourceStatus } from "./status.ts";
import { Streams } from "./streams.ts";
import { TurnKeeper } from "./turn.ts";

/** What a pass through the phases came to. */
type Outcome =
  | { readonly type: "ended"; readonly reason: EndReason }
  /** A follow ended by itself, and nothing was seen of the container since. */
  | { readonly type: "stream ended" }
  | { readonly type: "look again" };

const LOOK_AGAIN: Outcome = { type: "look again" };

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
  readonly #turn: TurnKeeper;
  readonly #life = new TaskGroup("source");
  readonly #streams: Streams;
  readonly #backoff: Backoff;
  readonly #faults = new FaultLimit();
  readonly #unlink: () => void;
  #resolveEnded: (reason: EndReason) => void = () => {};
  #log: FollowedLog | undefined;
  /** Reading goes on where it was left: by option `resume`, or by a checkpoint. */
  #isResumed: boolean;
  #reconnects = 0;

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
    this.phase = new CurrentPhase({ container: () => this.#id, emit });
    this.#view = new ContainerView(container, host, {
      renamed: (from, to) => this.#renamed(from, to),
      restarted: () => this.phase.tell({ type: "restarted" }),
    });
    this.#turn = new TurnKeeper(host.turns, {
      stream: () => (this.phase.type === "following" ? this.#streams.delay : undefined),
      queued: () => this.#queued(),
      wanted: () => {
        if (this.phase.type === "following") void this.#streams.closeSoon("turn");
      },
    });
    this.#backoff = new Backoff(options.reconnect);
    this.buffer = new BatchBuffer(options.bufferBytes, host);
    this.#streams = new Streams({
      options,
      host,
      phase: this.phase,
      buffer: this.buffer,
      turn: this.#turn,
      backoff: this.#backoff,
      container: () => this.#id,
      isResumed: () => this.#isResumed,
    });
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
    return this.phase.isEnding;
  }

  get info(): ContainerInfo | undefined {
    return this.#view.info;
  }

  /** Behind what was read, where another source would go on. */
  get place(): Position {
    return this.#reading?.position ?? LOG_START;
  }

  /** The engine's events tell of a new name. */
  renamed(name: string): void {
    this.#view.renamed(name);
  }

  /** The engine's events tell of a start. */
  started(by: number): void {
    this.#view.runs.startsBy(by);
  }

  /** Something happened to the container, or may have. */
  changed(): void {
    this.#view.changed();
  }

  /** The current stream's tasks; between streams, the next one's. */
  get tasks(): TaskGroup {
    return this.#streams.tasks;
  }

  get stats(): SourceStats {
    const phase = this.phase.value;
    const { isReading, tasks, rotatesBy, ...streams } = this.#streams.stats;
    return {
      ...streams,
      state: stateOf(phase, this.#streams.isRotating),
      since: this.phase.since,
      waitsFor: waitsFor(phase),
      by: this.#by(phase, rotatesBy),
      via: streams.generation === 0 ? undefined : "engine",
      turns: this.#turn.taken,
      reconnects: this.#reconnects,
      lines: this.#reading?.lines ?? 0,
      bytes: this.#reading?.bytes ?? 0,
      delivered: this.consumer.delivered,
      bufferedBytes: this.buffer.bytes,
      tasks: this.#life.size + tasks,
      sockets: this.#host.sockets(isReading),
      lastDeliveryAt: this.consumer.lastDeliveryAt,
    };
  }

  /** Begins, when the first record is asked for. */
  start(): void {
    if (this.phase.type !== "idle") return;
    this.phase.enter({ type: "locating" });
    void this.#life.run("capture", async (signal) => {
      try {
        this.#finish(await this.#run(signal));
      } catch (error) {
        this.#finish({ kind: "failed", error: asFailure(error, this.#container) });
      } finally {
        this.#turn.end();
      }
    });
  }

  rotate(): Promise<Rotation> {
    return this.#streams.rotate();
  }

  /** @throws DockspoolError TASKS_STILL_RUNNING; the source has ended all the same */
  async stop(reason: EndReason): Promise<void> {
    this.phase.end(reason);
    const error = closedError(this.#container);
    const { rotateTimeoutMs } = this.#options;
    const life = this.#life.close({ reason: error, timeoutMs: rotateTimeoutMs });
    const [tasks, lost] = await Promise.allSettled([this.#streams.end(), life]);
    this.#finish(reason);
    if (tasks.status === "fulfilled" && tasks.value.failure !== undefined)
      throw tasks.value.failure;
    if (lost.status === "rejected") throw lost.reason;
  }

  async #run(signal: AbortSignal): Promise<EndReason> {
    let outcome: Outcome = LOOK_AGAIN;
    for (;;) {
      try {
        outcome = await this.#pass(outcome.type === "stream ended", signal);
        if (outcome.type === "ended") return outcome.reason;
      } catch (error) {
        signal.throwIfAborted();
        if (this.#view.isGone(error) && this.#reading !== undefined) return this.#removed(signal);
        if (!DockspoolError.is(error) || !this.#mayPass(error)) throw error;
        await this.#backOff(error, signal);
        outcome = LOOK_AGAIN;
      }
    }
  }

  /** Once through the phases: from what is known of the container to the end of a stream. */
  async #pass(isAfterStream: boolean, signal: AbortSignal): Promise<Outcome> {
    const inspection = await this.#locate(isAfterStream, signal);
    const { running, startedAt } = inspection;
    const isRestart = running && this.#view.runs.runs(startedAt);
    if (isRestart && startedAt !== undefined) this.#reading?.startsRun(startedAt);
    if (!running || !this.#options.follow) return this.#standStill(inspection, signal);
    if (isAfterStream && !isRestart) {
      await this.#backOff(endedEarly(inspection), signal);
      this.#lookLater();
      return LOOK_AGAIN;
    }
    if (await this.#turn.take(signal)) return LOOK_AGAIN;
    return this.#follow(inspection, signal);
  }

  /** What is known of the container, and where another process left off. */
  async #locate(isAfterStream: boolean, signal: AbortSignal): Promise<Inspection> {
    this.phase.enter({ type: "locating" });
    const known = isAfterStream ? undefined : this.#view.unchanged;
    const inspection = known ?? (await this.#view.look(this.#turn.isHeld, signal));
    this.#knows(inspection);
    if (this.#reading?.position !== undefined) return inspection;
    const position = await this.#host.checkpoint?.load?.(inspection.info.id, signal);
    if (position === undefined || this.#options.resume !== undefined) return inspection;
    this.#isResumed = true;
    this.#reading?.begin({ position });
    return inspection;
  }

  /** One generation after the other, as long as only rotations end them, and as long as its turn lasts. */
  async #follow(inspection: Inspection, signal: AbortSignal): Promise<Outcome> {
    const { runs } = this.#view;
    for (;;) {
      if (await this.#turn.pass(signal)) return LOOK_AGAIN;
      runs.opens();
      const end = await this.#streams.follow(inspection, this.#followed, signal);
      if (end === "closed") continue;
      if (end === "complete" && inspection.traits.followReachesEnd) this.#view.runs.followedToEnd();
      return { type: "stream ended" };
    }
  }

  /** Reads what a stopped container left, and waits for its next start. */
  async #standStill(inspection: Inspection, signal: AbortSignal): Promise<Outcome> {
    const { runs } = this.#view;
    if (!runs.isRead && (await this.#turn.take(signal))) return LOOK_AGAIN;
    if (!this.#options.follow) return (await this.#readToEnd(inspection, signal)) ?? LOOK_AGAIN;
    const watch = this.#view.watch(inspection, signal);
    try {
      const outcome = await this.#readToEnd(inspection, signal);
      if (outcome !== undefined) return outcome;
      this.#turn.give();
      const change = await watch.change;
      this.#view.changed();
      if (change.type !== "removed") runs.mayHaveRun();
      if (change.type !== "started" || inspection.info.tty) return LOOK_AGAIN;
      runs.started(change.by);
    } finally {
      await watch.close();
    }
    // A container that lives for milliseconds is gone before it could be looked at.
    this.#turn.interest = "started";
    if (await this.#turn.take(signal)) return LOOK_AGAIN;
    return this.#follow({ ...inspection, running: true }, signal);
  }

  /** Reads what a stopped container left or, without `follow`, what there is. Undefined once it is stopped. */
  async #readToEnd(inspection: Inspection, signal: AbortSignal): Promise<Outcome | undefined> {
    const { follow, followRestarts } = this.#options;
    const wasRead = this.#view.runs.isRead;
    if (!wasRead) {
      this.#view.runs.opens();
      const stands = (task: AbortSignal): Promise<boolean> =>
        this.#view.isUnchangedSince(inspection, task);
      const end = await this.#streams.readToEnd(inspection, this.#followed, stands, signal);
      if (end === "closed") await this.#turn.pass(signal);
      if (end !== "read") return LOOK_AGAIN;
      const hasOpenLines = (this.#reading?.position?.open.length ?? 0) > 0;
      // A line that is open was left so by the run that has ended, or begun by one that has started since.
      if (!inspection.running && hasOpenLines && !(await stands(signal))) return LOOK_AGAIN;
      this.#reading?.endOpenLines();
      if (!follow) return { type: "ended", reason: { kind: "finished" } };
    }
    this.#backoff.reset();
    this.#stopped(inspection, wasRead);
    return followRestarts ? undefined : { type: "ended", reason: { kind: "stopped" } };
  }

  #stopped({ startedAt }: Inspection, wasRead: boolean): void {
    if (!wasRead) this.#view.runs.read(startedAt);
    const statuses: SourceStatus[] = wasRead ? [] : [{ type: "stopped" }];
    this.phase.enter({ type: "stopped" }, ...statuses, ...this.#streams.notReopened());
  }

  /** The engine says that the container is gone. */
  async #removed(signal: AbortSignal): Promise<EndReason> {
    const { position } = this.#reading ?? {};
    const newest = position === undefined ? undefined : newestTimestamp(position);
    const complete = await this.#view.wasReadToEnd(newest, signal);
    this.#reading?.endOpenLines();
    return { kind: "removed", complete };
  }

  /** Another try may help. Damaged bytes may be a proxy's; where they stay, they are the log's. */
  #mayPass(error: DockspoolError): boolean {
    if (error.code === "PROTOCOL") return this.#faults.allows(this.#reading?.lines ?? 0);
    return error.transient;
  }

  /** A container that is being restarted may still be shown as it was, and the next stream goes on over its start. */
  #lookLater(): void {
    if (this.#life.names.includes("look")) return;
    const look = async (signal: AbortSignal): Promise<boolean> => {
      const { running, startedAt } = await this.#view.look(false, signal);
      return running && !this.#view.runs.runs(startedAt);
    };
    // What is wrong then ends the stream, too.
    this.#life.run("look", (signal) => lookAgainAndAgain(look, signal)).catch(() => {});
  }

  /** What is known before the first look. */
  #adopt(finding: Finding | undefined): void {
    if (finding === undefined) return;
    const { inspection, start, startedBy } = finding;
    this.#turn.headStart = finding.headStart;
    this.#view.saw(inspection);
    this.#knows(inspection);
    this.#reading?.begin(start);
    if (finding.isUrgent === true) this.#turn.interest = "started";
    if (startedBy !== undefined) this.#view.runs.begins(startedBy);
  }

  #knows(inspection: Inspection): void {
    this.#log ??= new FollowedLog(inspection, this.#options, {
      buffer: this.buffer,
      consumer: this.consumer,
      truncated: ({ timestamp, bytes }) => this.phase.tell({ type: "truncated", timestamp, bytes }),
      quietSince: () => this.#quietSince,
    });
    if (this.info !== undefined) this.#log.reading.info = this.info;
  }

  #renamed(from: string, to: string): void {
    if (this.#reading !== undefined && this.info !== undefined) this.#reading.info = this.info;
    this.phase.tell({ type: "renamed", from, to });
  }

  get #followed(): FollowedLog {
    if (this.#log === undefined) throw new TypeError("The container was not inspected.");
    return this.#log;
  }

  get #reading(): Reading | undefined {
    return this.#log?.reading;
  }

  get #id(): string {
    return this.info?.id ?? this.#container;
  }

  /** Since when it has been listened to what comes; undefined while nothing can come. */
  get #quietSince(): number | undefined {
    if (this.phase.type === "following" && !this.buffer.needsRoom)
      return this.#streams.listensSince;
    // Its last turn brought nothing, and the next one comes when others allow it.
    return this.phase.type === "waiting" && this.#turn.interest === "idle" ? -Infinity : undefined;
  }

  #queued(): void {
    this.phase.enter({ type: "waiting" }, { type: "waiting" }, ...this.#streams.notReopened());
  }

  async #backOff(error: DockspoolError, signal: AbortSignal): Promise<void> {
    this.#view.changed();
    const { attempt, delayMs } = this.#backoff.next();
    this.#reconnects++;
    this.#turn.give();
    const status = { type: "reconnecting", attempt, delayMs, error } as const;
    this.phase.enter(status, status);
    await sleepOrRecover(this.#host, delayMs, signal);
  }

  #finish(given: EndReason): void {
    if (this.phase.type === "ended") return;
    // The first cause counts.
    this.phase.end(given);
    const reason = this.phase.ending ?? given;
    this.#unlink();
    this.#host.release();
    void this.#streams.end();
    if (reason.kind !== "aborted") this.#reading?.endBlocks();
    this.#reading?.close();
    this.buffer.end(reason.kind === "failed" ? { failure: { error: reason.error } } : {});
    if (reason.kind === "removed") this.#host.checkpoint?.gone();
    this.phase.ended();
    this.#resolveEnded(reason);
  }

  /** When it does something else at the latest, in epoch milliseconds; undefined where that is for others to say. */
  #by(phase: Phase, rotatesBy: number | undefined): number | undefined {
    const { since } = this.phase;
    if (phase.type === "following") return rotatesBy;
    if (phase.type === "reconnecting") return since + phase.delayMs;
    return phase.type === "closing" ? since + this.#options.rotateTimeoutMs : undefined;
  }
}

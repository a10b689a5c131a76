import type { ContainerView } from "../container/container-view.ts";
import { neverStarted } from "../engine/inspection.ts";
import type { Inspection } from "../engine/inspection.ts";
import { DockspoolError } from "../errors.ts";
import type { TaskGroup } from "../lifetime/task-group.ts";
import { newestTimestamp } from "../resume/position.ts";
import { endedEarly } from "../stream/failures.ts";
import type { FollowedLog } from "../stream/followed-log.ts";
import type { Attempts } from "./attempts.ts";
import { START_TOLD_MS } from "../container/later-run.ts";
import type { CurrentPhase } from "./current-phase.ts";
import { FaultLimit } from "./fault-limit.ts";
import { adopted, sleepOrRecover } from "./host.ts";
import type { SourceHost } from "./host.ts";
import { lookAgainAndAgain } from "./later-looks.ts";
import { FollowLoop } from "./follow-loop.ts";
import { closeFirst } from "./log-ways.ts";
import type { LogWays, Way } from "./log-ways.ts";
import type { ResolvedOptions } from "./options.ts";
import type { EndReason, SourceStatus } from "./status.ts";
import type { Streams } from "./streams.ts";
import type { TurnKeeper } from "./turn.ts";

/** What a pass through the phases came to. */
type Outcome =
  | { readonly type: "ended"; readonly reason: EndReason }
  /** A follow ended by itself, and nothing was seen of the container since. */
  | { readonly type: "stream ended" }
  | { readonly type: "look again" };

const LOOK_AGAIN: Outcome = { type: "look again" };

interface Parts {
  readonly options: ResolvedOptions;
  readonly host: SourceHost;
  readonly phase: CurrentPhase;
  readonly view: ContainerView;
  readonly turn: TurnKeeper;
  readonly streams: Streams;
  readonly attempts: Attempts;
  readonly ways: LogWays;
  /** Runs what goes on beside the loop. */
  readonly life: TaskGroup;
  /** The container's log, known from its first look on. */
  readonly log: () => FollowedLog | undefined;
  readonly knows: (inspection: Inspection) => FollowedLog;
  /** Reading goes on where another process left off. */
  readonly resumed: () => void;
}

/** Leads a capture from one phase to the next: by what is known of the container, and by how its streams end. */
export class CaptureLoop {
  readonly #parts: Parts;
  readonly #options: ResolvedOptions;
  readonly #host: SourceHost;
  readonly #phase: CurrentPhase;
  readonly #view: ContainerView;
  readonly #turn: TurnKeeper;
  readonly #streams: Streams;
  readonly #faults = new FaultLimit();
  #reconnects = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#options = parts.options;
    this.#host = parts.host;
    this.#phase = parts.phase;
    this.#view = parts.view;
    this.#turn = parts.turn;
    this.#streams = parts.streams;
  }

  get #log(): FollowedLog {
    const log = this.#parts.log();
    if (log === undefined) throw new TypeError("The container was not looked at.");
    return log;
  }

  /** When damaged bytes came last, in epoch milliseconds. */
  get damagedAt(): number | undefined {
    return this.#faults.lastAt;
  }

  get reconnects(): number {
    return this.#reconnects;
  }

  /** @throws DockspoolError that no other try mends; the signal's reason */
  async run(signal: AbortSignal): Promise<EndReason> {
    try {
      return await this.#run(signal);
    } finally {
      await this.#parts.ways.end();
    }
  }

  async #run(signal: AbortSignal): Promise<EndReason> {
    let outcome: Outcome = LOOK_AGAIN;
    for (;;) {
      try {
        outcome = await this.#pass(outcome.type === "stream ended", signal);
        if (outcome.type === "ended") return outcome.reason;
      } catch (error) {
        signal.throwIfAborted();
        if (this.#view.isGone(error) && this.#parts.log() !== undefined)
          return this.#removed(signal);
        if (!DockspoolError.is(error) || !this.#mayPass(error)) throw error;
        await this.#backOff(error, signal);
        outcome = LOOK_AGAIN;
      }
    }
  }

  /** Once through the phases: from what is known of the container to the end of a stream. */
  async #pass(isAfterStream: boolean, signal: AbortSignal): Promise<Outcome> {
    const begun = isAfterStream ? undefined : await this.#parts.ways.standby.begun(signal);
    if (this.#phase.type !== "locating") this.#phase.enter({ type: "locating" });
    if (begun !== undefined) return this.#begin(begun, Infinity, signal);
    const handedOver = isAfterStream ? undefined : this.#parts.ways.standby.handedOver;
    const inspection = handedOver ?? (await this.#locate(isAfterStream, signal));
    const { running, startedAt } = inspection;
    const isRestart = running && this.#view.runs.sawRunning(startedAt);
    if (isRestart && startedAt !== undefined) this.#startsRun(startedAt);
    if (!running || !this.#options.follow) return this.#standStill(inspection, signal);
    if (isAfterStream && !isRestart) {
      await this.#backOff(endedEarly(inspection), signal);
      this.#lookLater();
      return LOOK_AGAIN;
    }
    const way = await this.#take(inspection, signal);
    return way === undefined ? LOOK_AGAIN : this.#follow(inspection, way, signal);
  }

  /** How to read next, with a turn where that needs one. Undefined where it had to wait for it. */
  async #take(inspection: Inspection, signal: AbortSignal): Promise<Way | undefined> {
    const { told } = this.#view.runs;
    const { headStart } = this.#turn;
    const { ways } = this.#parts;
    const { standby } = ways;
    const way = await ways.choose(inspection, { told, headStart }, signal);
    const isUnstarted = !inspection.running && neverStarted(inspection.startedAt);
    if (way?.via === "files") {
      const first = this.#turn.takeFirstFile() ?? (isUnstarted ? undefined : standby.take());
      return { ...way, first };
    }
    if (!isUnstarted) void standby.close();
    return way === undefined || (await this.#turn.take(signal)) ? undefined : way;
  }

  #startsRun(startedAt: string): void {
    const log = this.#parts.log();
    log?.reading.startsRun(startedAt);
    log?.birth.stayedEmpty(Date.parse(startedAt) - START_TOLD_MS);
  }

  /** What is known of the container, and where another process left off. */
  async #locate(isAfterStream: boolean, signal: AbortSignal): Promise<Inspection> {
    const { finding } = this.#host;
    // There may be no time for another look.
    const isUrgent = this.#turn.headStart !== undefined && finding !== undefined;
    const unchanged = isUrgent ? adopted(finding) : this.#view.unchanged;
    const known = isAfterStream ? undefined : unchanged;
    const inspection = known ?? (await this.#view.look(this.#turn.isHeld, signal));
    const { reading } = this.#parts.knows(inspection);
    if (reading.position !== undefined) return inspection;
    const position = await this.#host.checkpoint?.load?.(inspection.info.id, signal);
    if (position === undefined || this.#options.resume !== undefined) return inspection;
    this.#parts.resumed();
    reading.begin({ position });
    return inspection;
  }

  /** One generation after the other, as long as only rotations end them, and as long as its turn lasts. */
  async #follow(inspection: Inspection, way: Way, signal: AbortSignal): Promise<Outcome> {
    const end = await new FollowLoop(this.#parts, this.#log, inspection).run(way, signal);
    return end === "ended" ? { type: "stream ended" } : LOOK_AGAIN;
  }

  /** Reads what a stopped container left, and waits for its next start. */
  async #standStill(inspection: Inspection, signal: AbortSignal): Promise<Outcome> {
    const { runs } = this.#view;
    const { ways } = this.#parts;
    if (this.#options.follow) ways.standsStill(inspection);
    const way = runs.isRead ? undefined : await this.#take(inspection, signal);
    if (!runs.isRead && way === undefined) return LOOK_AGAIN;
    if (!this.#options.follow)
      return (await this.#readToEnd(inspection, way, signal)) ?? LOOK_AGAIN;
    const watch = this.#view.watch(inspection, signal);
    let startedBy: number;
    try {
      const outcome = await this.#readToEnd(inspection, way, signal);
      if (outcome !== undefined) return outcome;
      if (this.#view.seen.type === "gone" || this.#log.isMissing) watch.lookNow();
      this.#turn.give();
      const change = await watch.change;
      this.#view.changed();
      if (change.type !== "removed") runs.mayHaveRun();
      // Where its files are may be known only once it has started.
      const isToBeSeen = inspection.info.tty || (ways.takesFiles && !ways.isProved);
      if (change.type !== "started") return LOOK_AGAIN;
      if (isToBeSeen && !(await ways.standby.isFound(signal))) return LOOK_AGAIN;
      startedBy = change.by;
    } finally {
      await watch.close();
    }
    return this.#begin(inspection, startedBy, signal);
  }

  /** It has started since it was looked at. One that lives for milliseconds is gone before it could be looked at again. */
  async #begin(inspection: Inspection, startedBy: number, signal: AbortSignal): Promise<Outcome> {
    const { runs } = this.#view;
    if (runs.isRead) runs.started(startedBy);
    else runs.begins(startedBy, inspection.startedAt);
    if (startedBy !== Infinity) this.#parts.log()?.birth.stayedEmpty(startedBy - START_TOLD_MS);
    this.started();
    this.#turn.interest = "started";
    const started = { ...inspection, running: true };
    const way = await this.#take(started, signal);
    return way === undefined ? LOOK_AGAIN : this.#follow(started, way, signal);
  }

  /** Reads what a stopped container left or, without `follow`, what there is. Undefined once it is stopped. */
  async #readToEnd(
    inspection: Inspection,
    way: Way | undefined,
    signal: AbortSignal,
  ): Promise<Outcome | undefined> {
    const { follow, followRestarts } = this.#options;
    const wasRead = this.#view.runs.isRead;
    if (!wasRead && way !== undefined) {
      this.#view.runs.opens();
      const stands = (task: AbortSignal): Promise<boolean> =>
        this.#view.isUnchangedSince(inspection, task);
      const end = await this.#readWholly(inspection, way, stands, signal);
      if (end === "closed") await this.#turn.pass(signal);
      if (end !== "read") return LOOK_AGAIN;
      const hasOpenLines = this.#parts.log()?.reading.hasOpenLines === true;
      // A line that is open was left so by the run that has ended, or begun by one that has started since.
      if (!inspection.running && hasOpenLines && !(await stands(signal))) return LOOK_AGAIN;
      this.#parts.log()?.reading.endOpenLines();
      if (!follow) return { type: "ended", reason: { kind: "finished" } };
    }
    this.#parts.attempts.succeeded();
    this.#stopped(inspection, wasRead);
    return followRestarts ? undefined : { type: "ended", reason: { kind: "stopped" } };
  }

  /** Over rotations, as long as what is held open is read no other way. */
  async #readWholly(
    inspection: Inspection,
    way: Way,
    stands: (signal: AbortSignal) => Promise<boolean>,
    signal: AbortSignal,
  ): ReturnType<Streams["readToEnd"]> {
    const { held } = this.#parts.ways;
    try {
      for (;;) {
        const end = await this.#streams.readToEnd(inspection, this.#log, way, stands, signal);
        if (end !== "closed" || !(await held.areNeeded())) return end;
      }
    } finally {
      await closeFirst(way);
    }
  }

  #stopped({ startedAt, finishedAt, exit }: Inspection, wasRead: boolean): void {
    if (!wasRead) this.#view.runs.read(startedAt, finishedAt);
    const statuses: SourceStatus[] = wasRead ? [] : [{ type: "stopped", ...exit }];
    this.#phase.enter({ type: "stopped" }, ...statuses, ...this.#streams.notReopened());
  }

  /** The engine says that the container is gone. */
  async #removed(signal: AbortSignal): Promise<EndReason> {
    const log = this.#parts.log();
    const position = log?.reading.position;
    const newest = position === undefined ? undefined : newestTimestamp(position);
    const wasRead = await this.#view.wasReadToEnd(newest, signal);
    log?.takeKeptBack();
    log?.reading.endOpenLines();
    return { kind: "removed", complete: wasRead && log?.isDamagedAtEnd !== true };
  }

  /** Another try may help. Damaged bytes may be a proxy's; where they stay, they are the log's. */
  #mayPass(error: DockspoolError): boolean {
    if (error.code === "PROTOCOL")
      return this.#faults.allows(this.#parts.log()?.reading.made.lines ?? 0);
    if (error.code === "FILES_UNREADABLE") return this.#parts.ways.mayPass(error);
    return error.transient;
  }

  /** A container that is being restarted may still be shown as it was, and the next stream goes on over its start. */
  #lookLater(): void {
    if (this.#parts.life.names.includes("look")) return;
    const look = async (signal: AbortSignal): Promise<boolean> => {
      const { running, startedAt } = await this.#view.look(false, signal);
      return running && !this.#view.runs.sawRunning(startedAt);
    };
    // What is wrong then ends the stream, too.
    this.#parts.life.run("look", (signal) => lookAgainAndAgain(look, signal)).catch(() => {});
  }

  /** The container has started, which gives it other addresses. */
  started(): void {
    const { life } = this.#parts;
    if (!this.#host.client.givesDetails || life.signal.aborted) return;
    if (life.names.includes("details")) return;
    const look = (signal: AbortSignal): Promise<unknown> => this.#view.look(false, signal);
    // What is wrong then ends the stream, too.
    life.run("details", look).catch(() => {});
  }

  /** Its name as the engine says it now. Resolves with undefined where it is gone, and where the source ends before it is known. */
  async lookAtName(): Promise<string | undefined> {
    const { life } = this.#parts;
    if (life.signal.aborted) return undefined;
    return life
      .run("look at the name", (signal) => this.#lookAtName(signal))
      .catch(() => undefined);
  }

  async #lookAtName(signal: AbortSignal): Promise<string | undefined> {
    const { maxDelayMs } = this.#options.reconnect;
    for (;;) {
      try {
        return (await this.#view.look(false, signal)).info.name;
      } catch (error) {
        if (DockspoolError.is(error, "CONTAINER_NOT_FOUND")) {
          this.#streams.isToEnd();
          return undefined;
        }
        if (!DockspoolError.is(error) || !error.transient) throw error;
      }
      await sleepOrRecover(this.#host, maxDelayMs, signal);
    }
  }

  async #backOff(error: DockspoolError, signal: AbortSignal): Promise<void> {
    this.#view.changed();
    this.#parts.log()?.soundness.doubt();
    const { attempt, delayMs } = this.#parts.attempts.failed(error);
    this.#reconnects++;
    this.#turn.give();
    const status = { type: "reconnecting", attempt, delayMs, error } as const;
    this.#phase.enter(status, status);
    await sleepOrRecover(this.#host, delayMs, signal);
  }
}

// Longer than other files: what one stream does from its opening to its end is read in one place.
import type { BodyEnd } from "../engine/body.ts";
import type { Inspection } from "../engine/inspection.ts";
import type { TaskGroup } from "../lifetime/task-group.ts";
import { printable } from "../printable.ts";
import type { BatchBuffer } from "../queue/buffer.ts";
import type { FollowedLog } from "../stream/followed-log.ts";
import { LogClock } from "../stream/log-clock.ts";
import type { Via } from "../stream/log-reader.ts";
import type { StreamPhase } from "../stream/phase.ts";
import type { Attempts } from "./attempts.ts";
import type { AboutContainer, RotationReason } from "./channels.ts";
import { Generation } from "../stream/generation.ts";
import type { CurrentPhase } from "./current-phase.ts";
import { closedError } from "./failures.ts";
import type { SourceHost } from "./host.ts";
import type { Way } from "./log-ways.ts";
import { readerOf } from "./reader-of.ts";
import type { ResolvedOptions } from "./options.ts";
import type { ClosingFor } from "./phase.ts";
import { RotationDelay } from "./rotation-delay.ts";
import { StreamRotation } from "./rotation.ts";
import type { ClosedTasks, OverdueTasks } from "./rotation.ts";
import type { Rotation, SourceStatus } from "./status.ts";
import type { StreamCounts, StreamStats } from "./stream-stats.ts";
import type { TurnKeeper } from "./turn.ts";
import { Watchdog } from "./watchdog.ts";
import { steadyNow } from "../lifetime/steady-clock.ts";

/** The name of the task that reads. */
const READER = "reader";

interface Parts {
  readonly options: ResolvedOptions;
  readonly host: SourceHost;
  readonly phase: CurrentPhase;
  readonly buffer: BatchBuffer;
  readonly turn: TurnKeeper;
  readonly attempts: Attempts;
  readonly about: () => AboutContainer;
  /** Reading goes on where another process, or another source, left it. */
  readonly isResumed: () => boolean;
}

/** The streams of one container, one after the other: at most one is read at any moment. */
export class Streams {
  readonly delay: RotationDelay = new RotationDelay();
  readonly #parts: Parts;
  readonly #rotation: StreamRotation;
  readonly #watchdog: Watchdog;
  #generation: Generation | undefined;
  #via: Via | undefined;
  /** The generation that a reader which runs has opened, or is to open. */
  #openFrom = Infinity;
  readonly counts: StreamCounts = { stalls: 0, gaps: 0, lastByteAt: undefined };

  constructor(parts: Parts) {
    const { options, phase, buffer, host } = parts;
    const clock = new LogClock(host.client.clock);
    this.#parts = parts;
    this.#rotation = new StreamRotation({
      timeoutMs: options.rotateTimeoutMs,
      about: parts.about,
      failed: (error, survivors) => phase.tell({ type: "rotation-failed", error, survivors }),
    });
    this.#watchdog = new Watchdog(options, {
      // A failure is told by its status.
      rotate: (why) => void (phase.type !== "closing" && this.rotate(why).catch(() => {})),
      flowingSince: () => (buffer.state.type === "flowing" ? buffer.state.since : undefined),
      engineNow: () => clock.now(),
      answerMs: host.client.connectTimeoutMs,
    });
  }

  /** The current stream's tasks; between streams, the next one's. */
  get tasks(): TaskGroup {
    return this.#rotation.tasks;
  }

  /** A reader has found its place, whether it follows from there or catches up. */
  get isOpen(): boolean {
    return this.#parts.phase.type !== "closing" && this.#rotation.generation >= this.#openFrom;
  }

  /** The open one has brought what there was. */
  get isQuiet(): boolean {
    const { needsRoom, state } = this.#parts.buffer;
    const isFlowing = !needsRoom && state.type === "flowing";
    return this.isOpen && isFlowing && this.delay.hasBroughtAll(state.since);
  }

  get isRotating(): boolean {
    return this.#rotation.underWay !== undefined;
  }

  get stats(): StreamStats {
    const { generation, completed: rotations, names, running: tasks } = this.#rotation;
    return {
      stalls: this.counts.stalls,
      gaps: this.counts.gaps,
      generation,
      rotations,
      tasks,
      isReading: names.includes(READER),
      lastByteAt: this.counts.lastByteAt,
      rotatesBy: this.#watchdog.rotatesBy,
    };
  }

  /** How the latest one reads, or has read; undefined before the first. */
  get via(): Via | undefined {
    return this.#via;
  }

  /** Tasks that outlived a rotation's deadline, and still run. */
  get overdue(): OverdueTasks | undefined {
    return this.#rotation.overdue;
  }

  /** Since when what comes is listened to, by `performance.now()`; undefined while nothing can come. */
  get listensSince(): number | undefined {
    return this.#generation?.listensSince;
  }

  /** Since when the disk does not answer, by `performance.now()`. */
  get awaitsDiskSince(): number | undefined {
    return this.#generation?.awaitsDiskSince;
  }

  /** Something happened to the container, after which its run may be over, or not. */
  lookNow(mayHaveEnded = true): void {
    this.#generation?.lookNow(mayHaveEnded);
  }

  /** The container's run is over: what is open has an end. */
  isToEnd(): void {
    this.#watchdog.isToEnd();
  }

  rotate(why: RotationReason): Promise<Rotation> {
    const { phase, about } = this.#parts;
    if (phase.isEnding) return Promise.reject(closedError(about().container, phase.ending));
    if (this.#rotation.underWay !== undefined) return this.#rotation.underWay;
    switch (phase.type) {
      case "idle":
      case "stopped":
      case "waiting":
        return this.#rotation.nothingToRotate();
      // Joins what is under way.
      case "locating":
      case "reconnecting":
      case "closing":
        return this.#rotation.request(why);
      default: {
        const rotation = this.#rotation.request(why);
        phase.tell({ type: "rotating", generation: this.#rotation.generation });
        void this.closeSoon("rotation");
        return rotation;
      }
    }
  }

  /**
   * Follows the log until the stream ends, or is closed.
   *
   * @throws DockspoolError; the signal's reason
   */
  follow(
    inspection: Inspection,
    log: FollowedLog,
    way: Way,
    signal: AbortSignal,
  ): Promise<BodyEnd | "closed"> {
    const generation = this.#openGeneration(inspection, log, way);
    return this.#read((task) => generation.follow(task), signal);
  }

  /**
   * Reads the log to its end. An end proves nothing: only a reread that brings nothing new does. `isUnchanged`: the container
   * still stands still; whoever goes on writing has started again.
   *
   * @throws DockspoolError; the signal's reason
   */
  readToEnd(
    inspection: Inspection,
    log: FollowedLog,
    way: Way,
    isUnchanged: (signal: AbortSignal) => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<"read" | "restarted" | "closed"> {
    const generation = this.#openGeneration(inspection, log, way);
    const read = async (task: AbortSignal): Promise<"read" | "restarted"> => {
      for (let reads = 1; ; reads++) {
        const fresh = await generation.readToEnd(task);
        if (inspection.running) return "read";
        const mayRun = generation.sawStart || (reads > 1 && fresh > 0);
        if (mayRun && !(await isUnchanged(task))) return "restarted";
        if (fresh === 0) return "read";
      }
    };
    return this.#read(read, signal);
  }

  /** Lets the stream bring what was there when it opened, so that rotations without a pause do not keep all of it back. */
  async closeSoon(why: ClosingFor): Promise<void> {
    const { tasks } = this.#rotation;
    try {
      const { buffer, phase } = this.#parts;
      const isBlocked = (): boolean => buffer.full;
      const hasEnd = (): boolean => phase.type === "catching-up";
      await this.delay.over({ isBlocked, hasEnd }, tasks.signal);
    } catch {
      return; // The stream has ended by itself, or the source is closed.
    }
    if (this.#rotation.tasks === tasks) await this.#close(why);
  }

  /** There is no stream to open for now. What ends with that. */
  notReopened(): SourceStatus[] {
    const rotation = this.#rotation.settle(false);
    return rotation === undefined ? [] : [{ type: "rotated", rotation }];
  }

  /** There is no next stream. */
  end(): Promise<ClosedTasks> {
    this.#watchdog.closed();
    const { about, phase } = this.#parts;
    return this.#rotation.end(closedError(about().container, phase.ending));
  }

  #openGeneration(inspection: Inspection, log: FollowedLog, way: Way): Generation {
    const { host, buffer, options, phase, turn } = this.#parts;
    const { signal } = this.#rotation.tasks;
    this.delay.opening();
    const sawBytes = (): void => {
      this.counts.lastByteAt = steadyNow();
      this.#watchdog.sawBytes(this.counts.lastByteAt);
    };
    this.#via = way.via;
    const held = way.via === "engine" ? turn.takeHeld() : undefined;
    if (held !== undefined) log.birth.isWhole();
    const reader = readerOf(way, { client: host.client, inspection, log, held, sawBytes });
    this.#generation = new Generation({
      reader,
      log,
      buffer,
      options,
      events: {
        // A reader that can't end goes on while its stream is closed.
        phase: (next) => void (signal.aborted || this.#enter(next)),
        aligned: (aligned) => void (signal.aborted || this.#opened(aligned)),
        fresh: (first) => this.#sawEntries(first),
        gap: (after, before) => {
          this.counts.gaps++;
          phase.tell({ type: "gap", after, ...(before === undefined ? {} : { before }) });
        },
        engineError: (message) => phase.tell({ type: "engine-error", message: printable(message) }),
      },
    });
    return this.#generation;
  }

  /** Runs the one reader that may exist, then ends its stream. Resolves only once the reader has ended. */
  async #read<T>(
    read: (signal: AbortSignal) => Promise<T>,
    life: AbortSignal,
  ): Promise<T | "closed"> {
    // What is closed in this moment opens no stream that nobody would close.
    life.throwIfAborted();
    const tasks = this.#rotation.begin();
    const { generation } = this.#rotation;
    this.#openFrom = generation + 1;
    try {
      return await tasks.run(READER, read);
    } catch (error) {
      life.throwIfAborted();
      if (!tasks.signal.aborted) throw error;
      return "closed";
    } finally {
      this.#watchdog.closed();
      if (this.#rotation.generation > generation)
        this.#parts.attempts.lived(this.delay.openedForMs, tasks.signal.aborted);
      // Until then it counts as open: that all is read is known up to here.
      const closed = this.#close("end of the stream");
      this.#openFrom = Infinity;
      await closed;
    }
  }

  #close(why: ClosingFor): Promise<ClosedTasks> {
    const { phase } = this.#parts;
    if (phase.type !== "closing") phase.enter({ type: "closing", for: why });
    return this.#rotation.close(why !== "end of the stream");
  }

  #opened(aligned: "exact" | "gap"): void {
    const { phase, turn, isResumed } = this.#parts;
    const isFirst = this.#rotation.generation === 0 && !isResumed();
    const rotation = this.#rotation.opened();
    this.delay.opened();
    turn.opened();
    this.#watchdog.opened();
    const { generation } = this.#rotation;
    const how = isFirst && aligned === "exact" ? "first" : aligned;
    const statuses: SourceStatus[] = [{ type: "opened", generation, aligned: how }];
    if (rotation !== undefined) statuses.push({ type: "rotated", rotation });
    // Where nothing was read before, the place is found before there is an answer.
    if (phase.type === "following") phase.tell(...statuses);
    else phase.enter({ type: "catching-up", isOpened: true }, ...statuses);
  }

  #enter(next: StreamPhase): void {
    const { phase } = this.#parts;
    const { type } = phase;
    if (type === next.type) return;
    const isOpened = type === "following";
    phase.enter(next.type === "catching-up" ? { ...next, isOpened } : next);
  }

  #sawEntries(first: string): void {
    const { phase, turn, attempts } = this.#parts;
    turn.interest = "active";
    attempts.succeeded();
    this.delay.came();
    const silentMs = this.#watchdog.sawEntries(first);
    if (silentMs === undefined) return;
    this.counts.stalls++;
    phase.tell({ type: "stalled", silentMs });
  }
}

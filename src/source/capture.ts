import { EngineClient } from "../engine/engine-client.ts";
import type { Inspection } from "../engine/inspection.ts";
import { joiningOf } from "../engine/traits.ts";
import { DockspoolError } from "../errors.ts";
import { onAbort } from "../lifetime/abort.ts";
import { Backoff } from "../lifetime/backoff.ts";
import { sleep } from "../lifetime/deadline.ts";
import { TaskGroup } from "../lifetime/task-group.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { BatchBuffer } from "./buffer.ts";
import { Consumer } from "./consumer.ts";
import { LogReader } from "./log-reader.ts";
import type { ResolvedOptions } from "./options.ts";
import { Reading } from "./reading.ts";
import { RotationRequest } from "./rotation-request.ts";
import { StallProbe } from "./stall-probe.ts";
import type { EndReason, Rotation, SourceState, SourceStats, SourceStatus } from "./status.ts";
import { StreamSession } from "./stream-session.ts";
import { waitForChange } from "./stopped-container.ts";
import { Watchdog } from "./watchdog.ts";

/** What a container's latest run left: whether all of its log was read, so that nothing goes with it. */
type LogEnd = "unknown" | "read";

/**
 * Captures one container's log into a buffer: finds the container, opens one stream after the other, waits while it is
 * stopped, and ends when it is gone or the source is closed.
 */
export class Capture {
  readonly buffer: BatchBuffer;
  readonly consumer: Consumer;
  readonly ended: Promise<EndReason>;
  tasks: TaskGroup = new TaskGroup("stream");
  info: ContainerInfo | undefined;
  readonly #container: string;
  readonly #options: ResolvedOptions;
  readonly #emit: (status: SourceStatus) => void;
  readonly #client: EngineClient;
  readonly #life = new TaskGroup("source");
  readonly #backoff: Backoff;
  readonly #watchdog: Watchdog;
  readonly #unlink: () => void;
  #resolveEnded: (reason: EndReason) => void = () => {};
  #state: SourceState = "idle";
  #end: EndReason | undefined;
  #reading: Reading | undefined;
  #rotation: RotationRequest | undefined;
  #closing: { readonly tasks: TaskGroup; readonly settled: Promise<DockspoolError | undefined> } | undefined;
  #probe: StallProbe | undefined;
  #startedAt: string | undefined;
  #logEnd: LogEnd = "unknown";
  #generation = 0;
  #rotations = 0;
  #reconnects = 0;
  #stalls = 0;
  #gaps = 0;
  #lastByteAt: number | undefined;

  constructor(container: string, options: ResolvedOptions, emit: (status: SourceStatus) => void) {
    this.#container = container;
    this.#options = options;
    this.#emit = emit;
    this.#client = new EngineClient(options.engine);
    this.#backoff = new Backoff(options.reconnect);
    this.#watchdog = new Watchdog(options, (silentMs) => this.#rotateByItself(silentMs));
    this.buffer = new BatchBuffer(options.bufferBytes);
    this.consumer = new Consumer(this.buffer);
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    const { signal } = options;
    this.#unlink = onAbort(signal, () => {
      this.buffer.abandon(signal?.reason);
      // Whatever outlives the deadline is named by close(), which the caller may still await.
      this.stop({ kind: "aborted", reason: signal?.reason }).catch(() => {});
    });
  }

  get stats(): SourceStats {
    return {
      state: this.#state,
      generation: this.#generation,
      lines: this.#reading?.lines ?? 0,
      bytes: this.#reading?.bytes ?? 0,
      delivered: this.consumer.delivered,
      bufferedBytes: this.buffer.bytes,
      rotations: this.#rotations,
      turns: 0,
      reconnects: this.#reconnects,
      stalls: this.#stalls,
      gaps: this.#gaps,
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
      }
    });
  }

  rotate(): Promise<Rotation> {
    if (this.#end !== undefined) return Promise.reject(this.#closedError());
    if (this.#rotation !== undefined) return this.#rotation.promise;
    const request = new RotationRequest();
    if (this.#state === "idle" || this.#state === "stopped") {
      request.finish(this.info?.id ?? this.#container, this.#generation, false);
      return request.promise;
    }
    this.#rotation = request;
    if (this.#state !== "reconnecting") {
      this.#state = "rotating";
      this.#emit({ type: "rotating", generation: this.#generation });
      void this.#closeTasks();
    }
    return request.promise;
  }

  /** @throws DockspoolError TASKS_STILL_RUNNING; the source has ended all the same */
  async stop(reason: EndReason): Promise<void> {
    this.#end ??= reason;
    const { rotateTimeoutMs } = this.#options;
    const life = this.#life.close({ reason: this.#closedError(), timeoutMs: rotateTimeoutMs });
    const [survivors, lost] = await Promise.allSettled([this.#closeTasks(), life]);
    this.#finish(this.#end);
    if (survivors.status === "fulfilled" && survivors.value !== undefined) throw survivors.value;
    if (lost.status === "rejected") throw lost.reason;
  }

  async #run(signal: AbortSignal): Promise<EndReason> {
    let streamEnded = false;
    for (;;) {
      try {
        const inspection = await this.#inspect(signal);
        const isRestart = this.#noteStart(inspection);
        if (inspection.running && this.#options.follow) {
          if (streamEnded && !isRestart) await this.#backOff(endedEarly(inspection), signal);
          streamEnded = false;
          await this.#follow(inspection, signal);
          streamEnded = true;
        } else {
          const end = await this.#readToEnd(inspection, signal);
          if (end !== undefined) return end;
        }
      } catch (error) {
        signal.throwIfAborted();
        streamEnded = false;
        if (DockspoolError.is(error, "CONTAINER_NOT_FOUND") && this.#reading !== undefined) {
          this.#reading.endOpenLines();
          return { kind: "removed", complete: this.#logEnd === "read" };
        }
        if (!DockspoolError.is(error) || !error.transient) throw error;
        await this.#backOff(error, signal);
      }
    }
  }

  async #inspect(signal: AbortSignal): Promise<Inspection> {
    const inspection = await this.#client.inspect(this.info?.id ?? this.#container, signal);
    const { info, removing } = inspection;
    const before = this.info;
    this.info = before !== undefined && before.name === info.name ? before : info;
    if (before !== undefined && before.name !== info.name) {
      this.#emit({ type: "renamed", from: before.name, to: info.name });
    }
    if (removing) {
      throw new DockspoolError("ENGINE_RESPONSE", `Container ${info.name} is being removed.`, {
        container: info.id,
        transient: true,
      });
    }
    if (this.#reading === undefined) {
      this.#reading = new Reading(info, joiningOf(inspection.traits, info.logDriver), this.#options, {
        buffer: this.buffer,
        consumer: this.consumer,
        truncated: ({ timestamp, bytes }) => this.#emit({ type: "truncated", timestamp, bytes }),
      });
    }
    this.#reading.info = this.info;
    return inspection;
  }

  /** True where the container has started again since the last look. */
  #noteStart(inspection: Inspection): boolean {
    if (!inspection.running || inspection.startedAt === this.#startedAt) return false;
    const isRestart = this.#startedAt !== undefined;
    this.#startedAt = inspection.startedAt;
    this.#logEnd = "unknown";
    if (isRestart) this.#emit({ type: "restarted" });
    return isRestart;
  }

  /** One generation after the other, as long as only rotations end them. */
  async #follow(inspection: Inspection, signal: AbortSignal): Promise<void> {
    for (;;) {
      const session = this.#openSession(inspection);
      const end = await this.#readerTask((task) => session.follow(task));
      signal.throwIfAborted();
      if (end !== "rotated") {
        if (end === "complete" && inspection.traits.followReachesEnd) this.#logEnd = "read";
        return;
      }
    }
  }

  /** Reads what a stopped container left (or, without `follow`, what there is), then waits for its next start. */
  async #readToEnd(inspection: Inspection, signal: AbortSignal): Promise<EndReason | undefined> {
    const { follow, followRestarts } = this.#options;
    if (this.#logEnd === "unknown" || this.#state !== "stopped") {
      const session = this.#openSession(inspection);
      const end = await this.#readerTask(async (task) => {
        // An end proves nothing: only a reread that brings nothing new does.
        while ((await session.readToEnd(task)) > 0 && !inspection.running);
        return "complete" as const;
      });
      signal.throwIfAborted();
      if (end === "rotated") return undefined;
      this.#reading?.endOpenLines();
    }
    if (!follow) return { kind: "finished" };
    this.#logEnd = "read";
    this.#startedAt ??= inspection.startedAt;
    this.#settleRotation(false);
    if (this.#state !== "stopped") {
      this.#state = "stopped";
      this.#emit({ type: "stopped" });
    }
    if (!followRestarts) return { kind: "stopped" };
    await waitForChange(this.#client, inspection, signal);
    return undefined;
  }

  #openSession(inspection: Inspection): StreamSession {
    if (this.tasks.signal.aborted) this.tasks = new TaskGroup("stream");
    if (this.#state !== "rotating") this.#state = "opening";
    const reading = this.#reading;
    if (reading === undefined) throw new TypeError("The container was not inspected.");
    const reader = new LogReader(this.#client, inspection, () => {
      this.#lastByteAt = Date.now();
      this.#watchdog.sawBytes(this.#lastByteAt);
    });
    return new StreamSession({
      reader,
      reading,
      buffer: this.buffer,
      options: this.#options,
      events: {
        aligned: (aligned) => this.#opened(aligned),
        fresh: (timestamp) => this.#sawEntries(timestamp),
        gap: (after, before) => {
          this.#gaps++;
          this.#emit({ type: "gap", after, ...(before === undefined ? {} : { before }) });
        },
        engineError: (message) => this.#emit({ type: "engine-error", message }),
      },
    });
  }

  /** Runs the one reader that may exist, then ends its generation. Resolves only once the reader has ended. */
  async #readerTask<T>(read: (signal: AbortSignal) => Promise<T>): Promise<T | "rotated"> {
    const { tasks } = this;
    try {
      return await tasks.run("reader", read);
    } catch (error) {
      if (!tasks.signal.aborted) throw error;
      return "rotated";
    } finally {
      this.#watchdog.closed();
      await this.#closeTasks();
    }
  }

  /** Ends the generation. Resolves with an error that names the tasks which outlived the deadline. */
  #closeTasks(): Promise<DockspoolError | undefined> {
    const { tasks } = this;
    if (this.#closing?.tasks === tasks) return this.#closing.settled;
    const settled = this.#awaitTasks(tasks);
    this.#closing = { tasks, settled };
    return settled;
  }

  async #awaitTasks(tasks: TaskGroup): Promise<DockspoolError | undefined> {
    const awaited = tasks.names;
    const begun = performance.now();
    let failure: DockspoolError | undefined;
    try {
      const reason = new DockspoolError("CLOSED", "The stream is closed, and opened again where the source goes on.");
      await tasks.close({ reason, timeoutMs: this.#options.rotateTimeoutMs });
    } catch (error) {
      failure = asFailure(error, this.#container);
      this.#rotation?.fail(failure);
      this.#emit({ type: "rotation-failed", error: failure, survivors: tasks.names });
    }
    this.#rotation?.closed(awaited, performance.now() - begun);
    return failure;
  }

  #opened(aligned: "exact" | "gap"): void {
    const isFirst = this.#generation === 0 && this.#options.resume === undefined;
    this.#generation++;
    this.#state = "streaming";
    this.#backoff.reset();
    this.#watchdog.opened();
    this.#probe?.reopened();
    this.#emit({
      type: "opened",
      generation: this.#generation,
      aligned: isFirst && aligned === "exact" ? "first" : aligned,
    });
    this.#settleRotation(true);
  }

  #settleRotation(reopened: boolean): void {
    const request = this.#rotation;
    if (request === undefined) return;
    this.#rotation = undefined;
    if (request.failed) return;
    const rotation = request.finish(this.info?.id ?? this.#container, this.#generation, reopened);
    this.#rotations++;
    this.#emit({ type: "rotated", rotation });
  }

  #rotateByItself(silentMs: number | undefined): void {
    if (this.#state !== "streaming") return;
    if (silentMs !== undefined) this.#probe = new StallProbe(silentMs);
    // A failure is reported by its status.
    this.rotate().catch(() => {});
  }

  #sawEntries(timestamp: string): void {
    this.#watchdog.sawEntries();
    const probe = this.#probe;
    if (probe === undefined) return;
    this.#probe = undefined;
    if (!probe.wasKeptBack(timestamp)) return;
    this.#stalls++;
    this.#emit({ type: "stalled", silentMs: probe.silentMs });
  }

  async #backOff(error: DockspoolError, signal: AbortSignal): Promise<void> {
    const { attempt, delayMs } = this.#backoff.next();
    this.#state = "reconnecting";
    this.#reconnects++;
    this.#emit({ type: "reconnecting", attempt, delayMs, error });
    await sleep(delayMs, signal);
  }

  #finish(reason: EndReason): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#end ??= reason;
    this.#watchdog.closed();
    this.#unlink();
    this.#client.close();
    void this.#closeTasks();
    this.#rotation?.fail(this.#closedError());
    this.#rotation = undefined;
    this.buffer.end(reason.kind === "failed" ? reason.error : undefined);
    this.#emit({ type: "ended", reason });
    this.#resolveEnded(reason);
  }

  #closedError(): DockspoolError {
    return new DockspoolError("CLOSED", `The source of container ${this.#container} is closed.`, {
      container: this.#container,
    });
  }
}

function endedEarly({ info }: Inspection): DockspoolError {
  return new DockspoolError("ENGINE_UNREACHABLE", `The stream ended while container ${info.name} runs.`, {
    container: info.id,
    transient: true,
  });
}

function asFailure(error: unknown, container: string): DockspoolError {
  if (DockspoolError.is(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DockspoolError("PROTOCOL", `Following container ${container} failed: ${message}`, {
    container,
    cause: error,
  });
}

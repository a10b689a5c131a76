import { DockspoolError } from "../errors.ts";
import { TaskGroup } from "../lifetime/task-group.ts";
import { publishRotation } from "./channels.ts";
import type { AboutContainer, RotationReason } from "./channels.ts";
import type { Rotation } from "./status.ts";
import { steadyNow } from "../lifetime/steady-clock.ts";

/** How a stream's tasks ended. */
export interface ClosedTasks {
  /** The names of those that were waited for. */
  readonly awaited: readonly string[];
  readonly closedInMs: number;
  /** By `performance.now()`. */
  readonly closedAt: number;
  /** TASKS_STILL_RUNNING, where some outlived the deadline. */
  readonly failure: DockspoolError | undefined;
  readonly survivors: readonly string[];
}

/** Tasks that outlived the deadline of a rotation, and still run. */
export interface OverdueTasks {
  readonly names: readonly string[];
  /** When the oldest of them were asked to end, by `steadyNow()`. */
  readonly since: number;
}

/** Of a stream that was closed. */
interface Survivors {
  readonly tasks: TaskGroup;
  readonly since: number;
}

/**
 * One stream of a source after the other. Between two of them `tasks` is the next one's group; while one is closed, too, since
 * a group that is closed takes no tasks.
 */
type Stream =
  | { readonly type: "none"; readonly tasks: TaskGroup }
  | { readonly type: "open"; readonly tasks: TaskGroup }
  | {
      readonly type: "closing";
      readonly tasks: TaskGroup;
      readonly old: TaskGroup;
      readonly closed: Promise<ClosedTasks>;
    };

/** A rotation that somebody waits for. */
interface Request {
  readonly promise: Promise<Rotation>;
  readonly resolve: (rotation: Rotation) => void;
  readonly reject: (error: DockspoolError) => void;
  closed: ClosedTasks | undefined;
}

interface Parts {
  /** How long closing a stream waits for its tasks. */
  readonly timeoutMs: number;
  readonly about: () => AboutContainer;
  /** Tasks outlived the deadline of a rotation. */
  readonly failed: (error: DockspoolError, survivors: readonly string[]) => void;
}

/** The streams of a source, one after the other: the tasks of each, and the rotation that leads from one to the next. */
export class StreamRotation {
  readonly #parts: Parts;
  #stream: Stream = { type: "none", tasks: new TaskGroup("stream") };
  #request: Request | undefined;
  #survivors: readonly Survivors[] = [];
  #generation = 0;
  #rotations = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The current stream's; between streams the next one's. */
  get tasks(): TaskGroup {
    return this.#stream.tasks;
  }

  /** The names of the tasks that are running, those of a stream that is being closed included. */
  get names(): readonly string[] {
    const stream = this.#stream;
    return stream.type === "closing"
      ? [...stream.old.names, ...stream.tasks.names]
      : stream.tasks.names;
  }

  /** So many tasks are running, those that have outlived their stream included. */
  get running(): number {
    return this.#survivors.reduce((sum, { tasks }) => sum + tasks.size, this.names.length);
  }

  /** Undefined where every stream that was closed has ended. */
  get overdue(): OverdueTasks | undefined {
    if (this.#survivors.length === 0) return undefined;
    const running = this.#survivors.filter(({ tasks }) => tasks.size > 0);
    const [oldest] = running;
    if (oldest === undefined) return undefined;
    return { names: running.flatMap(({ tasks }) => tasks.names), since: oldest.since };
  }

  /** 1 for the first stream, 0 before. */
  get generation(): number {
    return this.#generation;
  }

  /** Rotations that are completed. */
  get completed(): number {
    return this.#rotations;
  }

  /** The rotation that is under way. */
  get underWay(): Promise<Rotation> | undefined {
    return this.#request?.promise;
  }

  /** A rotation begins: the stream is yet to be closed. */
  request(why: RotationReason): Promise<Rotation> {
    if (this.#request !== undefined) return this.#request.promise;
    const request = newRequest();
    this.#request = request;
    publishRotation(this.#parts.about, why, this.#generation, request.promise);
    return request.promise;
  }

  /** The answer where there is no stream to rotate. */
  nothingToRotate(): Promise<Rotation> {
    return Promise.resolve(this.#rotation(undefined, false));
  }

  /** A stream is opened: the group that takes its tasks. */
  begin(): TaskGroup {
    const { tasks } = this.#stream;
    this.#stream = { type: "open", tasks };
    return tasks;
  }

  /** The stream is open, and its place is found. The rotation that this ends, where one was under way. */
  opened(): Rotation | undefined {
    this.#generation++;
    return this.settle(true);
  }

  /** The rotation, where one is under way, is over. */
  settle(reopened: boolean): Rotation | undefined {
    const request = this.#request;
    this.#request = undefined;
    if (request === undefined || request.closed?.failure !== undefined) return undefined;
    const rotation = this.#rotation(request.closed, reopened);
    this.#rotations++;
    request.resolve(rotation);
    return rotation;
  }

  /**
   * Ends the open stream; calls that overlap share one wait. `tellsSurvivors`: survivors are a failure that is told. `why`: told to its
   * tasks.
   */
  close(tellsSurvivors: boolean, why: DockspoolError = streamClosed()): Promise<ClosedTasks> {
    const stream = this.#stream;
    if (stream.type === "closing") return stream.closed;
    if (stream.type === "none") return Promise.resolve(nothingClosed());
    const tasks = new TaskGroup("stream");
    const closed = this.#close({ old: stream.tasks, next: tasks }, tellsSurvivors, why);
    this.#stream = { type: "closing", tasks, old: stream.tasks, closed };
    return closed;
  }

  /** There is no next stream. Resolves with how the last one's tasks, and those meant for the next one, ended. */
  async end(error: DockspoolError): Promise<ClosedTasks> {
    this.#request?.reject(error);
    this.#request = undefined;
    const closing = this.close(false, error);
    const { tasks } = this.#stream;
    const { timeoutMs } = this.#parts;
    const [last, next] = await Promise.all([closing, closeGroup(tasks, timeoutMs, error)]);
    return last.failure === undefined ? next : last;
  }

  async #close(
    { old, next }: Readonly<Record<"old" | "next", TaskGroup>>,
    tellsSurvivors: boolean,
    why: DockspoolError,
  ): Promise<ClosedTasks> {
    const since = steadyNow();
    const closed = await closeGroup(old, this.#parts.timeoutMs, why);
    this.#survivors = [...this.#survivors, { tasks: old, since }].filter(
      ({ tasks }) => tasks.size > 0,
    );
    const request = this.#request;
    if (request !== undefined) request.closed = closed;
    this.#stream = { type: "none", tasks: next };
    if (closed.failure !== undefined && (request !== undefined || tellsSurvivors)) {
      request?.reject(closed.failure);
      this.#parts.failed(closed.failure, closed.survivors);
    }
    return closed;
  }

  #rotation(closed: ClosedTasks | undefined, reopened: boolean): Rotation {
    return {
      container: this.#parts.about().container,
      generation: this.#generation,
      awaited: closed?.awaited ?? [],
      closedInMs: closed?.closedInMs ?? 0,
      reopenedInMs: reopened && closed !== undefined ? performance.now() - closed.closedAt : 0,
      reopened,
    };
  }
}

function streamClosed(): DockspoolError {
  return new DockspoolError("CLOSED", "The stream is closed; the source may open another.");
}

async function closeGroup(
  tasks: TaskGroup,
  timeoutMs: number,
  reason: DockspoolError,
): Promise<ClosedTasks> {
  const awaited = tasks.names;
  const begun = performance.now();
  let failure: DockspoolError | undefined;
  try {
    await tasks.close({ reason, timeoutMs });
  } catch (error) {
    if (!DockspoolError.is(error)) throw error;
    failure = error;
  }
  const closedAt = performance.now();
  return { awaited, closedInMs: closedAt - begun, closedAt, failure, survivors: tasks.names };
}

function nothingClosed(): ClosedTasks {
  const closedAt = performance.now();
  return { awaited: [], closedInMs: 0, closedAt, failure: undefined, survivors: [] };
}

const unasked = (): void => {};

function newRequest(): Request {
  let resolve: Request["resolve"] = unasked;
  let reject: Request["reject"] = unasked;
  const promise = new Promise<Rotation>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // Whoever asked holds the same promise; a periodic rotation is told by its status.
  promise.catch(() => {});
  return { promise, resolve, reject, closed: undefined };
}

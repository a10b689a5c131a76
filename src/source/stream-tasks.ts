import { DockspoolError } from "../errors.ts";
import { TaskGroup } from "../lifetime/task-group.ts";

/** How a generation's tasks ended. */
export interface ClosedTasks {
  /** The names of those that were waited for. */
  readonly awaited: readonly string[];
  readonly closedInMs: number;
  /** TASKS_STILL_RUNNING, where some outlived the deadline. */
  readonly failure: DockspoolError | undefined;
  readonly survivors: readonly string[];
}

/** The current stream's tasks: a group for each generation, closed before there is the next. */
export class StreamTasks {
  readonly #timeoutMs: number;
  #current: TaskGroup = new TaskGroup("stream");
  #closing: Promise<ClosedTasks> | undefined;

  /** `timeoutMs`: how long closing waits. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  get current(): TaskGroup {
    return this.#current;
  }

  /** A group that takes tasks: the current one, or a new one where that is closed. */
  open(): TaskGroup {
    if (this.#closing !== undefined) this.#current = new TaskGroup("stream");
    this.#closing = undefined;
    return this.#current;
  }

  /** Ends the current group; every call until the next `open` shares one wait. */
  close(): Promise<ClosedTasks> {
    this.#closing ??= this.#close(this.#current);
    return this.#closing;
  }

  async #close(tasks: TaskGroup): Promise<ClosedTasks> {
    const awaited = tasks.names;
    const begun = performance.now();
    let failure: DockspoolError | undefined;
    try {
      const reason = new DockspoolError(
        "CLOSED",
        "The stream is closed; the source may open another.",
      );
      await tasks.close({ reason, timeoutMs: this.#timeoutMs });
    } catch (error) {
      if (!DockspoolError.is(error)) throw error;
      failure = error;
    }
    return { awaited, closedInMs: performance.now() - begun, failure, survivors: tasks.names };
  }
}

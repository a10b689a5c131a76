import type { DockspoolError } from "../errors.ts";
import type { TaskGroup } from "../lifetime/task-group.ts";
import { Progress } from "./progress.ts";
import { RotationRequest } from "./rotation-request.ts";
import type { Rotation, SourceStatus } from "./status.ts";
import { StreamTasks } from "./stream-tasks.ts";

interface Parts {
  /** How long closing a stream waits for its tasks. */
  readonly timeoutMs: number;
  readonly emit: (status: SourceStatus) => void;
  /** Its consumer does not read. */
  readonly isBlocked: () => boolean;
  /** The container's id, as far as it is known. */
  readonly container: () => string;
}

/** A source's streams, one after the other: the tasks of the current one, and the rotation that leads to the next. */
export class StreamLife {
  readonly progress: Progress = new Progress();
  readonly #parts: Parts;
  readonly #tasks: StreamTasks;
  #request: RotationRequest | undefined;
  #generation = 0;
  #rotations = 0;
  #reported: DockspoolError | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#tasks = new StreamTasks(parts.timeoutMs);
  }

  /** The current stream's. */
  get tasks(): TaskGroup {
    return this.#tasks.current;
  }

  /** 1 for the first stream, 0 before. */
  get generation(): number {
    return this.#generation;
  }

  get rotations(): number {
    return this.#rotations;
  }

  /** The rotation that is under way. */
  get rotation(): Promise<Rotation> | undefined {
    return this.#request?.promise;
  }

  /** A rotation begins: the stream is yet to be closed. */
  request(): Promise<Rotation> {
    this.#request = new RotationRequest();
    return this.#request.promise;
  }

  /** The answer where there is no stream to rotate. */
  nothingToRotate(): Promise<Rotation> {
    const request = new RotationRequest();
    request.finish(this.#parts.container(), this.#generation, false);
    return request.promise;
  }

  /** A group that takes the next stream's tasks. */
  open(): TaskGroup {
    return this.#tasks.open();
  }

  /** The stream is open, and where it goes on is found. */
  opened(): void {
    this.#generation++;
    this.progress.opened();
  }

  /** Lets the stream bring what was there when it opened, so that rotations without a pause do not keep all of it back. */
  async closeSoon(): Promise<void> {
    const { current } = this.#tasks;
    try {
      await this.progress.enough(this.#parts.isBlocked, current.signal);
    } catch {
      return; // The stream has ended by itself, or the source is closed.
    }
    if (this.#tasks.current === current) await this.close();
  }

  /** Ends the stream. Resolves with an error that names the tasks which outlived the deadline. */
  async close(): Promise<DockspoolError | undefined> {
    const { awaited, closedInMs, failure, survivors } = await this.#tasks.close();
    const request = this.#request;
    request?.closed(awaited, closedInMs);
    if (failure === undefined || failure === this.#reported) return failure;
    this.#reported = failure;
    request?.fail(failure);
    this.#parts.emit({ type: "rotation-failed", error: failure, survivors });
    return failure;
  }

  /** The rotation, if there is one, is over. */
  settle(reopened: boolean): void {
    const request = this.#request;
    this.#request = undefined;
    if (request === undefined || request.failed) return;
    const rotation = request.finish(this.#parts.container(), this.#generation, reopened);
    this.#rotations++;
    this.#parts.emit({ type: "rotated", rotation });
  }

  /** There is no next stream. */
  end(error: DockspoolError): void {
    void this.close();
    this.#request?.fail(error);
    this.#request = undefined;
  }
}

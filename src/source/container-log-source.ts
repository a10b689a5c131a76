import { EventEmitter } from "eventemitter3";
import { DockspoolError } from "../errors.ts";
import type { TaskGroup } from "../lifetime/task-group.ts";
import { toCursor } from "../resume/cursor.ts";
import type { Cursor } from "../resume/cursor.ts";
import type { ContainerInfo, LogBatch, LogRecord } from "../wire/records.ts";
import { Capture } from "./capture.ts";
import { ownHost } from "./host.ts";
import type { SourceHost } from "./host.ts";
import { BufferIterator } from "./iterator.ts";
import { tellListeners } from "./listeners.ts";
import { checkContainer } from "./option-checks.ts";
import { resolveOptions } from "./options.ts";
import type { SourceOptions } from "./options.ts";
import type { EndReason, Rotation, SourceStats, SourceStatus } from "./status.ts";

/**
 * Follows one container's log. At any moment at most one reader of it exists.
 *
 * @example
 * for await (const record of new ContainerLogSource("web")) console.log(record.line);
 */
export class ContainerLogSource
  extends EventEmitter<{ status: (status: SourceStatus) => void }>
  implements AsyncIterable<LogRecord>, AsyncDisposable
{
  /** As given: id, unambiguous id prefix, or name. */
  readonly container: string;
  readonly #capture: Capture;
  #isConsumed = false;

  /**
   * `container`: id, unambiguous id prefix, or name. Opens nothing until it is consumed.
   *
   * @throws DockspoolError INVALID_OPTION
   */
  constructor(container: string, options?: SourceOptions);
  /** @internal */
  constructor(container: string, options: SourceOptions, host: SourceHost);
  constructor(container: string, options: SourceOptions = {}, host?: SourceHost) {
    super();
    checkContainer(container);
    this.container = container;
    const resolved = resolveOptions(options);
    this.#capture = new Capture(container, resolved, host ?? ownHost(resolved.engine), (status) =>
      tellListeners(() => this.emit("status", status)),
    );
  }

  /**
   * A source of which only a pool takes the lines.
   *
   * @internal
   */
  static hosted(
    container: string,
    options: SourceOptions,
    host: SourceHost,
  ): { readonly source: ContainerLogSource; readonly capture: Capture } {
    const source = new ContainerLogSource(container, options, host);
    source.#isConsumed = true;
    return { source, capture: source.#capture };
  }

  /** Undefined until the engine was asked. */
  get info(): ContainerInfo | undefined {
    return this.#capture.info;
  }

  /**
   * The current stream's tasks, a new group for each generation. `rotate()` awaits them all, the caller's own included.
   */
  get tasks(): TaskGroup {
    return this.#capture.tasks;
  }

  /** After the last line delivered: what a later source passes as `resume`. Undefined until the log was found. */
  get cursor(): Cursor | undefined {
    const { info, consumer } = this.#capture;
    const { position } = consumer;
    return info === undefined || position === undefined ? undefined : toCursor(info.id, position);
  }

  get stats(): SourceStats {
    return this.#capture.stats;
  }

  /** Never rejects. */
  get ended(): Promise<EndReason> {
    return this.#capture.ended;
  }

  /**
   * Stops reading, awaits every task of the current stream, then reopens right after the last line read: nothing lost,
   * nothing twice, at a cost that does not grow with what was already read. Concurrent calls share one rotation;
   * `close()` wins over it. While the engine can't be reached it joins the reconnect.
   *
   * @throws DockspoolError TASKS_STILL_RUNNING past `rotateTimeoutMs`, with the names of the survivors; CLOSED
   */
  rotate(): Promise<Rotation> {
    return this.#capture.rotate();
  }

  /**
   * Stops reading. The running iteration ends normally after the lines already read. Idempotent.
   *
   * @throws DockspoolError TASKS_STILL_RUNNING past `rotateTimeoutMs`; the source has ended all the same
   */
  close(): Promise<void> {
    return this.#capture.stop({ kind: "closed" });
  }

  /** The record or batch in hand, and all before it, are delivered. */
  acknowledge(): void {
    this.#capture.consumer.acknowledge();
  }

  /** Records as they come together; the fast way to consume. Leaving the loop closes the source. */
  batches(): AsyncIterable<LogBatch> {
    return {
      [Symbol.asyncIterator]: () => this.#iterate(() => this.#capture.consumer.takeBatch()),
    };
  }

  /**
   * Leaving the loop closes the source. A record counts as delivered when the next one is asked for, or when
   * `acknowledge()` says so. Abort makes the loop throw `signal.reason`; a failure throws its DockspoolError after the
   * lines already read.
   *
   * @throws DockspoolError ALREADY_CONSUMED where it is or was iterated
   */
  [Symbol.asyncIterator](): AsyncIterator<LogRecord> {
    return this.#iterate(() => this.#capture.consumer.take());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #iterate<T>(take: () => T | undefined): AsyncIterator<T> {
    if (this.#isConsumed) {
      throw new DockspoolError(
        "ALREADY_CONSUMED",
        `The source of container ${this.container} is iterated already; a second reader needs a source of its own.`,
        { container: this.container },
      );
    }
    this.#isConsumed = true;
    this.#capture.start();
    return new BufferIterator({ take, buffer: this.#capture.buffer, leave: () => this.close() });
  }
}

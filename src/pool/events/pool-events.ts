import { checkKeys, checkNumber } from "../../checks.ts";
import type { EngineClient } from "../../engine/engine-client.ts";
import { eitherSignal } from "../../lifetime/abort.ts";
import type { TaskGroup } from "../../lifetime/task-group.ts";
import { EventFeed } from "./event-feed.ts";
import { EventQueue } from "./event-queue.ts";
import type { EngineEventRecord, EventsOptions } from "./event-record.ts";

const DEFAULT_ROOM = 1_000;

/** The engines' events for whoever loops over them: one stream for each engine, as long as there is a loop. */
export class PoolEventStreams {
  readonly #engines: Iterable<{ readonly client: EngineClient }>;
  readonly #tasks: TaskGroup;
  readonly #queues = new Set<EventQueue>();
  #streams: AbortController | undefined;

  constructor(engines: Iterable<{ readonly client: EngineClient }>, tasks: TaskGroup) {
    this.#engines = engines;
    this.#tasks = tasks;
  }

  /** @throws DockspoolError INVALID_OPTION */
  open(options: EventsOptions): AsyncIterable<EngineEventRecord> {
    checkKeys("", options, ["bufferEvents"]);
    const { bufferEvents: room = DEFAULT_ROOM } = options;
    checkNumber("bufferEvents", room, 1, 1_000_000, "events");
    return { [Symbol.asyncIterator]: () => this.#join(room) };
  }

  #join(room: number): EventQueue {
    const queue = new EventQueue(room, () => this.#leave(queue));
    const { signal } = this.#tasks;
    if (signal.aborted) {
      queue.end();
      return queue;
    }
    this.#queues.add(queue);
    this.#streams ??= this.#begin();
    return queue;
  }

  #leave(queue: EventQueue): void {
    this.#queues.delete(queue);
    if (this.#queues.size > 0) return;
    this.#streams?.abort();
    this.#streams = undefined;
  }

  #begin(): AbortController {
    const streams = new AbortController();
    const tell = (record: EngineEventRecord): void => {
      for (const queue of this.#queues) queue.push(record);
    };
    for (const { client } of this.#engines) {
      const run = async (life: AbortSignal): Promise<void> => {
        const { signal, release } = eitherSignal(life, streams.signal);
        try {
          await new EventFeed(client, tell).run(signal);
        } finally {
          release();
          if (life.aborted) for (const queue of this.#queues) queue.end();
        }
      };
      // It ends with the pool, or with the last loop.
      this.#tasks.run("engine events", run).catch(() => {});
    }
    return streams;
  }
}

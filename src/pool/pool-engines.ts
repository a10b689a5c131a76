import { invalidOption } from "../errors.ts";
import type { TaskGroup } from "../lifetime/task-group.ts";
import type { ContainerLogSource } from "../source/container-log-source.ts";
import { PoolEngine } from "./pool-engine.ts";
import type { PoolEngineParts } from "./pool-engine.ts";

/** The engines of a pool, by their names. */
export class PoolEngines implements Iterable<PoolEngine> {
  readonly #engines = new Map<string, PoolEngine>();

  constructor(parts: PoolEngineParts) {
    for (const [name, engine] of parts.options.engines)
      this.#engines.set(name, new PoolEngine(name, engine, parts));
  }

  [Symbol.iterator](): Iterator<PoolEngine> {
    return this.#engines.values();
  }

  /** The one of this name, or all. @throws DockspoolError INVALID_OPTION */
  named(engineName: string | undefined): PoolEngine[] {
    if (engineName === undefined) return [...this];
    const engine = this.#engines.get(engineName);
    if (engine === undefined)
      throw invalidOption("engineName", engineName, [...this.#engines.keys()].join(", "));
    return [engine];
  }

  /** Open to all of them now. */
  get sockets(): number {
    let sockets = 0;
    for (const { client } of this) sockets += client.sockets;
    return sockets;
  }

  /** Looks at them, and listens to them, until the tasks end. `failed`: one whose settings can't work. */
  begin(tasks: TaskGroup, failed: (error: unknown) => void): void {
    for (const { events } of this) {
      if (tasks.signal.aborted) return;
      tasks
        .run("events", (signal) => events.run(signal))
        .catch((error: unknown) => {
          if (!tasks.signal.aborted) failed(error);
        });
    }
  }

  /** Leaves a container alone from now on; `sources`: those that follow it now. */
  refuse(container: string, sources: readonly ContainerLogSource[]): void {
    const isName = sources.some(({ info }) => info?.name === container);
    for (const { name, discovery, leased } of this) {
      const ids = sources.flatMap(({ info }) => (info?.engine === name ? [info.id] : []));
      for (const id of ids) discovery.refuse(id);
      // It may not be followed yet there.
      if (ids.length === 0 && (isName || sources.length === 0)) discovery.refuse(container);
      leased?.refused();
    }
  }

  /** The pool is being closed: what is known until now is noted. */
  closing(): void {
    for (const engine of this) engine.closing();
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this, (engine) => engine.close()));
  }
}

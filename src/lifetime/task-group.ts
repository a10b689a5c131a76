import { MAX_TIMER_MS, checkFunction, checkKeys, checkNumber, checkText } from "../checks.ts";
import { DockspoolError } from "../errors.ts";
import { handled } from "./handled.ts";

interface Settling {
  readonly timeoutMs?: number;
}

/** Runs and awaits the tasks that belong to one lifetime. */
export class TaskGroup {
  readonly #name: string;
  readonly #controller = new AbortController();
  readonly #running = new Map<symbol, string>();
  /** Those that wait for the last task. */
  #idle: (() => void)[] = [];
  #closed = false;

  /**
   * `name` stands in error messages; default "tasks".
   *
   * @throws DockspoolError INVALID_OPTION
   */
  constructor(name = "tasks") {
    checkText("name", name);
    this.#name = name;
  }

  /** How many tasks are running. */
  get size(): number {
    return this.#running.size;
  }

  /** The names of the running tasks, in the order they were started. */
  get names(): readonly string[] {
    return [...this.#running.values()];
  }

  /** Aborts when the group is closed. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Starts a task that ends, at the latest, soon after `signal` aborts. The promise is the task's own; a caller that
   * does not look at it causes no unhandled rejection.
   *
   * @throws DockspoolError CLOSED once the group is closed; INVALID_OPTION
   */
  run<T>(name: string, task: (signal: AbortSignal) => Promise<T> | T): Promise<T> {
    checkText("name", name);
    checkFunction("task", task);
    if (this.#closed) {
      throw new DockspoolError(
        "CLOSED",
        `Task "${name}" can't start: the group "${this.#name}" is closed.`,
      );
    }
    const key = Symbol(name);
    this.#running.set(key, name);
    const done = (): void => this.#done(key);
    const promise = start(task, this.#controller.signal);
    promise.then(done, done);
    return promise;
  }

  /**
   * Resolves when no task is left.
   *
   * @throws DockspoolError TASKS_STILL_RUNNING with the names of those left after `timeoutMs` (default: no limit); INVALID_OPTION
   */
  settled(options: Settling = {}): Promise<void> {
    return handled(this.#settled(options));
  }

  async #settled(options: Settling): Promise<void> {
    const timeoutMs = settlingMs(options, ["timeoutMs"]);
    await this.#idleWithin(timeoutMs);
  }

  #idleWithin(timeoutMs: number | undefined): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise<void>((resolve, reject) => {
      const expire = (): void => {
        forget();
        reject(this.#stillRunning(timeoutMs ?? 0));
      };
      const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
      const idle = (): void => {
        clearTimeout(timer);
        forget();
        resolve();
      };
      const forget = (): void => {
        this.#idle = this.#idle.filter((one) => one !== idle);
      };
      this.#idle.push(idle);
    });
  }

  /**
   * Aborts `signal` (with `reason`), refuses new tasks, then as `settled`. Can be called again.
   *
   * @throws DockspoolError as `settled`
   */
  close(options: Settling & { readonly reason?: unknown } = {}): Promise<void> {
    return handled(this.#close(options));
  }

  async #close(options: Settling & { readonly reason?: unknown }): Promise<void> {
    const timeoutMs = settlingMs(options, ["timeoutMs", "reason"]);
    if (!this.#closed) {
      this.#closed = true;
      // A reason that was given may be null.
      const { reason = this.#closedError() } = options;
      this.#controller.abort(reason);
    }
    await this.#idleWithin(timeoutMs);
  }

  #done(key: symbol): void {
    this.#running.delete(key);
    if (this.#running.size === 0) for (const idle of this.#idle) idle();
  }

  #closedError(): DockspoolError {
    return new DockspoolError("CLOSED", `The group "${this.#name}" is closed.`);
  }

  #stillRunning(timeoutMs: number): DockspoolError {
    return new DockspoolError(
      "TASKS_STILL_RUNNING",
      `${this.#name}: still running after ${timeoutMs} ms: ${this.names.join(", ")}. A task must end soon after its signal aborts.`,
    );
  }
}

/** @throws DockspoolError INVALID_OPTION */
function settlingMs(options: Settling, known: readonly string[]): number | undefined {
  checkKeys("", options, known);
  const { timeoutMs } = options;
  if (timeoutMs !== undefined) checkNumber("timeoutMs", timeoutMs, 0, MAX_TIMER_MS, "milliseconds");
  return timeoutMs;
}

async function start<T>(
  task: (signal: AbortSignal) => Promise<T> | T,
  signal: AbortSignal,
): Promise<T> {
  return task(signal);
}

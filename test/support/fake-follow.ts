import { DockspoolError } from "../../src/index.ts";
import type {
  ContainerLogSource,
  ErrorCode,
  LogRecord,
  LogStream,
  SourceStatus,
} from "../../src/index.ts";
import type { FakeEngine } from "../../src/testing.ts";
import { closeWhenFinished } from "./left-open.ts";

/** What has to agree between a record and the engine's log. */
export interface Line {
  readonly timestamp: string;
  readonly stream: LogStream;
  readonly line: string;
}

function toLine({ timestamp, stream, line }: Line): Line {
  return { timestamp, stream, line };
}

export function toLines(lines: readonly Line[]): Line[] {
  return lines.map(toLine);
}

export function texts(lines: readonly Line[]): string[] {
  return lines.map(({ line }) => line);
}

type StatusOf<T extends SourceStatus["type"]> = Extract<SourceStatus, { type: T }>;

/** Options of sources that try again soon. An outage of a second is not a thousand attempts. */
export const eager: { reconnect: { minDelayMs: number; maxDelayMs: number } } = {
  reconnect: { minDelayMs: 1, maxDelayMs: 20 },
};

/** A wait that lasts so long has failed; nothing is judged by how long it took. */
const PATIENCE_MS = 60_000;

/** Consumes a source from now on, and waits for what comes of it. */
export class Follower {
  readonly source: ContainerLogSource;
  readonly records: LogRecord[] = [];
  readonly statuses: SourceStatus[] = [];
  /** What the loop threw; undefined while it runs, and where it ended normally. */
  error: unknown = undefined;
  /** Resolves when the loop is over, however it ended. */
  readonly done: Promise<void>;
  #isOver = false;
  readonly #looks = new Set<() => void>();

  /** `visit` is awaited for each record, as the body of a loop is; "break" leaves the loop. */
  constructor(
    source: ContainerLogSource,
    visit?: (record: LogRecord, index: number) => Promise<"break" | void> | "break" | void,
  ) {
    this.source = source;
    closeWhenFinished(source);
    source.on("status", (status) => {
      this.statuses.push(status);
      this.#look();
    });
    this.done = this.#consume(visit);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get lines(): Line[] {
    return toLines(this.records);
  }

  get texts(): string[] {
    return texts(this.records);
  }

  seen<T extends SourceStatus["type"]>(type: T): StatusOf<T>[] {
    return this.statuses.filter((status): status is StatusOf<T> => status.type === type);
  }

  /** The `count`th status of a type, past or to come. */
  async status<T extends SourceStatus["type"]>(type: T, count = 1): Promise<StatusOf<T>> {
    await this.until(() => this.seen(type).length >= count, `status ${type} ${count}`);
    const found = this.seen(type)[count - 1];
    if (found === undefined) throw new Error(`no status ${type}`);
    return found;
  }

  async has(count: number): Promise<void> {
    await this.until(() => this.records.length >= count, `${count} records`);
  }

  /** Looks after each record and status, and at times: what a listener sees may still be about to change. */
  async until(
    test: () => boolean,
    what = "a condition",
    patienceMs: number = PATIENCE_MS,
  ): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        clearInterval(often);
        this.#looks.delete(look);
        act();
      };
      const look = (): void => {
        if (test()) settle(resolve);
        else if (this.#isOver) settle(() => reject(this.#missing(what, "ended")));
      };
      const timer = setTimeout(
        () => settle(() => reject(this.#missing(what, "waited"))),
        patienceMs,
      );
      const often = setInterval(() => look(), 3);
      this.#looks.add(look);
      look();
    });
  }

  /** Waits for the loop's end, and throws what it threw. */
  async finished(): Promise<void> {
    await this.done;
    if (this.error === undefined) return;
    throw this.error instanceof Error
      ? this.error
      : new Error("The loop threw what is no error.", { cause: this.error });
  }

  #missing(what: string, how: string): Error {
    const statuses = this.statuses.slice(-12).map((status) => JSON.stringify(status));
    return new Error(
      `${how} without ${what}: ${this.records.length} records, state ${this.source.stats.state}, error ${String(this.error)}\n${statuses.join("\n")}`,
    );
  }

  async #consume(visit: ConstructorParameters<typeof Follower>[1]): Promise<void> {
    try {
      for await (const record of this.source) {
        this.records.push(record);
        this.#look();
        if ((await visit?.(record, this.records.length - 1)) === "break") break;
      }
    } catch (error) {
      this.error = error;
    } finally {
      this.#isOver = true;
      this.#look();
    }
  }

  #look(): void {
    for (const look of this.#looks) look();
  }
}

/** The loop's turns, so that what is on its way can arrive. */
export async function turns(count = 1): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Polls something that nothing announces, such as a counter of the server's side. */
export async function eventually(test: () => boolean, what = "a condition"): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (let looks = 0; !test(); looks++) {
    if (performance.now() > end) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, looks < 50 ? 1 : 5));
  }
}

/** All that this process had open at the engine is given back there. */
export async function nothingOpen(fake: FakeEngine): Promise<void> {
  await eventually(
    () => fake.open.sockets === 0 && fake.open.follows === 0 && fake.open.reads === 0,
    `nothing open at the engine, but ${JSON.stringify(fake.open)}`,
  );
}

/** The error that a promise is rejected with, where it is of this library and code. */
export async function failure(promise: Promise<unknown>, code: ErrorCode): Promise<DockspoolError> {
  try {
    await promise;
  } catch (error) {
    if (DockspoolError.is(error, code)) return error;
    throw error;
  }
  throw new Error(`resolved, where ${code} was expected`);
}

/** The error that a call throws, likewise. */
export function thrown(call: () => unknown, code: ErrorCode): DockspoolError {
  try {
    call();
  } catch (error) {
    if (DockspoolError.is(error, code)) return error;
    throw error;
  }
  throw new Error(`returned, where ${code} was expected`);
}

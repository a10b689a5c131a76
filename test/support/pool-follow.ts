import { expect } from "vitest";

import type {
  ContainerLogSource,
  LogRecord,
  PoolStatus,
  SourceStatus,
  StreamPool,
} from "../../src/index.ts";
import type { FakeContainer, FakeEngine } from "../../src/testing.ts";
import { eventually, texts, toLines } from "./fake-follow.ts";
import type { Line } from "./fake-follow.ts";
import { closeWhenFinished } from "./left-open.ts";

/** A wait that lasts so long has failed; nothing is judged by how long it took. */
const PATIENCE_MS = 60_000;

/** How many requests for one container there were: of its state, or of its log. */
export function asked(fake: FakeEngine, { id }: FakeContainer, what: "json" | "logs"): number {
  return fake.requests.filter(({ path }) => path.includes(`/containers/${id}/${what}`)).length;
}

type PoolStatusOf<T extends PoolStatus["type"]> = Extract<PoolStatus, { type: T }>;

/** Consumes a pool from now on, and sorts what comes of it by container. */
export class PoolFollower {
  readonly pool: StreamPool;
  readonly records: LogRecord[] = [];
  readonly statuses: PoolStatus[] = [];
  /** What the loop threw. */
  error: unknown = undefined;
  /** Resolves when the loop is over, however it ended. */
  readonly done: Promise<void>;
  readonly #byContainer = new Map<string, Line[]>();
  readonly #looks = new Set<() => void>();
  #isOver = false;

  /** `visit` is awaited for each record, as the body of a loop is; "break" leaves the loop. */
  constructor(
    pool: StreamPool,
    visit?: (record: LogRecord, index: number) => Promise<"break" | void> | "break" | void,
  ) {
    this.pool = pool;
    closeWhenFinished(pool);
    pool.on("status", (status) => {
      this.statuses.push(status);
      this.#look();
    });
    this.done = this.#consume(visit);
  }

  /** In the order in which they came. */
  lines(container: FakeContainer): Line[] {
    return this.#byContainer.get(container.id) ?? [];
  }

  texts(container: FakeContainer): string[] {
    return texts(this.lines(container));
  }

  seen<T extends PoolStatus["type"]>(type: T): PoolStatusOf<T>[] {
    return this.statuses.filter((status): status is PoolStatusOf<T> => status.type === type);
  }

  /** A container's own statuses. */
  of(container: FakeContainer): SourceStatus[] {
    return this.seen("source")
      .filter((status) => status.container.id === container.id)
      .map(({ status }) => status);
  }

  /** What follows a container. */
  source(container: FakeContainer): ContainerLogSource {
    const source = this.pool.sources.get(container.id);
    if (source === undefined) throw new Error(`${container.id.slice(0, 12)} is not followed.`);
    return source;
  }

  /** The `count`th of a container's own statuses of a type, past or to come. */
  async status<T extends SourceStatus["type"]>(
    container: FakeContainer,
    type: T,
    count = 1,
  ): Promise<Extract<SourceStatus, { type: T }>> {
    const found = (): Extract<SourceStatus, { type: T }> | undefined =>
      this.of(container).filter(
        (status): status is Extract<SourceStatus, { type: T }> => status.type === type,
      )[count - 1];
    await this.until(() => found() !== undefined, `status ${type} ${count}`);
    const status = found();
    if (status === undefined) throw new Error(`no status ${type}`);
    return status;
  }

  async attached(...containers: readonly FakeContainer[]): Promise<void> {
    const isAttached = ({ id }: FakeContainer): boolean => this.pool.sources.has(id);
    await this.until(() => containers.every(isAttached), `${containers.length} attached`);
  }

  /** Their streams are open. */
  async streaming(...containers: readonly FakeContainer[]): Promise<void> {
    const isOpen = ({ id }: FakeContainer): boolean =>
      this.pool.sources.get(id)?.stats.state === "streaming";
    await this.until(() => containers.every(isOpen), `${containers.length} streaming`);
  }

  /** The engines were looked at, and nothing that was found there waits to be dealt with: one task for each is left. */
  async discovered(engines = 1): Promise<void> {
    await this.until(() => {
      const { pool } = this;
      let own = pool.stats.tasks;
      for (const { stats } of pool.sources.values()) own -= stats.tasks;
      const connected = this.seen("engine").filter(({ state }) => state === "connected");
      return connected.length >= engines && own === engines;
    }, "the end of discovery");
  }

  /** As `expectAll`, of what has come by now: after the end, say. */
  expectExactly(container: FakeContainer, from = 0): void {
    expect(this.lines(container)).toEqual(toLines(container.written).slice(from));
  }

  /** All that a container wrote, or what it wrote from some line on, has come, and nothing else of it. */
  async expectAll(container: FakeContainer, from = 0): Promise<void> {
    const expected = toLines(container.written).slice(from);
    await this.until(
      () => this.lines(container).length >= expected.length,
      `${expected.length} lines of ${container.id.slice(0, 12)}`,
    );
    expect(this.lines(container)).toEqual(expected);
  }

  /** Looks after each record and status, and at times: what a listener sees may still be about to change. */
  async until(
    test: () => boolean,
    what = "a condition",
    patienceMs: number = PATIENCE_MS,
  ): Promise<void> {
    if (test()) return;
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        clearInterval(interval);
        this.#looks.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = (): void => {
        if (test()) settle();
        else if (this.#isOver) settle(this.#missing(what, "the loop ended"));
      };
      const timer = setTimeout(() => settle(this.#missing(what, "waited")), patienceMs);
      const interval = setInterval(look, 20);
      this.#looks.add(look);
    });
  }

  /** Closes the pool and waits for the end of the loop. */
  async end(): Promise<void> {
    await this.pool.close();
    await this.done;
    expect(this.error).toBeUndefined();
    await eventually(() => this.pool.stats.sockets === 0, "no socket left");
  }

  #missing(what: string, how: string): Error {
    const statuses = this.statuses
      .slice(-12)
      .map((status) =>
        JSON.stringify(status, (key, value) => (key === "labels" ? undefined : value)),
      );
    return new Error(
      `${how} without ${what}: ${this.records.length} records, ${JSON.stringify(this.pool.stats)}, error ${String(this.error)}\n${statuses.join("\n")}`,
    );
  }

  async #consume(visit: ConstructorParameters<typeof PoolFollower>[1]): Promise<void> {
    try {
      for await (const record of this.pool) {
        this.records.push(record);
        const { id } = record.container;
        const lines = this.#byContainer.get(id) ?? [];
        this.#byContainer.set(id, lines);
        lines.push(...toLines([record]));
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

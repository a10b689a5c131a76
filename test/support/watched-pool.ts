import { expect, vi } from "vitest";
import { StreamPool } from "../../src/index.ts";
import type { Health, LogRecord, PoolOptions, Sink, SourceStatus } from "../../src/index.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, toLines } from "./fake-follow.ts";
import { report } from "./follow.ts";
import { sizes } from "./size.ts";

/** What health is to say of a fault. */
export interface Expected {
  readonly component: string;
  readonly status: "degraded" | "unhealthy";
  readonly says: RegExp;
  /** The bound, in milliseconds, where health tells only after it. The short form looks ahead, the long one waits. */
  readonly afterMs?: number;
}

/** Health turns within its bound, lines come at once: what takes longer, even under load, does not come. */
const PATIENCE_MS = 45_000;

async function eventually(test: () => boolean, missing: () => string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!test()) {
    if (performance.now() > end) throw new Error(`never came: ${missing()}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** What is seen when the clocks stand so many milliseconds later. */
export function later<T>(ms: number, look: () => T): T {
  const [date, time] = [Date.now() + ms, performance.now() + ms];
  const spies = [
    vi.spyOn(Date, "now").mockReturnValue(date),
    vi.spyOn(performance, "now").mockReturnValue(time),
  ];
  try {
    return look();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** A pool whose lines are kept, and whose health is looked at. */
export class WatchedPool {
  readonly pool: StreamPool;
  readonly records: LogRecord[] = [];
  readonly statuses: SourceStatus[] = [];
  readonly #name: string;
  #faultAt = performance.now();
  #tookMs = 0;

  /** `name`: of the cause, in the figures. */
  constructor(name: string, options: PoolOptions) {
    this.#name = name;
    this.pool = new StreamPool({ from: "start", source: eager, ...options });
    this.pool.on("source", ({ status }) => this.statuses.push(status));
  }

  /** Takes all that comes. */
  consume(): this {
    void this.#consume();
    return this;
  }

  /** For `deliver()`: what it is given is kept. */
  readonly keep: Sink = (records) => void this.records.push(...records);

  /** As it will be in so many milliseconds, if nothing changes. */
  healthIn(ms: number): Health {
    return later(ms, () => this.pool.health());
  }

  async healthy(): Promise<void> {
    await eventually(
      () => this.pool.health().status === "healthy",
      () => `health, but ${JSON.stringify(this.pool.health())}`,
    );
  }

  /** The fault is made. */
  async fails(make: () => unknown): Promise<void> {
    this.#faultAt = performance.now();
    await make();
  }

  /** Health turns. */
  async expectTold({ component, status, says, afterMs = 0 }: Expected): Promise<void> {
    const aheadMs = sizes({ short: afterMs, long: 0 });
    const look = (): Health["components"][string] | undefined =>
      (aheadMs === 0 ? this.pool.health() : this.healthIn(aheadMs)).components[component];
    let seen = look();
    await eventually(
      () => {
        seen = look();
        return seen?.status === status && says.test(seen.detail);
      },
      () => `${component} ${status} ${String(says)}, but ${JSON.stringify(seen)}`,
    );
    this.#tookMs = performance.now() - this.#faultAt + aheadMs;
    expect(seen?.status).toBe(status);
    if (seen === undefined) return;
    expect(seen.since).toBeGreaterThan(Date.now() - 300_000);
    expect(seen.since).toBeLessThanOrEqual(Date.now() + aheadMs);
  }

  /** The fault is over: lines come, each once, and health is healthy again, in so many milliseconds where that is given. */
  async expectRecovery(
    mend: () => unknown,
    ...containers: readonly FakeContainer[]
  ): Promise<void> {
    await this.expectRecoveryIn(0, mend, ...containers);
  }

  async expectRecoveryIn(
    ms: number,
    mend: () => unknown,
    ...containers: readonly FakeContainer[]
  ): Promise<void> {
    await mend();
    const mendedAt = performance.now();
    for (const container of containers) container.write("after");
    await this.has(...containers);
    // An engine is listed anew meanwhile.
    const isWell = ([name, { status }]: [string, Health["components"][string]]): boolean =>
      status === "healthy" || (ms > 0 && name.startsWith("engine:"));
    await eventually(
      () => Object.entries(this.healthIn(ms).components).every((component) => isWell(component)),
      () => `health, but ${JSON.stringify(this.healthIn(ms))}`,
    );
    if (ms === 0) expect(this.pool.health().status).toBe("healthy");
    report("health", {
      cause: this.#name,
      notHealthyAfterMs: Math.round(this.#tookMs),
      healthyAgainAfterMs: Math.round(performance.now() - mendedAt) + ms,
    });
    for (const container of containers)
      expect(this.#linesOf(container)).toEqual(toLines(container.written));
  }

  async has(...containers: readonly FakeContainer[]): Promise<void> {
    for (const container of containers)
      await eventually(
        () => this.#linesOf(container).length >= container.written.length,
        () => `all lines, but ${JSON.stringify(this.pool.health())}`,
      );
  }

  /** Until `isOver`: every health there is to be seen. */
  async samples(isOver: () => boolean): Promise<Health[]> {
    const seen: Health[] = [];
    while (!isOver()) {
      seen.push(this.pool.health());
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return seen;
  }

  #linesOf({ id }: FakeContainer): ReturnType<typeof toLines> {
    return toLines(this.records.filter(({ container }) => container.id === id));
  }

  async #consume(): Promise<void> {
    try {
      for await (const record of this.pool) this.records.push(record);
    } catch {
      // A pool that has failed says so by its health.
    }
  }
}

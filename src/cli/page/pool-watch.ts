import { INSTRUMENTS } from "../../metrics/instruments.ts";
import type { PoolStatus, StreamPool } from "../../index.ts";
import { Containers } from "./containers.ts";
import { History } from "./history.ts";
import type { Component, ContainerRow, Overview, Sample } from "./messages.ts";
import { shownText } from "./shown-text.ts";
import { verdictOf } from "./verdict.ts";

/** Rows that are sent; the first ones. */
const MAX_ROWS = 200;
/** Containers that are kept in mind because they were skipped. */
const MAX_SKIPPED = 50;

/** What a pool does, looked at once a second. */
export class PoolWatch {
  readonly #pool: StreamPool;
  readonly #history = new History();
  readonly #containers = new Containers();
  readonly #skipped = new Map<string, ContainerRow>();
  #rows: readonly ContainerRow[] = [];
  readonly #read = new Rising();
  readonly #delivered = new Rising();

  constructor(pool: StreamPool) {
    this.#pool = pool;
    pool.on("status", this.#told);
  }

  get samples(): readonly Sample[] {
    return this.#history.samples;
  }

  close(): void {
    this.#pool.off("status", this.#told);
  }

  sample(): Sample {
    const at = Date.now();
    const { stats } = this.#pool;
    const figures = this.#pool[INSTRUMENTS].figures();
    const lags = new Map(figures.containers.map(({ id, lag }) => [id, lag]));
    this.#rows = this.#containers.look(this.#pool.sources, lags, at);
    this.#read.set(stats.lines, at);
    this.#delivered.set(
      figures.engines.reduce((sum, { delivered }) => sum + delivered, 0),
      at,
    );
    return this.#history.add({
      at,
      stats,
      delivered: this.#delivered.value,
      lag: Math.max(0, ...lags.values()),
      bufferLimit: figures.bufferLimitBytes,
    });
  }

  overview(): Overview {
    const at = Date.now();
    const health = this.#pool.health();
    const { lines, rotations, gaps, tasks, sockets } = this.#pool.stats;
    const rows = [...this.#skipped.values(), ...this.#rows];
    return {
      at,
      verdict: verdictOf(health, rows, this.#delivered.roseAt, at),
      isReady: health.ready,
      components: Object.entries(health.components).map(
        ([name, { status, detail, since }]): Component => ({
          name: shownText(name),
          status,
          detail: shownText(detail),
          since,
        }),
      ),
      containers: rows.toSorted(byNeed).slice(0, MAX_ROWS),
      containerCount: rows.length,
      lines,
      delivered: this.#delivered.value,
      rotations,
      gaps,
      lastLineAt: this.#read.roseAt ?? null,
      tasks,
      sockets,
    };
  }

  readonly #told = (status: PoolStatus): void => {
    if (status.type === "attached") this.#skipped.delete(status.container.id);
    if (status.type !== "skipped") return;
    const { id, name, image, engine } = status.container;
    this.#skipped.set(id, {
      id,
      name: shownText(name),
      image: shownText(image),
      engine: shownText(engine),
      phase: "skipped",
      since: Date.now(),
      waitsFor: "",
      status: "degraded",
      health: shownText(status.error.message),
      illSince: null,
      linesPerSecond: 0,
      lines: 0,
      lag: null,
    });
    const oldest = this.#skipped.keys().next();
    if (this.#skipped.size > MAX_SKIPPED && !oldest.done) this.#skipped.delete(oldest.value);
  };
}

/** A count, and when it rose last. */
class Rising {
  value = 0;
  roseAt: number | undefined;

  set(value: number, at: number): void {
    if (value > this.value) this.roseAt = at;
    this.value = value;
  }
}

function byNeed(one: ContainerRow, other: ContainerRow): number {
  return (
    Number(one.status === "healthy") - Number(other.status === "healthy") ||
    one.name.localeCompare(other.name)
  );
}

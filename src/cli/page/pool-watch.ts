import { INSTRUMENTS } from "../../metrics/instruments.ts";
import type { PoolStatus, StreamPool } from "../../index.ts";
import { Containers } from "./containers.ts";
import { History } from "./history.ts";
import type { Component, Overview, Sample } from "./messages.ts";
import { shownText } from "./shown-text.ts";
import { SkippedContainers } from "./skipped.ts";
import { verdictOf } from "./verdict.ts";

/** Rows that are sent; the first ones. */
const MAX_ROWS = 200;

/** What a pool does, looked at once a second. */
export class PoolWatch {
  readonly #pool: StreamPool;
  readonly #history = new History();
  readonly #containers = new Containers();
  readonly #skipped = new SkippedContainers();
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
    this.#containers.look(this.#pool.sources, lags, at);
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
    const { lines, gaps, tasks, sockets } = this.#pool.stats;
    const skipped = this.#skipped.rows;
    return {
      at,
      verdict: verdictOf(health, this.#containers.size, this.#delivered.roseAt, at),
      isReady: health.ready,
      components: Object.entries(health.components).map(
        ([name, { status, detail, since }]): Component => ({
          name: shownText(name),
          status,
          detail: shownText(detail),
          since,
        }),
      ),
      containers: [...skipped, ...this.#containers.rows(MAX_ROWS - skipped.length)],
      containerCount: skipped.length + this.#containers.size,
      lines,
      delivered: this.#delivered.value,
      gaps,
      lastLineAt: this.#read.roseAt ?? null,
      tasks,
      sockets,
    };
  }

  readonly #told = (status: PoolStatus): void => this.#skipped.told(status);
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

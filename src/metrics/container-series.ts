import { printable } from "../printable.ts";
import type { ContainerFigures, Figures } from "./figures.ts";
import type { Observer } from "./instruments.ts";

/** What is shown of a container, or of several together. */
export interface ContainerSeries {
  readonly labels: {
    readonly engine: string;
    /** Empty: of several. */
    readonly container_name: string;
    readonly container_id: string;
  };
  readonly figures: Shown;
}

export type Shown = Omit<ContainerFigures, "engine" | "id" | "name" | "phase" | "delivered">;

/** Of an id, as `docker ps` shows it. */
const SHORT_ID = 12;

const NONE: Shown = {
  rotations: 0,
  streamAge: 0,
  reconnects: 0,
  stalls: 0,
  gaps: 0,
  lines: { stdout: 0, stderr: 0 },
  bytes: 0,
  lag: 0,
};

/**
 * Which containers have series of their own: at most so many at once. All others of an engine are shown together, without a
 * name, those that are gone included, so that their counters never fall. A container keeps to what it was at first.
 */
export class ContainerSeriesChoice {
  readonly #limit: number;
  readonly #own = new Set<string>();
  readonly #others = new Set<string>();
  /** By engine: of those others that are gone. */
  readonly #gone = new Map<string, Shown>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** To be told of containers that leave. */
  get observer(): Observer {
    return {
      left: (last) => {
        const wasOwn = this.#own.delete(last.id);
        this.#others.delete(last.id);
        if (wasOwn || this.#limit === Infinity) return;
        const before = this.#gone.get(last.engine) ?? NONE;
        this.#gone.set(last.engine, sum(before, { ...last, streamAge: 0, lag: 0 }));
      },
    };
  }

  /** The series of now. */
  of({ engines, containers }: Figures): ContainerSeries[] {
    const shown: ContainerSeries[] = [];
    const others = new Map(engines.map(({ name }) => [name, this.#gone.get(name) ?? NONE]));
    const named = new Set<string>();
    for (const container of containers) {
      const { engine, id, name } = container;
      if (this.#isOwn(id)) {
        const labels = {
          engine,
          container_name: printable(name),
          container_id: id.slice(0, SHORT_ID),
        };
        shown.push({ labels, figures: container });
        named.add(engine);
      } else others.set(engine, sum(others.get(engine) ?? NONE, container));
    }
    for (const [engine, figures] of others) {
      // Where each has its own, nothing is left to show together; where there is none yet, all begins at zero.
      if (this.#limit === Infinity && named.has(engine)) continue;
      shown.push({ labels: { engine, container_name: "", container_id: "" }, figures });
    }
    return shown;
  }

  #isOwn(id: string): boolean {
    if (this.#own.has(id)) return true;
    if (this.#others.has(id) || this.#own.size >= this.#limit) {
      this.#others.add(id);
      return false;
    }
    this.#own.add(id);
    return true;
  }
}

/** Counters are added up; of ages and lags the longest counts. */
function sum(one: Shown, other: Shown): Shown {
  return {
    rotations: one.rotations + other.rotations,
    streamAge: Math.max(one.streamAge, other.streamAge),
    reconnects: one.reconnects + other.reconnects,
    stalls: one.stalls + other.stalls,
    gaps: one.gaps + other.gaps,
    lines: {
      stdout: one.lines.stdout + other.lines.stdout,
      stderr: one.lines.stderr + other.lines.stderr,
    },
    bytes: one.bytes + other.bytes,
    lag: Math.max(one.lag, other.lag),
  };
}

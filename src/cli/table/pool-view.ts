import type { StreamPool } from "../../index.ts";
import { printable } from "../../printable.ts";
import { span } from "../../pool/health/report.ts";
import type { TableView } from "./view.ts";

/** How much the latest measurement counts. */
const WEIGHT = 0.3;
/** What is wrong for less than that passes by itself. */
const PASSING_MS = 1_000;

interface Rate {
  readonly lines: number;
  readonly perSecond: number;
}

const nothing: Rate = { lines: 0, perSecond: 0 };

/** What a pool does, with rates of lines, which it has to be asked at regular times for. */
export class PoolView {
  readonly #pool: StreamPool;
  readonly #label: string;
  readonly #rates = new Map<string, Rate>();
  #total = nothing;
  #measuredAt = performance.now();

  constructor(pool: StreamPool, label: string) {
    this.#pool = pool;
    this.#label = label;
  }

  /** Called at regular times. */
  measure(): void {
    const now = performance.now();
    const seconds = Math.max(0.001, (now - this.#measuredAt) / 1000);
    this.#measuredAt = now;
    this.#total = measured(this.#total, this.#pool.stats.lines, seconds);
    for (const id of this.#rates.keys()) if (!this.#pool.sources.has(id)) this.#rates.delete(id);
    for (const [id, source] of this.#pool.sources) {
      const before = this.#rates.get(id) ?? nothing;
      this.#rates.set(id, measured(before, source.stats.lines, seconds));
    }
  }

  /** `away`: that the engine can't be reached, in a sentence; all else that is wrong comes of that. */
  look(away: string | undefined, now: number = Date.now()): TableView {
    const { status, components } = this.#pool.health();
    const wrong = Object.entries(components)
      .filter(([, one]) => one.status !== "healthy" && now - one.since >= PASSING_MS)
      .toSorted(
        ([, a], [, b]) => Number(b.status === "unhealthy") - Number(a.status === "unhealthy"),
      )
      .map(([name, one]) => `${name} ${one.status} for ${span(now - one.since)}: ${one.detail}`);
    const containers = [...this.#pool.sources].map(([id, { info, stats }]) => ({
      id,
      name: printable(info?.name ?? ""),
      state: stats.state,
      lines: stats.lines,
      linesPerSecond: this.#rates.get(id)?.perSecond ?? 0,
      rotations: stats.rotations,
      turns: stats.turns,
      gaps: stats.gaps,
    }));
    const { stats } = this.#pool;
    return {
      label: this.#label,
      health: status,
      troubles: away === undefined ? wrong : [away],
      containers: containers.toSorted(
        (a, b) => b.linesPerSecond - a.linesPerSecond || a.id.localeCompare(b.id),
      ),
      streamsOpen: stats.streamsOpen,
      streamsMax: stats.streamsMax,
      streamsWaiting: stats.streamsWaiting,
      lines: stats.lines,
      linesPerSecond: this.#total.perSecond,
      rotations: stats.rotations,
      reconnects: stats.reconnects,
      gaps: stats.gaps,
      tasks: stats.tasks,
      sockets: stats.sockets,
    };
  }
}

function measured(before: Rate, lines: number, seconds: number): Rate {
  const rate = (lines - before.lines) / seconds;
  return { lines, perSecond: before.perSecond + WEIGHT * (rate - before.perSecond) };
}

import type { SourceStats } from "../source/status.ts";

interface Source {
  readonly stats: SourceStats;
}

type Counted = Pick<SourceStats, "lines" | "rotations" | "gaps" | "reconnects">;

/** What sources have counted, those that have ended included. */
export class SourceTotals {
  readonly #past = { lines: 0, rotations: 0, gaps: 0, reconnects: 0 };
  /** They have ended, and tasks of theirs have not. */
  #outlived: readonly Source[] = [];

  /** A source has ended. */
  add(source: Source): void {
    addTo(this.#past, source.stats);
    this.#outlived = [...this.#outlived, source].filter(({ stats }) => stats.tasks > 0);
  }

  /** With those that have not. */
  with(sources: Iterable<Source>): Counted & { readonly tasks: number } {
    const totals = { ...this.#past, tasks: 0 };
    for (const { stats } of this.#outlived) totals.tasks += stats.tasks;
    for (const { stats } of sources) {
      addTo(totals, stats);
      totals.tasks += stats.tasks;
    }
    return totals;
  }
}

function addTo(totals: { -readonly [K in keyof Counted]: number }, stats: Counted): void {
  totals.lines += stats.lines;
  totals.rotations += stats.rotations;
  totals.gaps += stats.gaps;
  totals.reconnects += stats.reconnects;
}

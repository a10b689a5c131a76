import pc from "picocolors";
import type { PoolStats, StreamPool } from "../../src/index.ts";
import type { Palette } from "./palette.ts";

/** Of more containers only those with the most lines of late are shown. */
const MAX_ROWS = 8;
const COLUMNS = ["container", "state", "lines", "lines/s", "rotations", "turns", "gaps"] as const;
const NAME_WIDTH = 28;
/** How much the latest measurement counts. */
const WEIGHT = 0.3;

interface Rate {
  lines: number;
  perSecond: number;
}

/** What a pool does, as a table that fits a terminal. */
export class Table {
  readonly #pool: StreamPool;
  readonly #palette: Palette;
  readonly #rates = new Map<string, Rate>();
  #total: Rate = { lines: 0, perSecond: 0 };
  #measuredAt = performance.now();

  constructor(pool: StreamPool, palette: Palette) {
    this.#pool = pool;
    this.#palette = palette;
  }

  /** Called at regular times. */
  measure(): void {
    const now = performance.now();
    const seconds = Math.max(0.001, (now - this.#measuredAt) / 1000);
    this.#measuredAt = now;
    this.#total = measured(this.#total, this.#pool.stats.lines, seconds);
    for (const id of this.#rates.keys()) if (!this.#pool.sources.has(id)) this.#rates.delete(id);
    for (const [id, source] of this.#pool.sources) {
      const before = this.#rates.get(id) ?? { lines: 0, perSecond: 0 };
      this.#rates.set(id, measured(before, source.stats.lines, seconds));
    }
  }

  rows(width: number): string[] {
    const shown = [...this.#pool.sources]
      .map(([id, source]) => ({ id, source, rate: this.#rates.get(id)?.perSecond ?? 0 }))
      .toSorted((a, b) => b.rate - a.rate || a.id.localeCompare(b.id))
      .slice(0, MAX_ROWS)
      .toSorted((a, b) => nameOf(a.source).localeCompare(nameOf(b.source)));
    const cells = shown.map(({ source, rate }) => {
      const { state, lines, rotations, turns, gaps } = source.stats;
      return [nameOf(source), state, lines, rate.toFixed(0), rotations, turns, gaps].map(String);
    });
    const widths = COLUMNS.map((column, index) =>
      Math.max(column.length, ...cells.map((row) => row[index]?.length ?? 0)),
    );
    const line = (row: readonly string[]): string =>
      row
        .map((cell, index) =>
          index < 2 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0),
        )
        .join("  ")
        .slice(0, width);
    const hidden = this.#pool.sources.size - shown.length;
    return [
      pc.dim("─".repeat(width)),
      ...(shown.length === 0
        ? [pc.dim("waiting for containers to start")]
        : [pc.dim(line(COLUMNS))]),
      ...cells.map((row, index) => this.#palette.of(shown[index]?.id ?? "")(line(row))),
      ...(hidden > 0 ? [pc.dim(`and ${hidden} more`)] : []),
      pc.bold(summary(this.#pool.stats, this.#total.perSecond).slice(0, width)),
    ];
  }
}

function nameOf({ info }: { readonly info: { readonly name: string } | undefined }): string {
  const name = info?.name ?? "";
  return name.length > NAME_WIDTH ? `${name.slice(0, NAME_WIDTH - 1)}…` : name;
}

function measured(before: Rate, lines: number, seconds: number): Rate {
  const rate = (lines - before.lines) / seconds;
  return { lines, perSecond: before.perSecond + WEIGHT * (rate - before.perSecond) };
}

function summary(stats: PoolStats, perSecond: number): string {
  const { containers, streamsOpen, streamsMax, streamsWaiting, lines, rotations, gaps } = stats;
  return [
    `${containers} containers`,
    `streams ${streamsOpen}/${streamsMax}, ${streamsWaiting} waiting`,
    `${lines} lines, ${perSecond.toFixed(0)}/s`,
    `${rotations} rotations`,
    `${stats.tasks} tasks`,
    `${stats.sockets} sockets`,
    `${gaps} gaps`,
  ].join("  ");
}

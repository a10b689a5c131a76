import type { Ratio } from "./rounds.ts";
import type { Table } from "./report.ts";

/** As Markdown, its columns aligned: what begins with a digit on the right. */
export function renderTable({ columns, rows }: Table): string {
  const widths = columns.map((column, index) =>
    Math.max(3, column.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const isLeft = columns.map((_, index) => rows.some((row) => !/^(\d|–|$)/.test(row[index] ?? "")));
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((width, index) => {
      const cell = cells[index] ?? "";
      return isLeft[index] ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, index) =>
    isLeft[index] ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(columns), line(rule), ...rows.map(line)].join("\n");
}

/** Three digits that count. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const magnitude = Math.abs(value);
  if (magnitude >= 1000) return Math.round(value).toLocaleString("en-US");
  if (magnitude >= 100) return value.toFixed(0);
  if (magnitude >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

/** "0.38 (0.36–0.41)": the median, and the least and the most of the rounds. */
export function shownRatio({ median, least, most }: Ratio): string {
  const spread = least === most ? "" : ` (${least.toFixed(2)}–${most.toFixed(2)})`;
  return `${median.toFixed(2)}${spread}`;
}

export function megabytes(bytes: number): string {
  return shown(bytes / 1_000_000);
}

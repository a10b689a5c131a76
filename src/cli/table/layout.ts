import type { Colours } from "../colours.ts";
import { counted, grouped } from "../counted.ts";
import type { Palette } from "../palette.ts";
import { fitted, fittedName, padded, textWidth, wrapped } from "../text-width.ts";
import type { TableRow, TableView } from "./view.ts";

export interface Look {
  readonly colours: Colours;
  readonly palette: Palette;
}

/** The room of a terminal. */
export interface Room {
  readonly columns: number;
  readonly rows: number;
}

/** Of more containers only the busiest are shown. */
const MAX_CONTAINERS = 8;
const MAX_TROUBLES = 2;
const LONGEST_NAME = 32;
/** Before names become shorter, a column goes. */
const SHORTEST_NAME = 16;
const BETWEEN = "  ";

interface Column {
  readonly title: string;
  readonly side: "left" | "right";
  readonly cell: (row: TableRow) => string;
}

const columns = {
  name: { title: "container", side: "right", cell: ({ name }) => name },
  state: { title: "state", side: "right", cell: ({ state }) => state },
  lines: { title: "lines", side: "left", cell: ({ lines }) => grouped(lines) },
  rate: { title: "lines/s", side: "left", cell: ({ linesPerSecond }) => grouped(linesPerSecond) },
  rotations: { title: "rotations", side: "left", cell: ({ rotations }) => grouped(rotations) },
  turns: { title: "turns", side: "left", cell: ({ turns }) => grouped(turns) },
  gaps: { title: "gaps", side: "left", cell: ({ gaps }) => grouped(gaps) },
} as const satisfies Record<string, Column>;

/** The first that fits is taken. */
const choices: readonly (readonly Column[])[] = [
  ["name", "state", "lines", "rate", "rotations", "turns", "gaps"] as const,
  ["name", "state", "lines", "rate", "rotations", "gaps"] as const,
  ["name", "state", "lines", "rate", "gaps"] as const,
  ["name", "state", "lines", "rate"] as const,
  ["name", "state", "lines"] as const,
  ["name", "lines"] as const,
].map((names) => names.map((name): Column => columns[name]));

/** Rows of text for a terminal: none is wider than it, and together they leave room for a line above. */
export function layOut(
  view: TableView,
  { columns: width, rows: height }: Room,
  look: Look,
): string[] {
  const head = [rule(view, width, look), ...troubles(view, width, look)];
  const foot = summary(view, width).map((row) => look.colours.bold(row));
  // The titles, and how many more there are.
  const room = height - 1 - head.length - foot.length - 2;
  const body = containers(view.containers, Math.min(MAX_CONTAINERS, room), width, look);
  return [...head, ...body, ...foot].slice(0, Math.max(1, height - 1));
}

/** Whose logs these are, and how it goes. */
function rule({ label, health }: TableView, width: number, { colours }: Look): string {
  const shown = fitted(label, Math.max(1, width - health.length - 8));
  const paint =
    health === "healthy" ? colours.green : health === "degraded" ? colours.yellow : colours.red;
  const used = textWidth(`── ${shown} ── ${health} `);
  if (used > width) return fitted(shown, width);
  const line = colours.dim("─".repeat(Math.max(0, width - used)));
  return `${colours.dim("──")} ${colours.bold(shown)} ${colours.dim("──")} ${paint(health)} ${line}`;
}

function troubles({ troubles: all }: TableView, width: number, { colours }: Look): string[] {
  return all.slice(0, MAX_TROUBLES).map((text) => colours.red(fitted(`! ${text}`, width)));
}

function containers(
  all: readonly TableRow[],
  room: number,
  width: number,
  { colours, palette }: Look,
): string[] {
  if (all.length === 0) return [colours.dim(fitted("waiting for containers to start", width))];
  const shown = all.slice(0, Math.max(0, room)).toSorted((a, b) => a.name.localeCompare(b.name));
  const { chosen, widths } = fit(shown, width);
  const row = (cells: readonly string[]): string =>
    fitted(
      cells
        .map((cell, index) => {
          const columnWidth = widths[index] ?? 0;
          return padded(fittedName(cell, columnWidth), columnWidth, chosen[index]?.side);
        })
        .join(BETWEEN),
      width,
    );
  const hidden = all.length - shown.length;
  return [
    ...(shown.length === 0 ? [] : [colours.dim(row(chosen.map(({ title }) => title)))]),
    ...shown.map((one) => palette.of(one.id)(row(chosen.map(({ cell }) => cell(one))))),
    ...(hidden === 0
      ? []
      : [colours.dim(fitted(`and ${counted(hidden, "more container")}`, width))]),
  ];
}

/** The columns that fit, and how wide they are. The first one takes the room that is left. */
function fit(
  rows: readonly TableRow[],
  width: number,
): { readonly chosen: readonly Column[]; readonly widths: readonly number[] } {
  const widest = ({ title, cell }: Column): number =>
    Math.max(title.length, ...rows.map((row) => textWidth(cell(row))));
  const longest = Math.min(LONGEST_NAME, widest(columns.name));
  const others = (chosen: readonly Column[]): number[] => chosen.slice(1).map((one) => widest(one));
  const roomForName = (chosen: readonly Column[]): number =>
    others(chosen).reduce((room, one) => room - one - BETWEEN.length, width);
  const chosen =
    choices.find((one) => roomForName(one) >= Math.min(longest, SHORTEST_NAME)) ??
    choices.at(-1) ??
    [];
  return {
    chosen,
    widths: [Math.max(1, Math.min(longest, roomForName(chosen))), ...others(chosen)],
  };
}

/** The totals, on as many rows as they need. */
function summary(view: TableView, width: number): string[] {
  const { streamsOpen, streamsMax, streamsWaiting, reconnects } = view;
  const items = [
    counted(view.containers.length, "container"),
    counted(view.lines, "line"),
    `${grouped(view.linesPerSecond)}/s`,
    `streams ${streamsOpen}/${streamsMax}`,
    ...(streamsWaiting > 0 ? [`${grouped(streamsWaiting)} waiting`] : []),
    counted(view.rotations, "rotation"),
    ...(reconnects > 0 ? [counted(reconnects, "reconnect")] : []),
    counted(view.gaps, "gap"),
    counted(view.tasks, "task"),
    counted(view.sockets, "socket"),
  ];
  return wrapped(items, BETWEEN, width).map((row) => fitted(row, width));
}

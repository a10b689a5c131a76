// Draws docs/command/*.svg: what the command shows of its demo, on terminals of three widths.
import { mkdir, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { runCommand } from "../src/cli/command.ts";
import { TerminalWindow } from "../test/support/terminal-window.ts";
import type { Cell } from "../test/support/terminal-window.ts";

const WIDTHS = [120, 80, 60];
const ROWS = 18;
const SHOWN_AFTER_MS = 11_000;

const CELL = { width: 7.8, height: 17 };
const EDGE = 10;
const BACKGROUND = "#16181d";
const USUAL = "#d5d8de";
const PALETTE = [
  ...["#3b3f4a", "#f2777a", "#8fd18f", "#ecc46f", "#7fb2e8", "#cf9ce0", "#6fc9c4", "#d5d8de"],
  ...["#6b7080", "#ff9a9d", "#aee6ae", "#f8dc98", "#a5cbf5", "#e2bff0", "#93e3de", "#ffffff"],
];

const folder = new URL("../docs/command/", import.meta.url);
await mkdir(folder, { recursive: true });
for (const width of WIDTHS) {
  const window = new TerminalWindow(width, ROWS);
  const env = { FORCE_COLOR: "1" };
  const ended = runCommand(["--demo"], "", { stdout: window, stderr: window, env });
  await setTimeout(SHOWN_AFTER_MS);
  await window.settled();
  await writeFile(new URL(`${width}.svg`, folder), svgOf(window.cells, width));
  process.emit("SIGINT", "SIGINT");
  await ended;
}

function svgOf(rows: readonly (readonly Cell[])[], columns: number): string {
  const width = Math.ceil(columns * CELL.width + 2 * EDGE);
  const height = Math.ceil(rows.length * CELL.height + 2 * EDGE);
  const texts = rows.flatMap((row, y) => runsOf(row).map((run) => textOf(run, y)));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13">
${texts.join("\n")}
</g>
</svg>
`;
}

interface Run {
  readonly x: number;
  readonly text: string;
  readonly cell: Cell;
}

/** Neighbours that look alike, without the spaces around them. */
function runsOf(row: readonly Cell[]): Run[] {
  const runs: Run[] = [];
  for (const [x, cell] of row.entries()) {
    const text = cell.text === "" ? " " : cell.text;
    const last = runs.at(-1);
    if (last !== undefined && styleOf(last.cell) === styleOf(cell))
      runs[runs.length - 1] = { ...last, text: last.text + text };
    else runs.push({ x, text, cell });
  }
  return runs
    .map((run) => ({
      ...run,
      x: run.x + run.text.length - run.text.trimStart().length,
      text: run.text.trim(),
    }))
    .filter(({ text }) => text !== "");
}

function styleOf({ colour, isBold, isDim }: Cell): string {
  const fill = colour === undefined ? USUAL : (PALETTE[colour] ?? USUAL);
  return `fill="${fill}"${isBold ? ' font-weight="bold"' : ""}${isDim ? ' opacity="0.6"' : ""}`;
}

function textOf({ x, text, cell }: Run, y: number): string {
  const left = (EDGE + x * CELL.width).toFixed(1);
  const base = (EDGE + (y + 0.75) * CELL.height).toFixed(1);
  const long = (text.length * CELL.width).toFixed(1);
  const escaped = text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll(" ", "\u00a0");
  return `<text x="${left}" y="${base}" textLength="${long}" ${styleOf(cell)}>${escaped}</text>`;
}

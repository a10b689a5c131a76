import { expect } from "vitest";

import { compareLines } from "../ground-truth.ts";
import type { ComparableLine } from "../ground-truth.ts";
import { readLog } from "../plain-reader.ts";
import type { Outcome } from "./scenarios.ts";
import type { Cell } from "./suite.ts";
import type { Written } from "./written.ts";

/** A loss that was told. */
interface ToldGap {
  readonly after: string;
  readonly before?: string | undefined;
}

export interface Received {
  readonly lines: readonly ComparableLine[];
  readonly gaps: readonly ToldGap[];
}

/** Lines that the truth has in a row and that did not come, with the timestamps beside them. */
interface Hole {
  readonly lines: number;
  readonly after: string;
  readonly before: string | undefined;
}

/**
 * Compares what came with the truth: the engine's own full plain log with its timestamps and its order, or, on a terminal and where the
 * engine's plain reads are wrong, what the container is known to have written. Throws where a line is missing that no gap tells
 * of, where one came twice or in another order, and where one is not the truth's.
 */
export async function verdict(
  cell: Cell,
  id: string,
  written: Written,
  received: Received,
): Promise<Outcome> {
  const holes =
    written.tty || !cell.hasTrueReads
      ? byText(written, received.lines)
      : await byLog(cell, id, written, received.lines);
  return judged(holes, received.gaps, cell.way === "files");
}

/** As `verdict`, by what the container is known to have written: for logs of which the engine keeps only the end. */
export function verdictByText(
  written: Written,
  { lines, gaps }: Received,
  eachIsHole: boolean,
): Outcome {
  return judged(byText(written, lines), gaps, eachIsHole);
}

/** `eachIsHole`: no gap is told where no line is missing. */
function judged(holes: readonly Hole[], gaps: readonly ToldGap[], eachIsHole: boolean): Outcome {
  const untold = holes.filter((hole) => !gaps.some((gap) => isToldBy(hole, gap)));
  expect(untold, "lines that are missing without a word").toEqual([]);
  const idle = gaps.filter((gap) => !holes.some((hole) => isToldBy(hole, gap)));
  if (eachIsHole) expect(idle, "gaps in which no line is missing").toEqual([]);
  return holes.length === 0 ? "exact" : "told";
}

async function byLog(
  cell: Cell,
  id: string,
  written: Written,
  lines: readonly ComparableLine[],
): Promise<Hole[]> {
  const log = await plainLog(cell, id);
  const all = written.stdout.length + written.stderr.length;
  if (log.length !== all) console.log(`The engine kept ${log.length} of ${all} lines.`);
  const comparison = compareLines(log, lines);
  const { repeated, foreign, reordered, firstDifference } = comparison;
  const wrong = { repeated, foreign, reordered };
  expect(wrong, `${firstDifference}`).toEqual({ repeated: 0, foreign: 0, reordered: 0 });
  return holesIn(
    log.map((line) => keyOf(line)),
    lines.map((line) => keyOf(line)),
    lines,
  );
}

/** Of a container that has ended: all that its engine has of it. */
export async function plainLog(cell: Cell, id: string): Promise<ComparableLine[]> {
  // With journald each part has a time of its own, on Docker as well.
  const isEach = cell.matrix.kind === "podman" || cell.driver.driver === "journald";
  const parts = isEach ? "until-newline" : "one-timestamp";
  return await readLog(cell.engine.ownSocketPath, id, { tty: false, parts });
}

function keyOf({ timestamp, stream, line }: ComparableLine): string {
  return `${timestamp} ${stream} ${line}`;
}

function byText(written: Written, lines: readonly ComparableLine[]): Hole[] {
  const streams = written.tty
    ? [["tty", written.stdout] as const]
    : ([
        ["stdout", written.stdout],
        ["stderr", written.stderr],
      ] as const);
  return streams.flatMap(([stream, expected]) => {
    const came = lines.filter((line) => line.stream === stream);
    return holesIn(
      expected.map(comparable),
      came.map(({ line }) => comparable(line)),
      came,
    );
  });
}

/** Characters of several bytes are left out: `json-file` spoils one that it cuts. */
function comparable(text: string): string {
  return text.replaceAll(/[^\0-\x7f]/g, "");
}

/** What came must be the expected lines in their order, each at most once; what is missing are the holes. */
function holesIn(
  expected: readonly string[],
  came: readonly string[],
  lines: readonly ComparableLine[],
): Hole[] {
  const holes: Hole[] = [];
  let next = 0;
  for (const [index, text] of came.entries()) {
    const place = expected.indexOf(text, next);
    if (place === -1) throw new Error(describeForeign(expected, came, index, next));
    if (place > next)
      holes.push({
        lines: place - next,
        after: lines[index - 1]?.timestamp ?? "",
        before: lines[index]?.timestamp,
      });
    next = place + 1;
  }
  if (next < expected.length)
    holes.push({
      lines: expected.length - next,
      after: lines.at(-1)?.timestamp ?? "",
      before: undefined,
    });
  return holes;
}

function describeForeign(
  expected: readonly string[],
  came: readonly string[],
  index: number,
  next: number,
): string {
  const text = came[index] ?? "";
  const wanted = expected[next] ?? "";
  let column = 0;
  while (column < text.length && text[column] === wanted[column]) column += 1;
  const shown = (value: string): string =>
    JSON.stringify(value.slice(Math.max(0, column - 20), column + 80));
  const earlier = expected.indexOf(text);
  const what = earlier === -1 ? "is no line of the truth" : `is line ${earlier}, which came before`;
  return [
    `Line ${index} of ${came.length} that came ${what}. Expected was line ${next} of ${expected.length};`,
    `they differ from character ${column} on (lengths ${wanted.length} and ${text.length}):`,
    `expected ${shown(wanted)}`,
    `received ${shown(text)}`,
  ].join("\n");
}

/** A gap tells of a hole where the times of both meet. */
function isToldBy(hole: Hole, gap: ToldGap): boolean {
  const beginsBefore = hole.before === undefined || gap.after <= hole.before;
  const endsAfter = gap.before === undefined || gap.before >= hole.after;
  return beginsBefore && endsAfter;
}

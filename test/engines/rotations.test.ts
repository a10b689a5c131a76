import { expect } from "vitest";

import { create } from "../support/follow.ts";
import { compareLines } from "../support/ground-truth.ts";
import { followIn } from "../support/matrix/reading.ts";
import { followRotated, rotated } from "../support/matrix/rotated.ts";
import { ROTATED } from "../support/matrix/scenarios.ts";
import type { Outcome } from "../support/matrix/scenarios.ts";
import { scenario } from "../support/matrix/suite.ts";
import type { Cell } from "../support/matrix/suite.ts";
import { plainLog, verdict, verdictByText } from "../support/matrix/verdict.ts";
import { longLines, paced } from "../support/matrix/written.ts";
import { numbered } from "../support/numbered-log.ts";

scenario("rotations", async (cell) => await rotated(cell, paced(800, 4)));

scenario("longLines", async (cell) => await rotated(cell, longLines(100, 25)));

scenario("exitNoticed", async (cell) => {
  const { engine } = cell;
  const written = paced(300, 5);
  const id = await create(engine, cell.with({ script: written.script }));
  const following = followIn(cell, id, { rotateEveryMs: 100 });
  await following.untilStopped();
  await engine.start(id);
  await engine.wait(id);
  await following.untilStopped(2, 30_000);
  return await verdict(cell, id, written, { lines: following.lines, gaps: following.of("gap") });
});

const none = { lost: 0, repeated: 0, foreign: 0, reordered: 0 };

function numberOf(line: { readonly line: string } | undefined): number {
  return Number(line?.line.split(" ")[1]);
}

const OWN_LINES = 8_000;

/** What comes of a log that the engine rotates, of lines that are written in bursts. */
async function ownRotation(cell: Cell, burst: number): Promise<Outcome> {
  const script = numbered(OWN_LINES, burst);
  const given = { ...cell.with({ script }), options: cell.driver.options };
  // What is deleted between two of its readers is not seen: whether it was all read is left open.
  const rotates = cell.way === "engine" || burst < OWN_LINES;
  const { id, following } = await followRotated(cell, given, rotates);
  const { lines } = following;
  const stdout = Array.from({ length: OWN_LINES }, (_, at) => `line ${at} ${"x".repeat(85)}`);
  // How much of a burst Podman's one file has lost before the first read is estimated: that may go untold.
  const mayLackStart = cell.driver.kind === "podman" && cell.way === "engine";
  const from = mayLackStart ? numberOf(lines[0]) : 0;
  const written = { script, tty: false, stdout: stdout.slice(from), stderr: [] };
  // Behind a file that was deleted before it was read to its end some may be missing, or not.
  const eachIsHole = cell.way === "files" && burst < OWN_LINES;
  const received = { lines, gaps: following.of("gap") };
  const outcome = verdictByText(written, received, eachIsHole);
  if (cell.hasTrueReads) {
    // All that the engine has left, unless a gap tells of it.
    const kept = await plainLog(cell, id);
    const first = numberOf(kept[0]);
    const rest = lines.filter((line) => numberOf(line) >= first);
    const { firstDifference, ...counts } = compareLines(kept, rest);
    const lost = outcome === "exact" ? 0 : counts.lost;
    expect(counts, `${firstDifference}`).toEqual({ ...none, lost });
  }
  return outcome;
}

scenario(
  "ownRotation",
  async (cell) => {
    const inBursts = await ownRotation(cell, 100);
    // It has filled several files before the first read.
    const atOnce = await ownRotation(cell, OWN_LINES);
    return inBursts === "exact" && atOnce === "exact" ? "exact" : "told";
  },
  (kind) => ROTATED[kind],
);

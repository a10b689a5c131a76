import { expect } from "vitest";

import { create, follow, rotateWhile, whileRunning } from "../support/follow.ts";
import { compareLines, noDifference } from "../support/ground-truth.ts";
import { ROTATED } from "../support/matrix/scenarios.ts";
import { scenario } from "../support/matrix/suite.ts";
import type { Cell } from "../support/matrix/suite.ts";
import { plainLog, verdict } from "../support/matrix/verdict.ts";
import { longLines, paced } from "../support/matrix/written.ts";
import type { Written } from "../support/matrix/written.ts";
import { expectExplained, followWhole, numbered } from "../support/numbered-log.ts";

/** Followed from before its start to its stop, with a rotation whenever lines have come. */
async function rotated(cell: Cell, written: Written): Promise<"exact" | "told" | "failed"> {
  const { engine } = cell;
  const id = await create(engine, cell.with({ script: written.script, tty: written.tty }));
  const following = follow(engine.socketPath, id);
  await following.untilStopped();
  await engine.start(id);
  const load = whileRunning(engine, id);
  await following.untilCount(1);
  const { completed } = await rotateWhile(following, "lines", () => load.running);
  await load.ended;
  await following.untilStopped(2);
  expect(completed.length).toBeGreaterThan(3);
  return await verdict(cell, id, written, { lines: following.lines, gaps: following.of("gap") });
}

scenario("rotations", async (cell) => await rotated(cell, paced(800, 4)));

scenario("longLines", async (cell) => await rotated(cell, longLines(100, 25)));

scenario("exitNoticed", async (cell) => {
  const { engine } = cell;
  const written = paced(300, 5);
  const id = await create(engine, cell.with({ script: written.script }));
  const following = follow(engine.socketPath, id, { rotateEveryMs: 100 });
  await following.untilStopped();
  await engine.start(id);
  await engine.wait(id);
  await following.untilStopped(2, 30_000);
  return await verdict(cell, id, written, { lines: following.lines, gaps: following.of("gap") });
});

scenario(
  "ownRotation",
  async (cell) => {
    const lines = 8_000;
    const options = {
      ...cell.with({ script: numbered(lines, 100) }),
      options: cell.driver.options,
    };
    const { id, following } = await followWhole(cell.engine, options, lines);
    const missing = expectExplained(`${cell.matrix.name}, rotated`, following, lines);
    if (cell.hasTrueReads) {
      const kept = await plainLog(cell, id);
      const rest = following.lines.slice(-kept.length);
      expect(compareLines(kept, rest)).toEqual(noDifference);
    }
    return missing === 0 && following.lines.length === lines ? "exact" : "told";
  },
  (kind) => ROTATED[kind],
);

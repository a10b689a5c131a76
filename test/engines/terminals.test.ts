import { create, follow, rotateWhile, whileRunning } from "../support/follow.ts";
import type { Outcome } from "../support/matrix/scenarios.ts";
import { scenario } from "../support/matrix/suite.ts";
import type { Cell } from "../support/matrix/suite.ts";
import { verdict } from "../support/matrix/verdict.ts";
import { longTerminalLines, paced, progressBars } from "../support/matrix/written.ts";
import type { Written } from "../support/matrix/written.ts";

/** Followed from before its start to its stop, with a rotation whenever a few lines have come. */
async function onTerminal(cell: Cell, written: Written): Promise<Outcome> {
  const { engine } = cell;
  const id = await create(engine, cell.with({ script: written.script, tty: true }));
  const following = follow(engine.socketPath, id);
  await following.untilStopped();
  await engine.start(id);
  const load = whileRunning(engine, id);
  await following.untilCount(1);
  await rotateWhile(following, "lines", () => load.running);
  await load.ended;
  await following.untilStopped(2);
  return await verdict(cell, id, written, { lines: following.lines, gaps: following.of("gap") });
}

scenario("terminal", async (cell) => await onTerminal(cell, paced(400, 5, true)));

scenario("terminalLong", async (cell) => await onTerminal(cell, longTerminalLines(80, 25)));

scenario("terminalBars", async (cell) => await onTerminal(cell, progressBars(40, 500, 50)));

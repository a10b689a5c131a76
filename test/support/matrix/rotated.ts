import { create, rotateWhile } from "../follow.ts";
import type { Following } from "../follow.ts";
import type { RunOptions } from "../real-engine/engine.ts";
import { followIn } from "./reading.ts";
import type { Outcome } from "./scenarios.ts";
import type { Cell } from "./suite.ts";
import { verdict } from "./verdict.ts";
import type { Written } from "./written.ts";

/** A container is followed from before its start to its stop, with a rotation whenever lines have come, unless `rotates` is false. */
export async function followRotated(
  cell: Cell,
  options: RunOptions,
  rotates: boolean = true,
): Promise<{ readonly id: string; readonly following: Following }> {
  const { engine } = cell;
  const id = await create(engine, options);
  const following = followIn(cell, id);
  // What was created and not started yet has stopped once.
  await following.untilStopped();
  await engine.start(id);
  await following.untilCount(1);
  if (rotates) await rotateWhile(following, "lines", () => following.of("stopped").length < 2);
  await engine.wait(id);
  await following.untilStopped(2);
  return { id, following };
}

/** As `followRotated`, with what is written compared. */
export async function rotated(cell: Cell, written: Written): Promise<Outcome> {
  const { script, tty } = written;
  const { id, following } = await followRotated(cell, cell.with({ script, tty }));
  return await verdict(cell, id, written, { lines: following.lines, gaps: following.of("gap") });
}

import { bugs } from "./bugs.ts";
import type { Bug } from "./bugs.ts";
import type { BuiltLibrary } from "./library.ts";
import { judge } from "./oracle.ts";
import { Player } from "./run.ts";

export interface Catch {
  readonly bug: Bug;
  /** What the oracle said of the library with the bug. */
  readonly caughtBy: string | undefined;
  readonly said: readonly string[];
  /** And of the library without it. */
  readonly violations: readonly string[];
}

/**
 * Plays each bug's plan with the bug and without: the oracle must catch the one, and be content with the other. Where one fails it ends with the last of
 * the others, so that nothing runs on.
 */
export async function selfTest(library: BuiltLibrary): Promise<Catch[]> {
  const tries = await Promise.allSettled(bugs.map((bug) => tryBug(library, bug)));
  const failures = tries.flatMap((one): unknown[] =>
    one.status === "rejected" ? [one.reason] : [],
  );
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("\n"));
  return tries.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}

async function tryBug(library: BuiltLibrary, bug: Bug): Promise<Catch> {
  await using wrong = await library.with(bug.change);
  const { violations: all } = await Player.play(bug.plan, wrong.folder, judge);
  const { violations } = await Player.play(bug.plan, library.folder, judge);
  const caughtBy = all.find((violation) => bug.caught.test(violation));
  return { bug, caughtBy, said: all, violations };
}

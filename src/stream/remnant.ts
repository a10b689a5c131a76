import { RemnantAligner } from "../resume/aligner.ts";
import type { Position } from "../resume/position.ts";
import { cutWhileReading } from "./failures.ts";
import type { Entries } from "../wire/entry.ts";
import type { Intake } from "./intake.ts";
import type { Tail } from "./tail-size.ts";

/**
 * The engine has thrown away the log's beginning, and with it some of what stood before the place. Resolves with the place as
 * what is left of that describes it; undefined where nothing is left.
 */
export async function findRemnant(
  intake: Intake,
  target: Position,
  tail: Tail,
  signal: AbortSignal,
): Promise<Position | undefined> {
  const aligner = new RemnantAligner(target);
  const findNew = (entries: Entries): number | "stop" => {
    aligner.push(entries);
    return aligner.decided ? "stop" : entries.length;
  };
  const end = await intake.readPlainly({ tail }, { findNew }, signal);
  if (end === "cut") throw cutWhileReading();
  const { groups } = aligner;
  return groups.length === 0 ? undefined : { ...target, groups, whole: true };
}

import { groupedEntries } from "../resume/position.ts";
import type { Position } from "../resume/position.ts";
import type { Intake } from "./intake.ts";
import { readFromPlace } from "./read-from-place.ts";
import { Look, MOST_ENTRIES } from "./tail-size.ts";

const GROWTH = 2;

/**
 * A read of Docker before 23 that comes to a damaged record leaves out what it has read ahead, hundreds of lines, and does not say
 * so: the place may be in there. A tail that begins behind the damage and before the place shows it. Takes what is new from that,
 * and resolves with how many entries that were; undefined where no tail shows the place. `whole`: a look at all of the log.
 */
export async function readBehindSilentHole(
  intake: Intake,
  target: Position,
  whole: Look,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { reader } = intake;
  const { followReachesEnd, exactTail } = reader.inspection.traits;
  const oldest = target.groups.at(0)?.timestamp;
  if (followReachesEnd || !exactTail || oldest === undefined) return undefined;
  // The engine has thrown the place away.
  if (whole.beginsBehind(oldest)) return undefined;
  intake.log.soundness.doubt();
  let short = groupedEntries(target);
  let long = Infinity;
  while (long - short > 1) {
    const tail: number = long === Infinity ? short * GROWTH : Math.floor((short + long) / 2);
    if (tail > MOST_ENTRIES) return undefined;
    const look: Look = new Look(tail, oldest);
    const asked = { tail, isWhole: false };
    const { search, fresh } = await readFromPlace(intake, target, look, asked, signal);
    if (search.isFound) return fresh;
    if (search.isMatched || look.beginsBehind(oldest)) short = tail;
    else long = tail;
  }
  return undefined;
}

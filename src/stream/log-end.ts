import { newestTimestamp } from "../resume/position.ts";
import { catchUp } from "./catch-up.ts";
import { goOnBehindGap } from "./gap.ts";
import type { Intake } from "./intake.ts";
import { isBehind, lastEntry } from "./last-entry.ts";
import { ATTEMPTS_AT_DAMAGE } from "./plain-read.ts";
import { Look } from "./tail-size.ts";

/** A log that grows meanwhile may show less than all that is behind its damage: so often it is tried to see it all. */
const ATTEMPTS = 8;

/**
 * Reads on where a read has ended before the log does, past its damaged records. Resolves with how many entries came: none where
 * the end was the log's.
 */
export async function readOn(intake: Intake, signal: AbortSignal): Promise<number> {
  const { reader, log } = intake;
  const last = await lastEntry(intake, signal);
  let fresh = 0;
  let fruitless = 0;
  for (;;) {
    const after = newestTimestamp(log.reading.place);
    const mayDrop = last === "none" && reader.dropsAtDamage;
    if (!mayDrop && !isBehind(last, after)) break;
    const came = await catchUp(intake, log.look(reader), signal);
    fresh += came;
    fruitless = came > 0 ? 0 : fruitless + 1;
    if (came > 0 || (reader.dropsAtDamage && fruitless < ATTEMPTS_AT_DAMAGE)) continue;
    const passed = last === "none" ? 0 : await passDamage(intake, after ?? "", signal);
    if (passed === 0) break;
    fresh += passed;
  }
  if (last === "none" || log.tailBound.hidesEnd) await tellDamagedEnd(intake, signal);
  return fresh;
}

/** Goes on with the first entry that a read shows which begins behind the damage. */
async function passDamage(intake: Intake, after: string, signal: AbortSignal): Promise<number> {
  const { reader, log } = intake;
  log.isDamaged(after);
  for (let attempt = 1; ; attempt++) {
    const { tail, first } = await log.ask(new Look("all", after), reader, signal);
    if (tail === "all") return 0;
    const isLast = attempt === ATTEMPTS;
    const fresh = await goOnBehindGap(intake, after, isLast ? { tail } : { tail, first }, signal);
    if (fresh !== undefined || isLast) return fresh ?? 0;
  }
}

/** Nothing is shown at the end of a log that has shown the place: its last record is damaged. */
async function tellDamagedEnd(intake: Intake, signal: AbortSignal): Promise<void> {
  const { reader, log } = intake;
  const after = newestTimestamp(log.reading.place);
  if (after === undefined) return;
  // The log of a container that is removed by now may have been gone.
  log.isMissing = !(await reader.isThere(signal));
  if (log.isMissing) return;
  intake.gap(after);
  log.endsDamaged(after);
}

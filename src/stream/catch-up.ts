import { newestTimestamp } from "../resume/position.ts";
import type { Position } from "../resume/position.ts";
import { goOnBehindGap } from "./gap.ts";
import type { Intake } from "./intake.ts";
import { isBehind, lastEntry } from "./last-entry.ts";
import { ATTEMPTS_AT_DAMAGE, awaitLastLine } from "./plain-read.ts";
import { readFromPlace } from "./read-from-place.ts";
import { findRemnant } from "./remnant.ts";
import { readBehindSilentHole } from "./silent-hole.ts";
import type { Look } from "./tail-size.ts";

/** A last line was half-written, then whole, and is the same after that; or the log goes on growing. */
const MOST_WAITS = 3;

/**
 * Plain reads, whose end is definite, of more and more of the log until they show the place. A plain read holds the log's files
 * as they were when it began, so that nothing overtakes it. Resolves with how many entries were new.
 */
export async function catchUp(intake: Intake, first: Look, signal: AbortSignal): Promise<number> {
  const { reader, log } = intake;
  let look = first;
  let damage: string | undefined;
  let attempts = 0;
  let waits = 0;
  let total = 0;
  for (;;) {
    const { target } = log;
    const last = look.isLast ? await lastEntry(intake, signal) : undefined;
    const asked = await log.ask(look, reader, signal);
    const { end, search, fresh } = await readFromPlace(intake, target, look, asked, signal);
    total += fresh;
    if (search.isFound && end !== "stopped") return total;
    if (search.isFound) {
      look = log.look(reader);
      continue;
    }
    // The place may be behind a last line that was kept back.
    if (++waits <= MOST_WAITS && (await awaitLastLine(reader, signal))) {
      look = log.look(reader);
      continue;
    }
    if (end === "stuck") {
      log.isStuck();
      look = look.whole();
      continue;
    }
    const { latest } = look;
    const isShort =
      asked.from === undefined && typeof asked.tail === "number" && search.seen < asked.tail;
    const next = look.next(isShort && end === "complete" && !search.isMatched, log.now);
    if (next !== undefined) {
      look = next;
    } else if (isBehind(last, latest) && damage !== (latest ?? "")) {
      // It was there before this look, which has not shown it.
      look = look.whole();
      if (reader.dropsAtDamage && ++attempts < ATTEMPTS_AT_DAMAGE) continue;
      damage = latest ?? "";
      log.isDamaged(damage);
    } else if (log.tailBound.hidesEnd) {
      // What a read shows ends at the damage.
      return total;
    } else {
      const behind = await readBehindSilentHole(intake, target, look, signal);
      return total + (behind ?? (await goOnElsewhere(intake, target, look.whole(), signal)));
    }
  }
}

/** The place is not in the log any more. */
async function goOnElsewhere(
  intake: Intake,
  target: Position,
  look: Look,
  signal: AbortSignal,
): Promise<number> {
  const asked = await intake.log.ask(look, intake.reader, signal);
  const remnant = await findRemnant(intake, target, asked.tail, signal);
  if (remnant !== undefined) {
    const whole = { tail: asked.tail, isWhole: true };
    const { search, fresh } = await readFromPlace(intake, remnant, look, whole, signal);
    if (search.isFound) return fresh;
  }
  const after = newestTimestamp(target) ?? "";
  return (await goOnBehindGap(intake, after, { tail: asked.tail }, signal)) ?? 0;
}

import { newestTimestamp } from "../resume/position.ts";
import type { Position } from "../resume/position.ts";
import type { Entries } from "../wire/entry.ts";
import { cutWhileReading } from "./failures.ts";
import type { Asked } from "./followed-log.ts";
import { goOnBehindGap } from "./gap.ts";
import type { Intake } from "./intake.ts";
import { isBehind, lastEntry } from "./last-entry.ts";
import { PlaceSearch } from "./place-search.ts";
import { ATTEMPTS_AT_DAMAGE } from "./plain-read.ts";
import type { PlainEnd } from "./plain-read.ts";
import { findRemnant } from "./remnant.ts";
import type { Look } from "./tail-size.ts";

/**
 * Plain reads, whose end is definite, of more and more of the log until they show the place. A plain read holds the log's files
 * as they were when it began, so that nothing overtakes it. Resolves with how many entries were new.
 */
export async function catchUp(intake: Intake, first: Look, signal: AbortSignal): Promise<number> {
  const { reader, log } = intake;
  let look = first;
  let damage: string | undefined;
  let attempts = 0;
  let total = 0;
  for (;;) {
    const { target } = log;
    const last = look.isLast ? await lastEntry(intake, signal) : undefined;
    const asked = await log.ask(look, reader, signal);
    const { end, search, fresh } = await readFrom(intake, target, look, asked, signal);
    total += fresh;
    if (search.isFound && end !== "stopped") return total;
    if (search.isFound) {
      look = log.look(reader);
      continue;
    }
    if (end === "stuck") {
      log.isStuck();
      look = look.whole();
      continue;
    }
    const { latest } = look;
    const isShort = typeof asked.tail === "number" && search.seen < asked.tail;
    const next = look.next(isShort && end === "complete" && !search.isMatched, log.now);
    if (next !== undefined) {
      look = next;
    } else if (isBehind(last, latest) && damage !== (latest ?? "")) {
      // It was there before this look, which has not shown it.
      look = look.whole();
      if (reader.dropsAtDamage && ++attempts < ATTEMPTS_AT_DAMAGE) continue;
      damage = latest ?? "";
      log.isDamaged(damage);
    } else {
      return total + (await goOnElsewhere(intake, target, look.whole(), signal));
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
    const { search, fresh } = await readFrom(intake, remnant, look, whole, signal);
    if (search.isFound) return fresh;
  }
  const after = newestTimestamp(target) ?? "";
  return (await goOnBehindGap(intake, after, { tail: asked.tail }, signal)) ?? 0;
}

interface Read {
  readonly end: PlainEnd;
  readonly search: PlaceSearch;
  readonly fresh: number;
}

/** One look, from which everything behind the place is taken. */
async function readFrom(
  intake: Intake,
  target: Position,
  look: Look,
  asked: Asked,
  signal: AbortSignal,
): Promise<Read> {
  const { log } = intake;
  let fresh = 0;
  const found = (): boolean => {
    if (!log.reading.found() && !asked.isWhole) return false;
    const after = log.reading.acceptIncomplete();
    if (after !== undefined) intake.gap(after);
    return true;
  };
  const search = new PlaceSearch(log, target, look, asked, found);
  // Where nothing was read before, the place is known before the engine has answered: no stream is open then.
  const opened = (): void => {
    if (search.isFound) intake.aligned("exact");
  };
  const findNew = (entries: Entries): number | "stop" => {
    const from = search.push(entries);
    if (!search.isFound) return search.isHopeless ? "stop" : entries.length;
    intake.aligned("exact");
    fresh += entries.length - from;
    return from;
  };
  const end = await intake.readPlainly(asked.tail, { opened, findNew }, signal);
  if (end === "cut") throw cutWhileReading();
  if (end === "complete" && search.isFound) log.tailSize.ended(log.now);
  return { end, search, fresh };
}

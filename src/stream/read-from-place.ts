import { newestTimestamp } from "../resume/position.ts";
import type { Position } from "../resume/position.ts";
import type { Entries } from "../wire/entry.ts";
import { cutWhileReading } from "./failures.ts";
import type { Asked } from "./followed-log.ts";
import type { Intake } from "./intake.ts";
import type { HoleKind } from "./log-reader.ts";
import { PlaceSearch } from "./place-search.ts";
import type { PlainEnd } from "./plain-read.ts";
import type { Look } from "./tail-size.ts";

export interface PlaceRead {
  readonly end: PlainEnd;
  readonly search: PlaceSearch;
  readonly fresh: number;
}

/** One look, from which everything behind the place is taken. */
export async function readFromPlace(
  intake: Intake,
  target: Position,
  look: Look,
  asked: Asked,
  signal: AbortSignal,
): Promise<PlaceRead> {
  const { log, reader } = intake;
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
    if (!search.isFound) return;
    intake.reader.passed();
    intake.aligned("exact");
  };
  const findNew = (entries: Entries): number | "stop" => {
    const wasFound = search.isFound;
    const from = search.push(entries);
    if (!search.isFound) return search.isHopeless ? "stop" : entries.length;
    if (!wasFound) intake.reader.passed(from);
    intake.aligned("exact");
    const other = log.reading.behindLoss(entries, from);
    if (other !== undefined) intake.gap(newestTimestamp(target) ?? "", other.timestamp);
    fresh += log.reading.fresh(entries, from).count;
    return from;
  };
  const hole = (kind: HoleKind): void => {
    if (search.isFound) intake.hole(kind);
  };
  const end = await intake.readPlainly(asked, { opened, findNew, hole }, signal);
  if (end === "cut") throw cutWhileReading();
  if (end === "complete" && search.isFound) {
    log.tailSize.ended(log.now);
    log.soundness.found();
    log.tookAll();
    if (reader.via === "engine") log.sawPlace(asked.tail, search.seen);
  }
  return { end, search, fresh };
}

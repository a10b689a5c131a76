import { firstLater } from "../resume/later.ts";
import type { Entries } from "../wire/entry.ts";
import { cutWhileReading } from "./failures.ts";
import type { Asked } from "./followed-log.ts";
import type { Intake } from "./intake.ts";
import type { HoleKind } from "./log-reader.ts";

/**
 * The log no longer has the place: reading goes on with the first entry later than `after`, the newest one known. The old place
 * is kept until that is taken, so that a read which is given up before does not begin anew with nothing known. `first`: the
 * timestamp that the read must begin with, or else it is given up. Resolves with how many entries came; undefined where it was.
 */
export async function goOnBehindGap(
  intake: Intake,
  after: string,
  { tail, first }: Pick<Asked, "tail" | "first">,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { reading } = intake.log;
  const skipped = reading.newTrail();
  let isBehind = false;
  let before: string | undefined;
  let fresh = 0;
  let hasBegun = first === undefined;
  const goOn = (): void => {
    if (isBehind) return;
    isBehind = true;
    reading.restart(skipped);
    intake.gap(after, before);
    intake.aligned("gap");
  };
  const findNew = (entries: Entries): number | "stop" => {
    if (!hasBegun && entries.length > 0) {
      if (entries.at(0)?.timestamp !== first) return "stop";
      hasBegun = true;
    }
    let from = 0;
    if (before === undefined) {
      const later = firstLater(entries, after);
      from = later === -1 ? entries.length : later;
      skipped.add(entries, 0, from);
      before = entries.at(from)?.timestamp;
    }
    fresh += entries.length - from;
    return from;
  };
  const hole = (kind: HoleKind): void => {
    if (isBehind) intake.hole(kind);
  };
  const end = await intake.readPlainly({ tail }, { findNew, beforeTaking: goOn, hole }, signal);
  if (end === "cut" || end === "stuck") throw cutWhileReading();
  if (end === "stopped" && !isBehind) return undefined;
  // What stands before the damage is not the log's end.
  if (end === "damaged" && before === undefined) return 0;
  goOn();
  // What is there now may be less than there is a moment later.
  if (before === undefined) intake.log.oldLines.expect("emptied", after);
  if (end === "complete") intake.log.soundness.found();
  if (end === "complete" && before !== undefined) intake.log.tookAll();
  return fresh;
}

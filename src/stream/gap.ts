import { firstLater } from "../resume/later.ts";
import type { Entries } from "../wire/entry.ts";
import { cutWhileReading } from "./failures.ts";
import type { Intake } from "./intake.ts";
import type { Tail } from "./tail-size.ts";

/**
 * The log no longer has the place: reading goes on with the first entry later than `after`, the newest one known. The old place
 * is kept until that is taken, so that a read which is given up before does not begin anew with nothing known.
 */
export async function goOnBehindGap(
  intake: Intake,
  after: string,
  tail: Tail,
  signal: AbortSignal,
): Promise<number> {
  const { reading } = intake.log;
  const skipped = reading.newTrail();
  let isBehind = false;
  let before: string | undefined;
  let fresh = 0;
  const goOn = (): void => {
    if (isBehind) return;
    isBehind = true;
    reading.restart(skipped);
    intake.gap(after, before);
    intake.aligned("gap");
  };
  const findNew = (entries: Entries): number => {
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
  const end = await intake.readPlainly(tail, findNew, signal, goOn);
  if (end === "cut" || end === "stuck") throw cutWhileReading();
  goOn();
  return fresh;
}

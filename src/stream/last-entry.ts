import { DockspoolError } from "../errors.ts";
import { firstLater } from "../resume/later.ts";
import type { Entries, Entry } from "../wire/entry.ts";
import type { Intake } from "./intake.ts";
import { readPlainly } from "./plain-read.ts";

/** "none": the engine shows no entry at the log's end. */
export type LastEntry = Entry | "none" | "not known";

/** The log's last entry, where the engine is one that ends reads at a damaged record (Docker). */
export async function lastEntry({ reader, log }: Intake, signal: AbortSignal): Promise<LastEntry> {
  const { traits, info } = reader.inspection;
  // A read of the files goes on behind damage.
  if (reader.via === "files" || traits.unstableParts || !log.tails.mayAsk()) return "not known";
  if (!reader.allowsTail(1)) return "not known";
  let last: Entry | undefined;
  const visit = (entries: Entries): "stop" | undefined => {
    last = entries.at(0);
    return last === undefined ? undefined : "stop";
  };
  try {
    const end = await readPlainly(reader, { tail: 1 }, { visit }, signal);
    if (end === "stuck") log.isStuck();
    // Of a terminal's line that has not ended nothing is shown.
    return last ?? ((end === "complete" || end === "damaged") && !info.tty ? "none" : "not known");
  } catch (error) {
    if (!DockspoolError.is(error) || error.code === "ENGINE_UNREACHABLE") throw error;
    // It may be about to be removed.
    if (error.code === "CONTAINER_NOT_FOUND") log.isMissing = true;
    return "not known";
  }
}

/** `entry` is later than all that was seen. */
export function isBehind(entry: LastEntry | undefined, latest: string | undefined): boolean {
  return typeof entry === "object" && firstLater([entry], latest ?? "") === 0;
}

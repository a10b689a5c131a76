import { DockspoolError } from "../errors.ts";
import { firstLater } from "../resume/later.ts";
import type { Entry } from "../wire/entry.ts";
import type { Intake } from "./intake.ts";
import { firstOf } from "./plain-read.ts";

/** The log's last entry, where the engine is one that ends reads at a damaged record (Docker from 23 on). */
export async function lastEntry(
  { reader, log }: Intake,
  signal: AbortSignal,
): Promise<Entry | undefined> {
  if (!reader.inspection.traits.followReachesEnd || !log.tails.mayAsk()) return undefined;
  try {
    return await firstOf(reader, 1, signal);
  } catch (error) {
    // It may be about to be removed.
    if (DockspoolError.is(error) && error.code !== "ENGINE_UNREACHABLE") return undefined;
    throw error;
  }
}

/** `entry` is later than all that was seen. */
export function isBehind(entry: Entry | undefined, latest: string | undefined): boolean {
  return entry !== undefined && firstLater([entry], latest ?? "") === 0;
}

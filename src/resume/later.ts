import type { Entry } from "../wire/entry.ts";
import { coarsen, compareTimestamps, fractionDigits } from "../wire/timestamps.ts";

/** The index of the first entry later than `timestamp`, at the coarser precision of the two; -1 where none is. */
export function firstLater(entries: readonly Entry[], timestamp: string): number {
  const digits = fractionDigits(timestamp);
  return entries.findIndex((entry) => {
    const coarser = Math.min(digits, fractionDigits(entry.timestamp));
    return compareTimestamps(coarsen(entry.timestamp, coarser), coarsen(timestamp, coarser)) > 0;
  });
}

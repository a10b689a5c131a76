import type { Entries } from "../wire/entry.ts";
import { coarsen, compareTimestamps, fractionDigits } from "../wire/timestamps.ts";

/** The index of the first entry later than `timestamp`, at the coarser precision of the two; -1 where none is. */
export function firstLater(entries: Entries, timestamp: string): number {
  const digits = fractionDigits(timestamp);
  let index = 0;
  for (const entry of entries) {
    const coarser = Math.min(digits, fractionDigits(entry.timestamp));
    if (compareTimestamps(coarsen(entry.timestamp, coarser), coarsen(timestamp, coarser)) > 0)
      return index;
    index++;
  }
  return -1;
}

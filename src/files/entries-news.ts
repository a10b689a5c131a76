import type { Entries } from "../wire/entry.ts";
import type { FileNews } from "./log-files.ts";

/** `ends`: where each ends, in bytes behind `offset`. The first ones are `skipped`. */
export function newsOf(
  entries: Entries,
  ends: ArrayLike<number>,
  skipped: number,
  inode: string,
  offset: number,
): FileNews {
  return {
    type: "entries",
    entries: entries.slice(skipped),
    place: (index) => ({ inode, offset: offset + (ends[skipped + index] ?? 0) }),
  };
}

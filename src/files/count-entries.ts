import { GzContent } from "./gz-content.ts";
import type { FormatRules } from "./log-format.ts";
import type { OpenFile } from "./open-file.ts";

/** How many entries a compressed file has, or how many before the first one that is not earlier than `timestamp`. */
export async function countEntries(
  file: OpenFile,
  { decoder }: FormatRules,
  timestamp?: string,
): Promise<number> {
  const content = new GzContent(file);
  const entriesOf = decoder();
  let count = 0;
  try {
    for (;;) {
      const read = await content.read((bytes) => entriesOf.decode(bytes));
      if (typeof read !== "object") return count;
      for (const piece of read.pieces) {
        if (piece.type === "hole") continue;
        const { entries } = piece;
        const isEarlier = timestamp === undefined || (entries.at(-1)?.timestamp ?? "") < timestamp;
        if (!isEarlier) {
          for (const entry of entries) {
            if (entry.timestamp >= timestamp) return count;
            count++;
          }
        }
        if (isEarlier) count += entries.length;
      }
    }
  } finally {
    content.stop();
  }
}

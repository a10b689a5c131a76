import { contentKey } from "./records.ts";
import type { Content } from "./records.ts";

/** How many of a stream's latest timestamps are remembered: where a clock runs backwards they may come again. */
const REMEMBERED = 16;

interface Lines {
  readonly timestamp: string;
  /** The only one so far; counted once there is another. */
  first: Content | undefined;
  counts: Map<string, number> | undefined;
}

/** Counts the equal ones among a stream's lines of late; costs a comparison where timestamps rise. */
export class RecentLines {
  readonly #lines: Lines[] = [];
  #next = 0;
  #newest = "";

  /** How many lines with this timestamp and content came before. */
  occurrence(timestamp: string, content: Content): number {
    if (timestamp > this.#newest) {
      this.#newest = timestamp;
      this.#remember(timestamp, content);
      return 0;
    }
    const known = this.#lines.find((lines) => lines.timestamp === timestamp);
    if (known !== undefined) return count(known, content);
    this.#remember(timestamp, content);
    return 0;
  }

  #remember(timestamp: string, first: Content): void {
    this.#lines[this.#next] = { timestamp, first, counts: undefined };
    this.#next = (this.#next + 1) % REMEMBERED;
  }
}

function count(lines: Lines, content: Content): number {
  lines.counts ??= new Map();
  if (lines.first !== undefined) lines.counts.set(contentKey(lines.first), 1);
  lines.first = undefined;
  const own = contentKey(content);
  const before = lines.counts.get(own) ?? 0;
  lines.counts.set(own, before + 1);
  return before;
}

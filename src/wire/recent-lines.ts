import type { FrameEntries } from "./frame-entries.ts";
import { contentKey } from "./records.ts";
import type { Content } from "./records.ts";

/** How many of a stream's latest timestamps are remembered: where a clock runs backwards they may come again. */
const REMEMBERED = 16;

/** So many different contents of one timestamp are counted one by one. */
const COUNTED_SINGLY = 64;
/** More of them share so many counters. */
const COUNTERS = 1_024;

interface Lines {
  readonly timestamp: string;
  /** The only one so far; counted once there is another. */
  first: Content | string | undefined;
  counts: Counts | undefined;
}

/** Counts the equal ones among a stream's lines of late; costs a comparison where timestamps rise. */
export class RecentLines {
  readonly #lines: Lines[] = [];
  #next = 0;
  #newest = "";
  /** Lines of this stream behind those, each later than the one before. */
  #passed: FrameEntries[] = [];

  /** Later than all lines so far: the first of its timestamp. */
  isNew(timestamp: string): boolean {
    return timestamp > this.#newest;
  }

  /** How many lines with this timestamp and content came before. */
  occurrence(timestamp: string, content: Content | string): number {
    if (this.#passed.length > 0) this.#rememberPassed();
    if (this.isNew(timestamp)) {
      this.#remember(timestamp, content);
      return 0;
    }
    const known = this.#lines.find((lines) => lines.timestamp === timestamp);
    if (known !== undefined) return count(known, content);
    this.#remember(timestamp, content);
    return 0;
  }

  /** This stream's lines among `entries` up to `last` are new, and rise. `isAlone`: all entries are this stream's. */
  pass(entries: FrameEntries, last: number, isAlone: boolean): void {
    const stream = entries.stream(last);
    const latest = isAlone
      ? entries.excerpt(Math.max(0, entries.length - REMEMBERED))
      : entries.pick(latestOf(entries, stream, last));
    this.#newest = latest.timestamp(latest.length - 1);
    this.#passed.push(latest);
    let held = this.#passed.reduce((sum, { length }) => sum + length, 0);
    for (const { length } of this.#passed.slice(0, -1)) {
      held -= length;
      if (held < REMEMBERED) break;
      this.#passed.shift();
    }
  }

  #rememberPassed(): void {
    const passed = this.#passed;
    this.#passed = [];
    for (const entries of passed) {
      for (const { timestamp, text } of entries) this.#remember(timestamp, text);
    }
  }

  #remember(timestamp: string, first: Content | string): void {
    if (timestamp > this.#newest) this.#newest = timestamp;
    this.#lines[this.#next] = { timestamp, first, counts: undefined };
    this.#next = (this.#next + 1) % REMEMBERED;
  }
}

/** The last entries of a stream, oldest first. */
function latestOf(entries: FrameEntries, stream: string, last: number): number[] {
  const latest: number[] = [];
  for (let index = last; index >= 0 && latest.length < REMEMBERED; index--) {
    if (entries.stream(index) === stream) latest.unshift(index);
  }
  return latest;
}

function count(lines: Lines, content: Content | string): number {
  lines.counts ??= new Counts();
  if (lines.first !== undefined) lines.counts.add(contentKey(lines.first));
  lines.first = undefined;
  return lines.counts.add(contentKey(content));
}

/**
 * Counts the equal ones among the lines of one timestamp: whole seconds may hold any number of different ones. Those that share
 * a counter are counted together, so that equal ones still get different numbers, and the same ones whenever they are read.
 */
class Counts {
  #singly: Map<string, number> | undefined = new Map();
  readonly #shared: number[] = [];

  /** How many there were before, or more. */
  add(key: string): number {
    const singly = this.#singly;
    if (singly === undefined) return this.#addShared(key, 1);
    const before = singly.get(key) ?? 0;
    singly.set(key, before + 1);
    if (singly.size > COUNTED_SINGLY) {
      this.#singly = undefined;
      for (const [known, times] of singly) this.#addShared(known, times);
    }
    return before;
  }

  #addShared(key: string, times: number): number {
    const place = Buffer.from(key.slice(0, 8), "base64url").readUInt32BE() % COUNTERS;
    const before = this.#shared[place] ?? 0;
    this.#shared[place] = before + times;
    return before;
  }
}

import type { Entry, LogStream } from "../wire/entry.ts";
import { OpenLines } from "../wire/open-lines.ts";
import type { Joining } from "../wire/open-lines.ts";
import type { OpenBlock } from "./blocks.ts";
import { append, concat, entryDigest } from "./digest.ts";
import type { Group, Position } from "./position.ts";

/** How many groups a position keeps: with distinct timestamps that many entries, enough to tell any two places apart. */
const KEPT_GROUPS = 8;

/** What was read last, as much of it as finds the place again. */
export class Trail {
  readonly #joining: Joining;
  #groups: readonly Group[] = [];
  #open: OpenLines;
  #blocks: readonly OpenBlock[];
  #whole: boolean;
  /** The first group may lack its beginning, which was not seen. */
  #beginsUncertain: boolean;

  /** Begins at `place`, or somewhere in a log of which nothing is known yet. */
  constructor(joining: Joining, place?: Position) {
    this.#joining = joining;
    this.#groups = place?.groups ?? [];
    this.#open = new OpenLines(joining, place?.open);
    this.#blocks = place?.blocks ?? [];
    this.#whole = place?.whole ?? false;
    this.#beginsUncertain = place === undefined;
  }

  clone(): Trail {
    const copy = new Trail(this.#joining);
    copy.#groups = this.#groups;
    copy.#open = this.#open.clone();
    copy.#blocks = this.#blocks;
    copy.#whole = this.#whole;
    copy.#beginsUncertain = this.#beginsUncertain;
    return copy;
  }

  /** Adds `entries[from..to)`, which follow what was added before. Digests only what the position keeps. */
  add(entries: readonly Entry[], from = 0, to: number = entries.length): void {
    for (let index = from; index < to; index++) {
      const entry = entries[index];
      if (entry !== undefined) this.#open.add(entry);
    }
    if (this.#blocks.length > 0)
      this.#blocks = this.#blocks.map((one) => ({ ...one, entries: one.entries + to - from }));
    const start = startOfLastGroups(entries, from, to);
    const groups = start > from ? [] : [...this.#groups];
    if (start > from) this.#forgetOlder();
    for (let index = start; index < to; index++) {
      const entry = entries[index];
      if (entry !== undefined) addTo(groups, entry);
    }
    if (groups.length > KEPT_GROUPS) {
      groups.splice(0, groups.length - KEPT_GROUPS);
      this.#forgetOlder();
    }
    this.#groups = groups;
  }

  /** The stream's line is known to have ended, without a newline. */
  endOpenLine(stream: LogStream): void {
    this.#open.end(stream);
  }

  /** Records of several lines that may go on behind it. */
  set blocks(blocks: readonly OpenBlock[]) {
    this.#blocks = blocks;
  }

  /** What was added first turns out to be the log's first entry. */
  beganAtLogStart(): void {
    if (this.#beginsUncertain) this.#whole = true;
    this.#beginsUncertain = false;
  }

  /** The place right behind what was added; undefined while no group's beginning has been seen. */
  get position(): Position | undefined {
    const groups = this.#beginsUncertain ? this.#groups.slice(1) : this.#groups;
    if (groups.length === 0 && !this.#whole) return undefined;
    const position = { groups, whole: this.#whole, open: this.#open.list() };
    return this.#blocks.length === 0 ? position : { ...position, blocks: this.#blocks };
  }

  #forgetOlder(): void {
    this.#whole = false;
    this.#beginsUncertain = false;
  }
}

function startOfLastGroups(entries: readonly Entry[], from: number, to: number): number {
  let groups = 0;
  for (let index = to - 1; index >= from; index--) {
    if (index === to - 1 || entries[index]?.timestamp !== entries[index + 1]?.timestamp) {
      if (groups === KEPT_GROUPS) return index + 1;
      groups++;
    }
  }
  return from;
}

function addTo(groups: Group[], entry: Entry): void {
  const { timestamp } = entry;
  const digest = entryDigest(entry);
  const last = groups[groups.length - 1];
  if (last?.timestamp === timestamp) {
    groups[groups.length - 1] = {
      timestamp,
      count: last.count + 1,
      digest: append(last.digest, digest),
    };
  } else {
    groups.push({ timestamp, count: 1, digest });
  }
}

/** One group of two that follow each other, for comparison at a coarser precision. */
export function mergeGroups(first: Group, second: Group, timestamp: string): Group {
  return {
    timestamp,
    count: first.count + second.count,
    digest: concat(first.digest, second.digest, second.count),
  };
}

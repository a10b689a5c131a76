import type { Entries, Entry, LogStream } from "../wire/entry.ts";
import { FrameEntries, textBytes } from "../wire/frame-entries.ts";
import { OpenLines } from "../wire/open-lines.ts";
import type { Joining } from "../wire/open-lines.ts";
import type { OpenBlock } from "./blocks.ts";
import { append, concat, edgedEntry, entryDigest } from "./digest.ts";
import type { EdgedEntry } from "./digest.ts";
import { endsWithLeft, leftLine, longSince } from "./left-lines.ts";
import type { LeftLine } from "./left-lines.ts";
import type { Group, Position, Spot } from "./position.ts";

/** How many groups a position keeps: with distinct timestamps that many entries, enough to tell any two places apart. */
const KEPT_GROUPS = 8;

/** What waits to be digested is no more than this; FrameEntries have a bound of their own. */
const MAX_EXCERPT_BYTES = 8 * 1024;
const MAX_EXCERPT_ENTRIES = 64;
/** So many pieces wait to be digested, at most. */
const MAX_PENDING = 16;
/** Of what is too much so many entries wait, by the edges of their texts. */
const MAX_EDGED = 32;

/** Entries that are digested when the position is asked for. */
interface Pending {
  readonly entries: Entries | readonly EdgedEntry[];
  /** Runs of entries with one timestamp. */
  readonly groups: number;
}

/** What was read last, as much of it as finds the place again. */
export class Trail {
  readonly #joining: Joining;
  #groups: readonly Group[] = [];
  /** Behind the groups. */
  #pending: readonly Pending[] = [];
  #open: OpenLines;
  #blocks: readonly OpenBlock[];
  #left: readonly LeftLine[];
  #whole: boolean;
  #spot: Spot | undefined;
  /** The first group may lack its beginning, which was not seen. */
  #beginsUncertain: boolean;

  /** Begins at `place`, or somewhere in a log of which nothing is known yet. */
  constructor(joining: Joining, place?: Position) {
    this.#joining = joining;
    this.#groups = place?.groups ?? [];
    this.#open = new OpenLines(joining, place?.open);
    this.#blocks = place?.blocks ?? [];
    this.#left = place?.left ?? [];
    this.#whole = place?.whole ?? false;
    this.#spot = place?.spot;
    this.#beginsUncertain = place === undefined;
  }

  clone(): Trail {
    const copy = new Trail(this.#joining);
    copy.#groups = this.#groups;
    copy.#pending = this.#pending;
    copy.#open = this.#open.clone();
    copy.#blocks = this.#blocks;
    copy.#left = this.#left;
    copy.#whole = this.#whole;
    copy.#spot = this.#spot;
    copy.#beginsUncertain = this.#beginsUncertain;
    return copy;
  }

  /** What is added next was read from there; undefined: by the engine. */
  set spot(spot: Spot | undefined) {
    this.#spot = spot;
  }

  /** Adds `entries[from..to)`, which follow what was added before. Keeps what the position needs, and digests it later. */
  add(entries: Entries, from = 0, to: number = entries.length): void {
    if (from >= to) return;
    if (endsWithLeft(entries, to)) return this.#addWithLeft(Array.from(entries.slice(from, to)));
    this.#passLeft(entries, from, to);
    this.#open.addAll(entries, from, to);
    if (this.#blocks.length > 0)
      this.#blocks = this.#blocks.map((one) => ({ ...one, entries: one.entries + to - from }));
    const { start, groups } = lastGroups(entries, from, to);
    const light = excerpt(entries, start, to) ?? edged(entries, start, to);
    const added = { entries: light ?? entries.slice(start, to), groups };
    if (start > from) {
      this.#forgetOlder();
      this.#pending = [added];
    } else {
      this.#pending = [...this.#pending, added];
      this.#drop();
    }
    const isMuch = this.#pending.length > MAX_PENDING || countEdged(this.#pending) > MAX_EDGED;
    if (light === undefined || isMuch) this.#digest();
  }

  /** What a run has left without an end there, and was taken. */
  get left(): readonly LeftLine[] {
    return this.#left;
  }

  /** What a run has left without an end is taken: in the place of what was of its stream. */
  leave(line: LeftLine): void {
    this.#left = [...this.#left.filter(({ stream }) => stream !== line.stream), line];
  }

  #addWithLeft(entries: readonly Entry[]): void {
    this.add(entries.filter(({ leftSince }) => leftSince === undefined));
    for (const entry of entries) {
      const line = leftLine(entry);
      if (line !== undefined) this.leave(line);
    }
  }

  /** What follows in a stream goes on with what was left there, and is found again with it. */
  #passLeft(entries: Entries, from: number, to: number): void {
    if (this.#left.length === 0) return;
    const streams = new Set<LogStream>();
    for (const { stream } of entries.slice(from, to)) streams.add(stream);
    const left = this.#left.filter(({ stream }) => !streams.has(stream));
    this.#left = left.map((line) => longSince(line, to - from));
  }

  /** The beginning of the stream's line, which began at `timestamp`, is lost. */
  tear(stream: LogStream, timestamp: string): void {
    this.#open.tear(stream, timestamp);
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
    this.#digest();
    const groups = this.#beginsUncertain ? this.#groups.slice(1) : this.#groups;
    if (groups.length === 0 && !this.#whole) return undefined;
    const spot = this.#spot;
    return {
      groups,
      whole: this.#whole,
      open: this.#open.list(),
      ...(this.#blocks.length > 0 && { blocks: this.#blocks }),
      ...(this.#left.length > 0 && { left: this.#left }),
      ...(spot !== undefined && { spot }),
    };
  }

  /** What so many groups stand behind that the position does without. */
  #drop(): void {
    let [first, ...rest] = this.#pending;
    while (first !== undefined && countGroups(rest) > KEPT_GROUPS) {
      this.#forgetOlder();
      this.#pending = rest;
      [first, ...rest] = rest;
    }
  }

  #digest(): void {
    if (this.#pending.length === 0) return;
    const groups = [...this.#groups];
    for (const { entries } of this.#pending) for (const entry of entries) addTo(groups, entry);
    this.#pending = [];
    if (groups.length > KEPT_GROUPS) {
      groups.splice(0, groups.length - KEPT_GROUPS);
      this.#forget();
    }
    this.#groups = groups;
  }

  #forgetOlder(): void {
    this.#groups = [];
    this.#forget();
  }

  #forget(): void {
    this.#whole = false;
    this.#beginsUncertain = false;
  }
}

/** Where in `entries[from..to)` the last groups begin, as many as a position keeps, and how many these are. */
function lastGroups(
  entries: Entries,
  from: number,
  to: number,
): { readonly start: number; readonly groups: number } {
  if (entries instanceof FrameEntries && entries.areDistinct) {
    const kept = Math.min(KEPT_GROUPS, to - from);
    return { start: to - kept, groups: kept };
  }
  let groups = 0;
  let next: string | undefined;
  for (let index = to - 1; index >= from; index--) {
    const timestamp = entries.at(index)?.timestamp;
    if (timestamp === next) continue;
    if (groups === KEPT_GROUPS) return { start: index + 1, groups };
    groups++;
    next = timestamp;
  }
  return { start: from, groups };
}

/** The groups of all of them, of which one may go on in the next. */
function countGroups(pending: readonly Pending[]): number {
  let count = 0;
  let last: string | undefined;
  for (const { entries, groups } of pending) {
    count += entries.at(0)?.timestamp === last ? groups - 1 : groups;
    last = entries.at(-1)?.timestamp;
  }
  return count;
}

/** `entries[start..to)`, without keeping more of them in memory; undefined where they are too much themselves. */
function excerpt(entries: Entries, start: number, to: number): Entries | undefined {
  const some = entries.slice(0, to);
  if (some instanceof FrameEntries) {
    const part = some.excerpt(start);
    return part.isHeavy ? undefined : part;
  }
  const part = some.slice(start);
  if (part.length > MAX_EXCERPT_ENTRIES || textBytes(part) > MAX_EXCERPT_BYTES) return undefined;
  return Array.from(part, ({ stream, timestamp, text, ended }) => ({
    stream,
    timestamp,
    text: Buffer.from(text),
    ended,
  }));
}

/** `entries[start..to)` without most of their texts; undefined where they are too many. */
function edged(entries: Entries, start: number, to: number): readonly EdgedEntry[] | undefined {
  return to - start > MAX_EDGED ? undefined : Array.from(entries.slice(start, to), edgedEntry);
}

function countEdged(pending: readonly Pending[]): number {
  let count = 0;
  for (const { entries } of pending) {
    const first = entries.at(0);
    if (first !== undefined && "edgesOnly" in first) count += entries.length;
  }
  return count;
}

function addTo(groups: Group[], entry: Entry | EdgedEntry): void {
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

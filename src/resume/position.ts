import { compareTimestamps } from "../wire/timestamps.ts";
import type { OpenBlock } from "./blocks.ts";
import type { LeftLine } from "./left-lines.ts";
import type { OpenLine } from "../wire/open-lines.ts";

/** Consecutive entries of the log, of any stream, with one timestamp. */
export interface Group {
  readonly timestamp: string;
  readonly count: number;
  readonly digest: bigint;
}

/**
 * About where in the engine's files a place is: a little before it. It saves a search, and is never believed: the groups alone
 * tell a place.
 */
export interface Spot {
  /** The file's inode, which a rename leaves as it is. */
  readonly file: string;
  readonly offset: number;
}

/** A place in a log, described by what stands before it. */
export interface Position {
  /** The last groups before it, oldest first. */
  readonly groups: readonly Group[];
  /** The groups reach back to the log's first entry. */
  readonly whole: boolean;
  /** Lines that began before it and end behind it. */
  readonly open: readonly OpenLine[];
  /** Records of several lines, likewise. */
  readonly blocks?: readonly OpenBlock[];
  /** Lines behind it that a run has left without an end, and that were taken: no more than one of a stream. */
  readonly left?: readonly LeftLine[];
  /** Where it was read from the files. */
  readonly spot?: Spot | undefined;
}

export const LOG_START: Position = { groups: [], whole: true, open: [] };

/** Nothing was read before it. */
export function isLogStart({ groups, whole, open, left = [] }: Position): boolean {
  return whole && groups.length === 0 && open.length === 0 && left.length === 0;
}

/** How many entries the groups are. */
export function groupedEntries(position: Position): number {
  return position.groups.reduce((sum, group) => sum + group.count, 0);
}

/** How many entries before it a reread must show where what is open there is to be read from its beginning. */
export function reach(position: Position): number {
  const { open, blocks = [] } = position;
  // Of a line without its beginning nothing else is looked for.
  const begun = [...open.filter(({ isTorn }) => isTorn !== true), ...blocks];
  return Math.max(groupedEntries(position), ...begun.map(({ entries }) => entries));
}

/** How many entries before it a reread must show where what was left behind it is to be read from its beginning. */
export function reachOfLeft({ left = [] }: Position): number {
  return Math.max(0, ...left.map(({ entries }) => entries));
}

/** The earliest time among the groups. */
export function oldestTimestamp({ groups }: Position): string | undefined {
  let oldest: string | undefined;
  for (const { timestamp } of groups) {
    if (oldest === undefined || compareTimestamps(timestamp, oldest) < 0) oldest = timestamp;
  }
  return oldest;
}

/** The latest time of what was read last: after a gap, reading goes on with what is later. */
export function newestTimestamp({ groups, left = [] }: Position): string | undefined {
  let newest: string | undefined;
  for (const { timestamp } of [...groups, ...left]) {
    if (newest === undefined || compareTimestamps(timestamp, newest) > 0) newest = timestamp;
  }
  return newest;
}

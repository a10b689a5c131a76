import type { Entries, Entry, LogStream } from "../wire/entry.ts";
import { FrameEntries } from "../wire/frame-entries.ts";
import { coarsen, fractionDigits } from "../wire/timestamps.ts";
import { entryDigest } from "./digest.ts";

/**
 * What a run has left without an end, and was taken as a line, where a later read joins to it what the next run has written
 * (Podman). So it stands behind a place, and is not among the groups that find that again: it never comes the same way twice.
 */
export interface LeftLine {
  readonly stream: LogStream;
  readonly timestamp: string;
  readonly bytes: number;
  readonly digest: bigint;
  /** How many entries of the log, of any stream, came since it began, itself included. */
  readonly entries: number;
}

/** `entry`, where it was left without an end by a run that is over. */
export function leftLine(entry: Entry): LeftLine | undefined {
  const { stream, timestamp, text, leftSince } = entry;
  if (leftSince === undefined) return undefined;
  const bytes = text.length;
  return { stream, timestamp, bytes, digest: digestOf(entry, bytes), entries: leftSince };
}

/** Of its first `bytes` bytes. */
function digestOf({ stream, timestamp, text }: Entry, bytes: number): bigint {
  return entryDigest({ stream, timestamp, text: text.subarray(0, bytes), ended: false });
}

/** So many entries came behind it. */
export function longSince(left: LeftLine, entries: number): LeftLine {
  return { ...left, entries: left.entries + entries };
}

/** A read shows such lines last. */
export function endsWithLeft(entries: Entries, to: number = entries.length): boolean {
  return !(entries instanceof FrameEntries) && entries.at(to - 1)?.leftSince !== undefined;
}

/** `entry`, the first of its stream behind the place, begins with it. */
export function beginsWith(entry: Entry, left: LeftLine): boolean {
  const { timestamp, text } = entry;
  const digits = Math.min(fractionDigits(timestamp), fractionDigits(left.timestamp));
  if (coarsen(timestamp, digits) !== coarsen(left.timestamp, digits)) return false;
  return text.length >= left.bytes && digestOf(entry, left.bytes) === left.digest;
}

/** There is nothing in `entry`, the first of its stream behind the place, but what was left there. */
export function isNoMore(entry: Entry, left: LeftLine | undefined): boolean {
  if (left === undefined || entry.leftSince === undefined) return false;
  return entry.text.length === left.bytes && beginsWith(entry, left);
}

/** `entry`, the first of its stream behind the place, without what was left there: the next run's own text, with its own time. */
export function behindLeft(entry: Entry, left: LeftLine | undefined): Entry {
  if (left === undefined || !beginsWith(entry, left)) return entry;
  const { stream, text, ended, parts = [] } = entry;
  const own = parts.findLast(({ at }) => at <= left.bytes);
  const timestamp = own?.timestamp ?? entry.timestamp;
  return { stream, timestamp, text: text.subarray(left.bytes), ended };
}

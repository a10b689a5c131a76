import { isObject } from "../checks.ts";
import { DockspoolError, invalidOption } from "../errors.ts";
import type { LogStream } from "../wire/entry.ts";
import type { OpenBlock } from "./blocks.ts";
import type { LeftLine } from "./left-lines.ts";
import type { OpenLine } from "../wire/open-lines.ts";
import { isNanosecondUtc, toUtc } from "../wire/timestamps.ts";
import type { Group, Position, Spot } from "./position.ts";

/** A JSON-serialisable resume point; opaque but for these two fields. */
export type Cursor = { readonly version: 1; readonly container: string } & Readonly<
  Record<string, unknown>
>;

/**
 * Writes a position as `[timestamp, count, digest]` for each group, `[stream, timestamp, bytes, entries]` for each open line, with
 * "torn" behind where its beginning is lost, and, where there are any, `[stream, timestamp, entries, occurrence]` for each open record of several lines;
 * `left`, of lines that a run has left without an end, as `[stream, timestamp, bytes, digest, entries]`, and `spot`, a hint, as
 * `[file, offset]`, which older releases pass over.
 */
export function toCursor(container: string, position: Position): Cursor {
  return {
    version: 1,
    container,
    whole: position.whole,
    groups: position.groups.map(({ timestamp, count, digest }) => [
      timestamp,
      count,
      digest.toString(36),
    ]),
    open: position.open.map(({ stream, timestamp, bytes, entries, isTorn }) => [
      stream,
      timestamp,
      bytes,
      entries,
      ...(isTorn === true ? ["torn"] : []),
    ]),
    ...(position.blocks !== undefined && {
      blocks: position.blocks.map(({ stream, timestamp, entries, occurrence }) => [
        stream,
        timestamp,
        entries,
        occurrence,
      ]),
    }),
    ...(position.left !== undefined && {
      left: position.left.map(({ stream, timestamp, bytes, digest, entries }) => [
        stream,
        timestamp,
        bytes,
        digest.toString(36),
        entries,
      ]),
    }),
    ...(position.spot !== undefined && { spot: [position.spot.file, position.spot.offset] }),
  };
}

/**
 * Reads a cursor back.
 *
 * @throws DockspoolError INVALID_OPTION where it is damaged, of a later version, or of another container.
 */
export function fromCursor(cursor: Cursor, container: string): Position {
  if (cursor.container !== container) {
    throw new DockspoolError(
      "INVALID_OPTION",
      `Option "resume" holds a cursor of container ${show(cursor.container)}; allowed: one of container ${container}.`,
      { container },
    );
  }
  return parseCursor(cursor);
}

/** As `fromCursor`, for when the container's id is not known yet. */
export function parseCursor(cursor: unknown): Position {
  if (!isObject(cursor) || typeof cursor["container"] !== "string") throw damaged(cursor);
  if (cursor["version"] !== 1) {
    throw invalidOption(
      "resume.version",
      cursor["version"],
      "1, the version that this release writes",
    );
  }
  const { whole, groups, open, blocks = [], left = [] } = cursor;
  const spot = parseSpot(cursor["spot"]);
  if (typeof whole !== "boolean" || !isList(groups) || !isList(open)) throw damaged(cursor);
  if (!isList(blocks) || !isList(left)) throw damaged(cursor);
  if (groups.length === 0 && !whole) throw damaged(cursor);
  return {
    whole,
    groups: groups.map((group) => parseGroup(group) ?? fail(cursor)),
    open: open.map((line) => parseOpenLine(line) ?? fail(cursor)),
    ...(blocks.length > 0 && {
      blocks: blocks.map((block) => parseBlock(block) ?? fail(cursor)),
    }),
    ...(left.length > 0 && { left: left.map((line) => parseLeftLine(line) ?? fail(cursor)) }),
    ...(spot !== undefined && { spot }),
  };
}

function parseGroup(value: unknown): Group | undefined {
  if (!isList(value)) return undefined;
  const [timestamp, count, text] = value;
  const digest = parseDigest(text);
  if (!isTimestamp(timestamp) || !isCount(count) || digest === undefined) return undefined;
  return { timestamp, count, digest };
}

function parseDigest(value: unknown): bigint | undefined {
  if (typeof value !== "string" || !/^[0-9a-z]{1,13}$/.test(value)) return undefined;
  let number = 0n;
  for (const digit of value) number = number * 36n + BigInt(Number.parseInt(digit, 36));
  return number;
}

function parseOpenLine(value: unknown): OpenLine | undefined {
  if (!isList(value)) return undefined;
  const [stream, timestamp, bytes, entries, torn] = value;
  if (!isStream(stream) || !isTimestamp(timestamp) || !isCount(entries)) return undefined;
  return bytes === 0 || isCount(bytes)
    ? { stream, timestamp, bytes, entries, ...(torn === "torn" && { isTorn: true }) }
    : undefined;
}

function parseLeftLine(value: unknown): LeftLine | undefined {
  if (!isList(value)) return undefined;
  const [stream, timestamp, bytes, text, entries] = value;
  const digest = parseDigest(text);
  if (!isStream(stream) || !isTimestamp(timestamp) || !isCount(entries)) return undefined;
  if (!isCount(bytes) || digest === undefined) return undefined;
  return { stream, timestamp, bytes, digest, entries };
}

function parseBlock(value: unknown): OpenBlock | undefined {
  if (!isList(value)) return undefined;
  const [stream, timestamp, entries, occurrence] = value;
  if (!isStream(stream) || !isTimestamp(timestamp) || !isCount(entries)) return undefined;
  return occurrence === 0 || isCount(occurrence)
    ? { stream, timestamp, entries, occurrence }
    : undefined;
}

/** A hint: what is no such thing is none. */
function parseSpot(value: unknown): Spot | undefined {
  if (!isList(value)) return undefined;
  const [file, offset] = value;
  const isOffset = typeof offset === "number" && Number.isSafeInteger(offset) && offset >= 0;
  return typeof file === "string" && isOffset ? { file, offset } : undefined;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** As records have it: the engine's own form is taken at its word. */
function isTimestamp(value: unknown): value is string {
  if (typeof value !== "string" || !value.endsWith("Z")) return false;
  return isNanosecondUtc(value) || toUtc(value) === value;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

function isStream(value: unknown): value is LogStream {
  return value === "stdout" || value === "stderr" || value === "tty";
}

function fail(cursor: unknown): never {
  throw damaged(cursor);
}

function damaged(cursor: unknown): DockspoolError {
  return invalidOption("resume", cursor, 'the value of another source\'s "cursor", unchanged');
}

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

import { DockspoolError } from "../errors.ts";
import { fromCursor } from "../resume/cursor.ts";
import type { Cursor } from "../resume/cursor.ts";
import { LOG_START } from "../resume/position.ts";
import { Trail } from "../resume/trail.ts";
import type { Entry } from "../wire/entry.ts";
import { LineAssembler } from "../wire/lines.ts";
import type { Joining } from "../wire/open-lines.ts";
import type { ContainerInfo, LineRecord } from "../wire/records.ts";
import { compareTimestamps } from "../wire/timestamps.ts";
import { isSame } from "./certain-lines.ts";
import { LineStarts } from "./line-starts.ts";
import { cutWhileReading, faultError } from "./failures.ts";
import type { LogReader, Visit } from "./log-reader.ts";
import { awaitLastLine, readPlainly } from "./plain-read.ts";
import { MOST_ENTRIES } from "./tail-size.ts";
import type { Tail } from "./tail-size.ts";
import { sinceTimestamp } from "./from.ts";
import type { From } from "./from.ts";
import type { LineOptions, Start } from "../lines/line-options.ts";

/** Where reading begins, and which lines count. */
export interface StartOptions extends LineOptions {
  readonly from: From;
  readonly resume: Cursor | undefined;
}

const FIRST_TAIL_ENTRIES = 64;
const GROWTH = 8;
/** Timestamps run backwards by milliseconds where two streams are written at full speed; this is ample. */
const DISORDER_MS = 60_000;

/** So many tell a place in the middle of the log from every other. */
const ENOUGH_GROUPS = 4;

/** One look at the log's end: undefined asks for a longer one, "stuck" for all of it. */
type Look = (tail: Tail) => Promise<Start | "stuck" | undefined>;

/**
 * Finds the place where reading begins, by plain reads of the log's end that grow until they show it. What is written
 * from then on follows that place, so "now" is exact even where nothing was ever read.
 */
export async function findStart(
  reader: LogReader,
  joining: Joining,
  options: StartOptions,
  signal: AbortSignal,
): Promise<Start> {
  const { from, resume } = options;
  if (resume !== undefined) return { position: fromCursor(resume, reader.inspection.info.id) };
  if (from === "start") return { position: LOG_START };
  const log: ScannedLog = {
    joining,
    scan: (tail, visit) => scanLog(reader, tail, visit, signal),
    hasEnded: async () => !reader.inspection.running && (await reader.standsStill(signal)),
  };
  const now: Look = (tail) => atEnd(log, tail);
  if (from === "now") return grow(reader, FIRST_TAIL_ENTRIES, now, signal);
  if ("since" in from) {
    const since = sinceTimestamp(from.since);
    if (since === undefined) throw new DockspoolError("INVALID_OPTION", "from.since is no time.");
    return grow(reader, FIRST_TAIL_ENTRIES, (tail) => atTime(log, tail, since), signal);
  }
  const { tail: lines } = from;
  if (lines === 0) return grow(reader, FIRST_TAIL_ENTRIES, now, signal);
  const { info } = reader.inspection;
  const line: Look = (tail) => atLine(log, tail, lines, info, options);
  return grow(reader, lines + FIRST_TAIL_ENTRIES, line, signal);
}

async function grow(
  reader: LogReader,
  first: number,
  look: Look,
  signal: AbortSignal,
): Promise<Start> {
  for (let entries = first; entries <= MOST_ENTRIES; entries *= GROWTH) {
    if (!reader.allowsTail(entries)) break;
    const found = await lookForCertain(reader, reader.tail(entries), look, signal);
    if (found === "stuck") break;
    if (found !== undefined) return found;
  }
  const found = await lookForCertain(reader, "all", look, signal);
  if (found === undefined || found === "stuck") throw cutWhileReading();
  return found;
}

/** A last line was half-written, then whole, and is the same after that; or the log goes on growing. */
const LOOKS_AT_LAST_LINE = 3;

/**
 * Looks again where the last line was kept back, since it may have been written long ago. What comes meanwhile stands behind the
 * place, as it was at the first look.
 */
async function lookForCertain(
  reader: LogReader,
  tail: Tail,
  look: Look,
  signal: AbortSignal,
): ReturnType<Look> {
  let found = await look(tail);
  for (let looks = 1; looks < LOOKS_AT_LAST_LINE; looks++) {
    const held = reader.certain.keptBack?.line;
    if (!(await awaitLastLine(reader, signal))) break;
    found = await look(tail);
    const { keptBack } = reader.certain;
    if (keptBack !== undefined && isSame(keptBack.before, held)) break;
  }
  return found;
}

/** Resolves with how many entries were seen; "stuck" where the engine does not find the log's end. */
type Scan = (tail: Tail, visit: (entry: Entry) => "stop" | void) => Promise<number | "stuck">;

/** The log whose end is looked at. */
interface ScannedLog {
  readonly joining: Joining;
  readonly scan: Scan;
  /** What is open was left so by a run that is over, and not begun by one that has started since. */
  readonly hasEnded: () => Promise<boolean>;
}

async function scanLog(
  reader: LogReader,
  tail: Tail,
  visitEntry: (entry: Entry) => "stop" | void,
  signal: AbortSignal,
): Promise<number | "stuck"> {
  let count = 0;
  const visit: Visit = (entries) => {
    for (const entry of entries) {
      if (visitEntry(entry) === "stop") return "stop";
      count++;
    }
    return undefined;
  };
  const end = await readPlainly(reader, { tail }, { visit }, signal);
  if (end === "stuck") return end;
  if (end === "complete" || end === "damaged" || end === "stopped") return count;
  if (end === "cut") throw cutWhileReading();
  throw faultError(reader.inspection.info, end);
}

function shows(tail: Tail, count: number): boolean {
  return tail === "all" || count < tail;
}

async function atEnd({ joining, scan, hasEnded }: ScannedLog, tail: Tail): ReturnType<Look> {
  const trail = new Trail(joining);
  const starts = new LineStarts(joining);
  const count = await scan(tail, (entry) => {
    starts.add(entry);
    trail.add([entry]);
  });
  if (count === "stuck") return count;
  const isWhole = shows(tail, count);
  if (isWhole) trail.beganAtLogStart();
  const { position } = trail;
  if (position === undefined || !(isWhole || starts.areCertain)) return undefined;
  const isOver = position.open.length > 0 && (await hasEnded());
  return { position: isOver ? { ...position, open: [] } : position };
}

async function atTime({ joining, scan }: ScannedLog, tail: Tail, since: string): ReturnType<Look> {
  const trail = new Trail(joining);
  const early = new Date(Date.parse(`${since.slice(0, 19)}Z`) - DISORDER_MS).toISOString();
  let first: string | undefined;
  let found = false;
  const count = await scan(tail, (entry) => {
    first ??= entry.timestamp;
    found = compareTimestamps(entry.timestamp, since) >= 0;
    if (found) return "stop";
    trail.add([entry]);
    return undefined;
  });
  if (count === "stuck") return count;
  const skip = { before: since };
  if (tail === "all") trail.beganAtLogStart();
  const isEarly = first === undefined || compareTimestamps(first, early) < 0;
  if (isEarly && trail.position !== undefined) return { position: trail.position, skip };
  // A search that stopped has not counted the log: whether it shows all is only known of one that did not.
  if (!found && shows(tail, count)) {
    trail.beganAtLogStart();
    if (trail.position !== undefined) return { position: trail.position, skip };
  }
  if (tail === "all") return { position: LOG_START, skip };
  const whole = await scan(tail, () => undefined);
  if (whole === "stuck") return whole;
  return shows(tail, whole) ? { position: LOG_START, skip } : undefined;
}

/** So that `lines` lines of the chosen streams follow. */
async function atLine(
  { joining, scan, hasEnded }: ScannedLog,
  tail: Tail,
  lines: number,
  info: ContainerInfo,
  { maxLineBytes, encoding, streams }: StartOptions,
): ReturnType<Look> {
  const assembler = new LineAssembler({ maxLineBytes, encoding, joining });
  const trail = new Trail(joining);
  const starts = new LineStarts(joining);
  let early: { readonly start: Start; readonly lines: number } | undefined;
  let isEarlyCertain = true;
  let seen = 0;
  const chosen = (records: readonly LineRecord[]): number =>
    records.filter((record) => streams.has(record.stream)).length;
  const count = await scan(tail, (entry) => {
    const records: LineRecord[] = [];
    assembler.push(entry, info, records);
    assembler.cut.length = 0;
    seen += chosen(records);
    const isCertain = starts.add(entry);
    if (early !== undefined) {
      if (!isCertain) isEarlyCertain = false;
      return;
    }
    trail.add([entry]);
    const position = starts.areCertain ? trail.position : undefined;
    if (position !== undefined && position.groups.length >= ENOUGH_GROUPS)
      early = { start: { position }, lines: seen };
  });
  if (count === "stuck") return count;
  const open: LineRecord[] = [];
  assembler.flush(info, open);
  if (open.length > 0 && (await hasEnded())) seen += chosen(open);
  if (early !== undefined && isEarlyCertain && seen - early.lines >= lines) {
    return { position: early.start.position, skip: { lines: seen - early.lines - lines } };
  }
  if (!shows(tail, count)) return undefined;
  return { position: LOG_START, skip: { lines: Math.max(0, seen - lines) } };
}

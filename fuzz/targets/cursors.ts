import { DockspoolError } from "../../src/errors.ts";
import { Aligner, RemnantAligner } from "../../src/resume/aligner.ts";
import { parseCursor, toCursor } from "../../src/resume/cursor.ts";
import { groupedEntries, newestTimestamp, reach } from "../../src/resume/position.ts";
import type { Position } from "../../src/resume/position.ts";
import { Trail } from "../../src/resume/trail.ts";
import type { Entry } from "../../src/wire/entry.ts";
import { FrameDecoder } from "../../src/wire/frames.ts";
import { streamInput } from "../reads.ts";
import { hold, same } from "../target.ts";
import type { Target } from "../target.ts";
import { JSON_WORDS, STAMPS } from "./words.ts";

const GROUP = '["2026-11-23T15:58:34.885847851Z",1,"7zzzzzzzzz"]';
const OPEN = '["stdout","2026-11-23T15:58:34.885847851Z",20,1,"torn"]';
const JSON_START = 0x7b;

export const cursors: Target = {
  name: "cursors",
  about:
    "A cursor that somebody passes, or a log, of which one is made. A cursor is refused with a code, or read and written it is the same; one that was made at a place finds that place again.",
  words: [
    ...JSON_WORDS,
    ...STAMPS,
    `{"version":1,"container":"web","whole":true,"groups":[${GROUP}],"open":[${OPEN}]}`,
    GROUP,
    OPEN,
    '"blocks":[["stderr","2026-11-23T15:58:34.885847851Z",3,0]],',
    "\u0001\0\0\0\0\0\0\u0025",
    `\u0001\0\0\0\0\0\0\u0024${STAMPS[0]}tick\n`,
  ],
  check(input) {
    const { options, seed, bytes } = streamInput(input);
    if (bytes[0] === JSON_START) checkGiven(bytes.toString("utf8"), options);
    else checkMade([...new FrameDecoder().push(bytes)], options, seed);
  },
};

function checkGiven(text: string, options: number): void {
  const position = parsed(text);
  if (position === undefined) return;
  checkRoundTrip(position);
  for (const entries of [groupedEntries(position), reach(position)])
    hold(entries >= 0 && Number.isSafeInteger(entries), `it reaches back ${entries} entries`);
  newestTimestamp(position);
  const aligner = new Aligner(position, (options & 1) === 0);
  const remnant = new RemnantAligner(position);
  const at = aligner.push(log);
  hold(at >= 0 && at <= log.length, "the place lies elsewhere");
  remnant.push(log);
  hold((remnant.behind ?? 0) <= log.length, "what is left lies elsewhere");
  const trail = new Trail((options & 2) === 0 ? "by-timestamp" : "by-newline", position);
  trail.add(log);
  if (trail.position !== undefined) checkRoundTrip(trail.position);
}

function parsed(text: string): Position | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  try {
    return parseCursor(json);
  } catch (error) {
    hold(DockspoolError.is(error, "INVALID_OPTION"), `it throws ${String(error)}`);
    return undefined;
  }
}

function checkRoundTrip(position: Position): void {
  const written: unknown = JSON.parse(JSON.stringify(toCursor("web", position)));
  same("a cursor that was written", parseCursor(written), position);
}

/** Of a log up to a place. */
function checkMade(entries: readonly Entry[], options: number, seed: number): void {
  const joining = (options & 2) === 0 ? "by-timestamp" : "by-newline";
  const trail = new Trail(joining, (options & 4) === 0 ? START : undefined);
  const place = entries.length === 0 ? 0 : seed % (entries.length + 1);
  const before = entries.slice(0, place);
  const step = 1 + (options >> 3);
  for (let at = 0; at < place; at += step) trail.add(before, at, Math.min(place, at + step));
  const { position } = trail;
  if (position === undefined) return;
  checkRoundTrip(position);
  const aligner = new Aligner(position, true);
  const found = aligner.push(entries);
  hold(aligner.matched, "the place is not found");
  hold(!position.whole || found === place, "another place is found");
  // The same groups may stand there several times.
  hold(found <= place, "a later place is found");
}

const START: Position = { groups: [], whole: true, open: [] };

const log: readonly Entry[] = Array.from({ length: 20 }, (_, index) => ({
  stream: index % 3 === 0 ? "stderr" : "stdout",
  timestamp: `2026-11-23T15:58:34.8858478${String(50 + Math.floor(index / 2)).padStart(2, "0")}Z`,
  text: Buffer.from(index % 4 === 0 ? "tick" : "tock"),
  ended: index % 5 > 0,
}));

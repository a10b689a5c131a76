import { Aligner } from "../../src/resume/aligner.ts";
import { toCursor } from "../../src/resume/cursor.ts";
import { LOG_START } from "../../src/resume/position.ts";
import type { Position } from "../../src/resume/position.ts";
import { Trail } from "../../src/resume/trail.ts";
import type { Entries } from "../../src/wire/entry.ts";
import type { Case } from "./case.ts";
import { entriesOf } from "./lines.ts";
import { frames, logLines, reads } from "./stream-bytes.ts";

const ENTRIES = 10_000;
const TEXT_BYTES = 90;
const CONTAINER = "0".repeat(64);

/** Finding a place again, and keeping it. */
export function placeCases(): Case[] {
  const framed = reads(frames(logLines({ lines: ENTRIES, textBytes: TEXT_BYTES })));
  const chunks = entriesOf(framed);
  const place = placeBehind(chunks);
  return [
    {
      name: "Aligner, a place behind 10,000 entries",
      unit: "entry",
      reads: framed,
      run: () => seenUntil(place, chunks),
      count: ENTRIES,
    },
    {
      name: "Trail.add, a chunk a read",
      unit: "read",
      reads: framed,
      run: () => trailOf(chunks, () => {}),
      count: framed.length,
    },
    {
      name: "Trail.add, and a cursor behind each read",
      unit: "cursor",
      reads: framed,
      run: () => trailOf(chunks, (trail) => toCursor(CONTAINER, trail.position ?? LOG_START)),
      count: framed.length,
    },
  ];
}

function placeBehind(chunks: readonly Entries[]): Position {
  const trail = new Trail("by-timestamp", LOG_START);
  for (const entries of chunks) trail.add(entries);
  const { position } = trail;
  if (position === undefined) throw new Error("There is no place behind these entries.");
  return position;
}

function seenUntil(place: Position, chunks: readonly Entries[]): number {
  const aligner = new Aligner(place, false);
  for (const entries of chunks) aligner.push(entries);
  return aligner.matched ? aligner.seen : 0;
}

/** As a reading keeps it: the place before each chunk is kept, too. */
function trailOf(chunks: readonly Entries[], behind: (trail: Trail) => void): number {
  const trail = new Trail("by-timestamp", LOG_START);
  let count = 0;
  for (const entries of chunks) {
    trail.clone();
    trail.add(entries);
    behind(trail);
    count++;
  }
  return count;
}

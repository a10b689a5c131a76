import type { Entries } from "../../src/wire/entry.ts";
import { FrameEntries } from "../../src/wire/frame-entries.ts";
import { FrameDecoder } from "../../src/wire/frames.ts";
import { LineAssembler } from "../../src/wire/lines.ts";
import type { LineRecord } from "../../src/wire/records.ts";
import { wholeLines } from "../../src/wire/whole-lines.ts";
import type { Case } from "./case.ts";
import { frames, logLines, logParts, reads } from "./stream-bytes.ts";

const LINES = 16_000;
const TEXT_BYTES = 90;
const LONG_LINES = 48;
const PARTS = 4;
const PART_BYTES = 16_384;
const MAX_LINE_BYTES = 1 << 20;
const CONTAINER = Object.freeze({
  id: "0".repeat(64),
  name: "web",
  image: "web:1",
  labels: {},
  tty: false,
  logDriver: "json-file",
  engine: "default",
});

const SINGLY = "LineAssembler, entry by entry";

/** From entries to records. */
export function lineCases(): Case[] {
  const ascii = reads(frames(logLines({ lines: LINES, textBytes: TEXT_BYTES })));
  const utf8 = reads(frames(logLines({ lines: LINES, textBytes: TEXT_BYTES, letter: "ä" })));
  const long = reads(frames(logParts(LONG_LINES, PARTS, PART_BYTES)));
  const asciiEntries = entriesOf(ascii);
  const utf8Entries = entriesOf(utf8);
  const all = { unit: "line", count: LINES } as const;
  return [
    {
      ...all,
      name: "wholeLines",
      reads: ascii,
      run: () => madeWhole(asciiEntries),
      against: { name: SINGLY, limit: 0.5 },
    },
    { ...all, name: "wholeLines, not ASCII", reads: utf8, run: () => madeWhole(utf8Entries) },
    { ...all, name: SINGLY, reads: ascii, run: () => assembled(asciiEntries) },
    {
      ...all,
      name: "64 KB lines in 4 parts, from frames to records",
      reads: long,
      run: () => assembled(entriesOf(long)),
      count: LONG_LINES,
    },
  ];
}

export function entriesOf(all: readonly Buffer[]): Entries[] {
  const decoder = new FrameDecoder();
  return all.map((bytes) => decoder.push(bytes));
}

function madeWhole(chunks: readonly Entries[]): number {
  let count = 0;
  for (const entries of chunks) {
    if (!(entries instanceof FrameEntries)) throw new Error("These frames went the slow way.");
    count += wholeLines(entries, entries.length, CONTAINER, "utf8").length;
  }
  return count;
}

function assembled(chunks: readonly Entries[]): number {
  const assembler = new LineAssembler({
    maxLineBytes: MAX_LINE_BYTES,
    encoding: "utf8",
    joining: "by-timestamp",
  });
  let count = 0;
  for (const entries of chunks) {
    const records: LineRecord[] = [];
    for (const entry of entries) assembler.push(entry, CONTAINER, records);
    count += records.length;
  }
  return count;
}

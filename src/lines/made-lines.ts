import type { LeftLine } from "../resume/left-lines.ts";
import type { Entries } from "../wire/entry.ts";
import type { LineAssembler } from "../wire/lines.ts";
import type { ContainerInfo, LineRecord } from "../wire/records.ts";
import type { EndedLine } from "./multiline.ts";

/** The lines that a chunk has completed. */
export interface MadeLines {
  readonly records: readonly LineRecord[];
  /** For each, how many entries of the chunk had come when it was complete. */
  readonly ends: readonly number[];
  /** For each, how many had come before the one that showed it. */
  readonly shownBehind: readonly number[];
  /** For each, the number of the entry that it began with. */
  readonly began: readonly number[];
  /** The only one is this line. */
  readonly left?: LeftLine | undefined;
}

/** Pushes a chunk's entries into the assembler. */
export function makeLines(
  assembler: LineAssembler,
  entries: Entries,
  info: ContainerInfo,
): MadeLines {
  const records: LineRecord[] = [];
  const began: number[] = [];
  const ends: number[] = [];
  const shownBehind: number[] = [];
  let index = -1;
  for (const entry of entries) {
    index++;
    assembler.push(entry, info, records, began);
    // Without a newline a line had ended before the entry that shows it.
    const own = entry.ended ? 1 : 0;
    while (ends.length < records.length - own) ends.push(index);
    if (own === 1) ends.push(index + 1);
    while (shownBehind.length < records.length) shownBehind.push(index);
  }
  return { records, ends, shownBehind, began };
}

/** Those that are wanted, each with where it ended. */
export function chosenLines(
  { records, ends, shownBehind, began }: MadeLines,
  isChosen: (record: LineRecord) => boolean,
): EndedLine[] {
  const lines: EndedLine[] = [];
  for (const [index, record] of records.entries()) {
    if (!isChosen(record)) continue;
    const end = ends[index] ?? 0;
    const firstEntry = began[index] ?? 0;
    lines.push({ record, firstEntry, end, shownBehind: shownBehind[index] ?? end });
  }
  return lines;
}

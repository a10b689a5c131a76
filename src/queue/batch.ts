import type { OpenBlock } from "../resume/blocks.ts";
import type { LeftLine } from "../resume/left-lines.ts";
import type { Trail } from "../resume/trail.ts";
import type { Entries } from "../wire/entry.ts";
import type { LineRecord } from "../wire/records.ts";

/** What is open behind a record, with `multiline`. */
export interface BlocksBehind {
  /** Records of several lines that are not complete, each with its first line. */
  readonly blocks: readonly OpenBlock[];
  /** A line of the same stream has begun. */
  readonly isInLine: boolean;
}

/** Records, and where in the chunk each one ends. */
interface MadeLines {
  readonly records: readonly LineRecord[];
  /** For each record, how many entries it takes to complete it. */
  readonly ends: readonly number[];
  /** For each record, with `multiline`. */
  readonly joins?: readonly BlocksBehind[];
  /** The only record is this line, or ends with it. */
  readonly left?: LeftLine | undefined;
}

/** One record for each entry. They are made when they are asked for. */
interface WholeLines {
  /** The records of the first `count` entries. */
  readonly make: (count: number) => readonly LineRecord[];
  readonly count: number;
}

export type Lines = MadeLines | WholeLines;

export function countOf(lines: Lines): number {
  return "count" in lines ? lines.count : lines.records.length;
}

/** Entries that were read at once, and their position in the log. */
interface ReadChunk {
  readonly entries: Entries;
  /** Chunks with the same trail follow each other without a gap. */
  readonly trail: Trail;
  /** The position before `entries`. */
  readonly before: Trail;
  /** What it counts in the buffer. */
  readonly bytes: number;
}

/** Entries that were read at once, and the records in them. */
interface Chunk {
  readonly lines: Lines;
  readonly entries: Entries;
}

/** Chunks that wait become one batch up to this size. */
const JOINED_BYTES = 64 * 1024;

/** The records of a chunk, or of several that follow each other, and the position behind each record. */
export class Batch {
  /** When its first chunk arrived, by `performance.now()`. */
  readonly begunAt: number;
  readonly #trail: Trail;
  readonly #before: Trail;
  readonly #chunks: Chunk[];
  readonly #hasEntries: boolean;
  #arrivedAt: number;
  #size: number;
  #bytes: number;
  #records: readonly LineRecord[] | undefined;
  #first: LineRecord | undefined;
  /** How many entries follow its last record, none of a chosen stream. */
  passed: number;
  /** The position behind them, where they are so many that the one behind the last record would be hard to find again. */
  passedTo: Trail | undefined;

  constructor(
    lines: Lines,
    { entries, trail, before, bytes }: ReadChunk,
    now: number = performance.now(),
  ) {
    this.begunAt = now;
    this.#arrivedAt = now;
    this.#trail = trail;
    this.#before = before;
    this.#chunks = [{ lines, entries }];
    this.#hasEntries = entries.length > 0;
    this.#size = countOf(lines);
    this.#bytes = bytes;
    this.passed = "count" in lines ? 0 : entries.length - (lines.ends.at(-1) ?? 0);
  }

  /** When its last chunk arrived, by `performance.now()`. */
  get arrivedAt(): number {
    return this.#arrivedAt;
  }

  /** How many records it has. */
  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The first record, alone. */
  get first(): LineRecord | undefined {
    return this.#records?.[0] ?? (this.#first ??= this.#makeFirst());
  }

  get records(): readonly LineRecord[] {
    return (this.#records ??= this.#make());
  }

  /** The position before its first record. */
  get before(): Trail {
    return this.#before;
  }

  /** Takes the records of the next batch, where it arrived in time and follows without a gap. False where it stays apart. */
  join(next: Batch, withinMs: number): boolean {
    if (next.#arrivedAt - this.begunAt > withinMs) return false;
    const isGapless = this.#trail === next.#trail && this.passed === 0;
    if (!isGapless || this.#bytes + next.#bytes > JOINED_BYTES) return false;
    // A line that was ended without an entry has a position of its own.
    if (!this.#hasEntries || !next.#hasEntries) return false;
    this.#chunks.push(...next.#chunks);
    this.#size += next.#size;
    this.#bytes += next.#bytes;
    this.#records = undefined;
    this.passed = next.passed;
    this.#arrivedAt = next.#arrivedAt;
    return true;
  }

  /** The position right behind the record at `index`. */
  behind(index: number): Trail {
    if (index === this.#size - 1 && this.passedTo !== undefined) return this.passedTo;
    const trail = this.#before.clone();
    let left = index;
    for (const { lines, entries } of this.#chunks) {
      const count = countOf(lines);
      if (left >= count) {
        trail.add(entries);
        left -= count;
        continue;
      }
      if ("count" in lines) {
        trail.add(entries, 0, left + 1);
        return trail;
      }
      trail.add(entries, 0, lines.ends[left] ?? 0);
      // Only the next entry shows that a line without a newline has ended.
      const record = lines.records[left];
      const join = lines.joins?.[left];
      if (join !== undefined) trail.blocks = join.blocks;
      if (record !== undefined && join?.isInLine !== true) trail.endOpenLine(record.stream);
      if (lines.left !== undefined) trail.leave(lines.left);
      return trail;
    }
    return trail;
  }

  #makeFirst(): LineRecord | undefined {
    const lines = this.#chunks[0]?.lines;
    if (lines === undefined) return undefined;
    return "count" in lines ? lines.make(1)[0] : lines.records[0];
  }

  #make(): readonly LineRecord[] {
    const made = this.#chunks.map(({ lines }) =>
      // What is handed out is the consumer's; the records' own places are found by these.
      "count" in lines ? lines.make(lines.count) : lines.records.slice(),
    );
    return made.length === 1 ? (made[0] ?? []) : made.flat();
  }
}

import type { OpenBlock } from "../resume/blocks.ts";
import type { Trail } from "../resume/trail.ts";
import type { Entries } from "../wire/entry.ts";
import type { LineRecord } from "../wire/records.ts";

/** The records of several lines that are open behind a record, each by its first line. */
export interface BlocksBehind {
  readonly blocks: readonly OpenBlock[];
  /** A line of the same stream has begun behind it. */
  readonly isInLine: boolean;
}

/** Records, and where among the entries each was complete. */
interface MadeLines {
  readonly records: readonly LineRecord[];
  /** For each record, how many entries had come when it was complete. */
  readonly ends: readonly number[];
  /** With `multiline`: for each record, what is open behind it. */
  readonly joins?: readonly BlocksBehind[];
}

/** One record for each entry, made when they are asked for. */
interface WholeLines {
  /** Those of the first so many entries. */
  readonly make: (count: number) => readonly LineRecord[];
  readonly count: number;
}

export type Lines = MadeLines | WholeLines;

export function countOf(lines: Lines): number {
  return "count" in lines ? lines.count : lines.records.length;
}

/** Where a chunk stands. */
interface Place {
  readonly entries: Entries;
  /** What was read before and after it is one log, without a gap, as long as this is the same. */
  readonly trail: Trail;
  /** The place before `entries`. */
  readonly before: Trail;
  readonly bytes: number;
}

/** What one chunk brought. */
interface Chunk {
  readonly lines: Lines;
  readonly entries: Entries;
}

/** Up to so many bytes chunks that wait together are handed out together. */
const JOINED_BYTES = 64 * 1024;

/**
 * What one chunk, or some that waited together, brought: the records of the chosen streams, and what finds the place behind each
 * of them again.
 */
export class Batch {
  /** When its first chunk came, by `performance.now()`. */
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
  /** How many entries came behind the last record, none of a chosen stream. */
  passed: number;
  /** A place behind so many of them that the last record's would be hard to find. */
  later: Trail | undefined;

  constructor(
    lines: Lines,
    { entries, trail, before, bytes }: Place,
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

  /** When its last chunk came, by `performance.now()`. */
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

  /** The place before its first record. */
  get before(): Trail {
    return this.#before;
  }

  /** Takes `next`, which follows it, where it came within some time of its first chunk. False where they are to stay apart. */
  join(next: Batch, withinMs: number): boolean {
    if (next.#arrivedAt - this.begunAt > withinMs) return false;
    const isGapless = this.#trail === next.#trail && this.passed === 0;
    if (!isGapless || this.#bytes + next.#bytes > JOINED_BYTES) return false;
    // A line that was ended without an entry has a place of its own.
    if (!this.#hasEntries || !next.#hasEntries) return false;
    this.#chunks.push(...next.#chunks);
    this.#size += next.#size;
    this.#bytes += next.#bytes;
    this.#records = undefined;
    this.passed = next.passed;
    this.#arrivedAt = next.#arrivedAt;
    return true;
  }

  /** The place right behind the record at `index`. */
  behind(index: number): Trail {
    if (index === this.#size - 1 && this.later !== undefined) return this.later;
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
      // Without a newline a line is known to have ended only by what came next.
      const record = lines.records[left];
      const join = lines.joins?.[left];
      if (join !== undefined) trail.blocks = join.blocks;
      if (record !== undefined && join?.isInLine !== true) trail.endOpenLine(record.stream);
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
      "count" in lines ? lines.make(lines.count) : lines.records,
    );
    return made.length === 1 ? (made[0] ?? []) : made.flat();
  }
}

import type { OpenBlock } from "../resume/blocks.ts";
import type { LogStream } from "../wire/entry.ts";
import { MultilineJoiner } from "../wire/multiline.ts";
import type { PlacedLine } from "../wire/multiline.ts";
import type { LineRecord } from "../wire/records.ts";
import type { BlocksBehind } from "./batch.ts";
import type { ResolvedMultiline } from "./options.ts";

/** A line, and where it ended. */
export interface EndedLine extends PlacedLine {
  /** How many entries of its chunk had come when it was complete. */
  readonly end: number;
  /** How many had come before the one that showed it. */
  readonly shownBehind: number;
}

export interface JoinedLines {
  readonly records: LineRecord[];
  readonly ends: number[];
  readonly joins: BlocksBehind[];
}

/** Joins lines to records of several lines, and knows for each place which of them are open there. */
export class Multiline {
  readonly #joiner: MultilineJoiner;
  readonly #maxWaitMs: number;
  /** When each stream's latest line came, by `performance.now()`. */
  readonly #cameAt = new Map<LogStream, number>();

  constructor({ maxWaitMs, ...bounds }: ResolvedMultiline) {
    this.#maxWaitMs = maxWaitMs;
    this.#joiner = new MultilineJoiner(bounds);
  }

  get maxWaitMs(): number {
    return this.#maxWaitMs;
  }

  get isOpen(): boolean {
    return this.#joiner.open.length > 0;
  }

  /** The records that these lines end; `base`: the number of their chunk's first entry. */
  join(lines: readonly EndedLine[], base: number): JoinedLines {
    const joined: JoinedLines = { records: [], ends: [], joins: [] };
    const add = (record: LineRecord, end: number, behind: BlocksBehind): void => {
      joined.records.push(record);
      joined.ends.push(end);
      joined.joins.push(behind);
    };
    const now = performance.now();
    for (const line of lines) {
      const { record, firstEntry, end, shownBehind } = line;
      const place = base + shownBehind;
      const others = this.openAt(place).filter(({ stream }) => stream !== record.stream);
      const { before, withIt } = this.#joiner.push(line);
      this.#cameAt.set(record.stream, now);
      // Where it had ended was shown by a line that may have begun by then.
      if (before !== undefined)
        add(before, shownBehind, { blocks: others, isInLine: firstEntry < place });
      if (withIt !== undefined)
        add(withIt, end, { blocks: this.openAt(base + end), isInLine: false });
    }
    return joined;
  }

  /** The records that are open at a place: so many entries came before it. */
  openAt(place: number): OpenBlock[] {
    return this.#joiner.open.map(({ record, firstEntry }) => ({
      stream: record.stream,
      timestamp: record.timestamp,
      entries: place - firstEntry,
      occurrence: record.occurrence,
    }));
  }

  /** Goes on with a record whose first lines were read before. */
  resume(lines: readonly PlacedLine[]): void {
    this.#joiner.resume(lines);
    for (const { record } of lines) this.#cameAt.set(record.stream, performance.now());
  }

  /** Streams whose record has waited for long enough where nothing has kept lines back since `quietSince`. */
  due(quietSince: number): LogStream[] {
    const latest = performance.now() - this.#maxWaitMs;
    if (quietSince > latest) return [];
    return this.streams.filter((stream) => (this.#cameAt.get(stream) ?? 0) <= latest);
  }

  /** Those with an open record. */
  get streams(): LogStream[] {
    return this.#joiner.open.map(({ record }) => record.stream);
  }

  end(stream: LogStream): LineRecord | undefined {
    return this.#joiner.end(stream);
  }
}

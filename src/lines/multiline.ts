import type { OpenBlock } from "../resume/blocks.ts";
import type { LogStream } from "../wire/entry.ts";
import { MultilineJoiner } from "../wire/multiline.ts";
import type { MultilineBounds, PlacedLine } from "../wire/multiline.ts";
import type { LineRecord } from "../wire/records.ts";
import type { BlocksBehind } from "../queue/batch.ts";

export interface ResolvedMultiline extends MultilineBounds {
  readonly maxWaitMs: number;
}

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

/** What was written while no stream was open comes so soon after one was opened … */
const LISTENED_MS = 10;
/** … and that is enough for a record that has waited for so many times as long, where no stream lives for long. */
const PATIENCE = 10;
/** How often it is looked whether a record is complete, while lines are kept back. */
const LOOKS_PER_WAIT = 4;

/** What its reading tells of itself. */
interface Waiting {
  /** Since when a silence is the log's own, by `performance.now()`; undefined while lines are kept back. */
  readonly quietSince: () => number | undefined;
  /** These streams' records have waited for long enough for another line. */
  readonly due: (streams: readonly LogStream[]) => void;
}

/** Joins lines to records of several lines, and knows for each place which of them are open there. */
export class Multiline {
  readonly #joiner: MultilineJoiner;
  readonly #maxWaitMs: number;
  /** When each stream's latest line came, by `performance.now()`. */
  readonly #cameAt = new Map<LogStream, number>();
  readonly #waiting: Waiting;
  #timer: NodeJS.Timeout | undefined;

  constructor(bounds: ResolvedMultiline, waiting: Waiting) {
    this.#waiting = waiting;
    this.#maxWaitMs = bounds.maxWaitMs;
    this.#joiner = new MultilineJoiner(bounds);
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
    this.#wait(this.#maxWaitMs);
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

  /** These lines may be the beginning of one record: bounds may differ from one process to the next. */
  holds(lines: readonly PlacedLine[]): boolean {
    return this.#joiner.holds(lines);
  }

  /** Goes on with a record whose first lines were read before. */
  resume(lines: readonly PlacedLine[]): void {
    this.#joiner.resume(lines);
    for (const { record } of lines) this.#cameAt.set(record.stream, performance.now());
    this.#wait(this.#maxWaitMs);
  }

  /** Lines of this stream are lost. */
  tear(stream: LogStream): void {
    this.#joiner.tear(stream);
  }

  /** Streams whose record, by the log's own time, has waited for long enough. */
  late(timestamp: string): LogStream[] {
    return this.#joiner.late(timestamp);
  }

  /** The container started then: what it writes is none of a record from before. */
  startsRun(timestamp: string): void {
    this.#joiner.boundary = timestamp;
  }

  /** Those with an open record. */
  get streams(): LogStream[] {
    return this.#joiner.open.map(({ record }) => record.stream);
  }

  end(stream: LogStream): LineRecord | undefined {
    return this.#joiner.end(stream);
  }

  /** Nothing is waited for any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(ms: number): void {
    if (this.#timer !== undefined || this.streams.length === 0) return;
    // Behind the timer comes what lies in the sockets: after a pause of the event loop that is to be read first.
    this.#timer = setTimeout(() => setImmediate(() => this.#look()), ms);
  }

  #look(): void {
    if (this.#timer === undefined) return;
    this.#timer = undefined;
    const now = performance.now();
    const quietMs = now - (this.#waiting.quietSince() ?? Infinity);
    const waitMs =
      quietMs >= this.#maxWaitMs
        ? this.#maxWaitMs
        : quietMs >= LISTENED_MS
          ? PATIENCE * this.#maxWaitMs
          : Infinity;
    const came = (stream: LogStream): number => this.#cameAt.get(stream) ?? 0;
    this.#waiting.due(this.streams.filter((stream) => now - came(stream) >= waitMs));
    this.#wait(Math.max(1, this.#maxWaitMs / LOOKS_PER_WAIT));
  }
}

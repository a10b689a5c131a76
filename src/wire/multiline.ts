import type { LogStream } from "./entry.ts";
import type { LineRecord } from "./records.ts";
import { compareTimestamps } from "./timestamps.ts";

export interface MultilineBounds {
  /** A line that matches begins a record; others go on with the one before. */
  readonly start: RegExp;
  readonly maxLines: number;
  readonly maxBytes: number;
  /** A line that is stamped so much later goes on with nothing, in milliseconds. */
  readonly maxWaitMs: number;
}

/** A line, and the number of the entry that it began with. */
export interface PlacedLine {
  readonly record: LineRecord;
  readonly firstEntry: number;
}

/** A record that may go on. */
interface Block {
  readonly first: PlacedLine;
  readonly lines: string[];
  bytes: number;
  truncated: boolean;
  /** The latest line's timestamp. */
  latest: string;
}

/** Where timestamps are whole seconds, two moments may lie a second closer than they seem. */
const COARSE_MS = 1_000;

/** Joins each stream's lines to records of several lines: stack traces, SQL, anything that is printed in paragraphs. */
export class MultilineJoiner {
  readonly #bounds: MultilineBounds;
  readonly #blocks = new Map<LogStream, Block>();
  /** The beginning of these streams' next record is lost, unless it begins with a line that is a start. */
  readonly #torn = new Set<LogStream>();
  /** A timestamp over which no record goes. */
  boundary: string | undefined;

  constructor(bounds: MultilineBounds) {
    this.#bounds = bounds;
  }

  /** The records that may go on, each by its first line. */
  get open(): readonly PlacedLine[] {
    return Array.from(this.#blocks.values(), ({ first }) => first);
  }

  /** The record that had ended before this line, and the one that ends with it. */
  push(line: PlacedLine): { readonly before?: LineRecord; readonly withIt?: LineRecord } {
    const { maxLines, maxBytes } = this.#bounds;
    const { stream, line: text, timestamp } = line.record;
    const block = this.#blocks.get(stream);
    const bytes = Buffer.byteLength(text);
    const goesOn =
      block !== undefined &&
      block.bytes + bytes <= maxBytes &&
      block.lines.length < maxLines &&
      !this.#isLate(block, timestamp) &&
      !this.#isStart(text);
    const before = block === undefined || goesOn ? undefined : this.end(stream);
    if (goesOn) add(block, line.record, bytes);
    else this.#begin(line, bytes);
    const lines = goesOn ? block.lines.length : 1;
    const withIt = lines >= maxLines ? this.end(stream) : undefined;
    return { ...(before && { before }), ...(withIt && { withIt }) };
  }

  /** Streams whose record had no line for so long that, at the time of `timestamp`, none goes on with it. */
  late(timestamp: string): LogStream[] {
    return Array.from(this.#blocks)
      .filter(([, block]) => this.#isLate(block, timestamp))
      .map(([stream]) => stream);
  }

  /** So many lines make one record, by these bounds. */
  holds(lines: readonly PlacedLine[]): boolean {
    const { maxLines, maxBytes } = this.#bounds;
    const bytes = lines.reduce((sum, { record }) => sum + Buffer.byteLength(record.line), 0);
    return lines.length <= 1 || (lines.length < maxLines && bytes <= maxBytes);
  }

  /** Goes on with lines that were read before. */
  resume(lines: readonly PlacedLine[]): void {
    const [first, ...rest] = lines;
    if (first === undefined) return;
    const block = this.#begin(first, Buffer.byteLength(first.record.line));
    for (const { record } of rest) add(block, record, Buffer.byteLength(record.line));
  }

  /** Lines of this stream are lost: what goes on with them is no whole record. */
  tear(stream: LogStream): void {
    const block = this.#blocks.get(stream);
    if (block === undefined) this.#torn.add(stream);
    else block.truncated = true;
  }

  /** The stream's record goes on no more. */
  end(stream: LogStream): LineRecord | undefined {
    const block = this.#blocks.get(stream);
    this.#blocks.delete(stream);
    if (block === undefined) return undefined;
    const { first, lines, truncated } = block;
    const { record } = first;
    const isWhole = lines.length === 1 && truncated === record.truncated;
    return isWhole ? record : record.joined(lines.join("\n"), truncated);
  }

  #isStart(text: string): boolean {
    const { start } = this.#bounds;
    start.lastIndex = 0;
    return start.test(text);
  }

  #isLate({ latest }: Block, timestamp: string): boolean {
    if (timestamp === latest) return false;
    const { boundary } = this;
    const isBefore = boundary !== undefined && compareTimestamps(latest, boundary) < 0;
    if (isBefore && compareTimestamps(timestamp, boundary) >= 0) return true;
    const tolerance = timestamp.includes(".") ? 0 : COARSE_MS;
    return Date.parse(timestamp) - Date.parse(latest) > this.#bounds.maxWaitMs + tolerance;
  }

  #begin(first: PlacedLine, bytes: number): Block {
    const { line, stream, timestamp: latest } = first.record;
    const isTorn = this.#torn.delete(stream) && !this.#isStart(line);
    const truncated = first.record.truncated || isTorn;
    const block = { first, lines: [line], bytes, truncated, latest };
    this.#blocks.set(stream, block);
    return block;
  }
}

function add(block: Block, { line, truncated, timestamp }: LineRecord, bytes: number): void {
  block.latest = timestamp;
  block.lines.push(line);
  block.bytes += bytes;
  block.truncated ||= truncated;
}

import type { LogStream } from "./entry.ts";
import type { LineRecord } from "./records.ts";

export interface MultilineBounds {
  /** A line that matches begins a record; others go on with the one before. */
  readonly start: RegExp;
  readonly maxLines: number;
  readonly maxBytes: number;
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
}

/** Joins each stream's lines to records of several lines: stack traces, SQL, anything that is printed in paragraphs. */
export class MultilineJoiner {
  readonly #bounds: MultilineBounds;
  readonly #blocks = new Map<LogStream, Block>();

  constructor(bounds: MultilineBounds) {
    this.#bounds = bounds;
  }

  /** The records that may go on, each by its first line. */
  get open(): readonly PlacedLine[] {
    return Array.from(this.#blocks.values(), ({ first }) => first);
  }

  /** The record that had ended before this line, and the one that ends with it. */
  push(line: PlacedLine): { readonly before?: LineRecord; readonly withIt?: LineRecord } {
    const { start, maxLines, maxBytes } = this.#bounds;
    const { stream, line: text } = line.record;
    const block = this.#blocks.get(stream);
    const bytes = Buffer.byteLength(text);
    const goesOn = block !== undefined && block.bytes + bytes <= maxBytes && !start.test(text);
    const before = block === undefined || goesOn ? undefined : this.end(stream);
    if (goesOn) add(block, line.record, bytes);
    else this.#begin(line, bytes);
    const lines = goesOn ? block.lines.length : 1;
    const withIt = lines >= maxLines ? this.end(stream) : undefined;
    return { ...(before && { before }), ...(withIt && { withIt }) };
  }

  /** Goes on with lines that were read before. */
  resume(lines: readonly PlacedLine[]): void {
    const [first, ...rest] = lines;
    if (first === undefined) return;
    const block = this.#begin(first, Buffer.byteLength(first.record.line));
    for (const { record } of rest) add(block, record, Buffer.byteLength(record.line));
  }

  /** The stream's record goes on no more. */
  end(stream: LogStream): LineRecord | undefined {
    const block = this.#blocks.get(stream);
    this.#blocks.delete(stream);
    if (block === undefined) return undefined;
    const { first, lines, truncated } = block;
    return lines.length === 1 ? first.record : first.record.joined(lines.join("\n"), truncated);
  }

  #begin(first: PlacedLine, bytes: number): Block {
    const { line, truncated, stream } = first.record;
    const block = { first, lines: [line], bytes, truncated };
    this.#blocks.set(stream, block);
    return block;
  }
}

function add(block: Block, { line, truncated }: LineRecord, bytes: number): void {
  block.lines.push(line);
  block.bytes += bytes;
  block.truncated ||= truncated;
}

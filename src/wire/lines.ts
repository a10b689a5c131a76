import { isAscii } from "node:buffer";
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import type { Attributes } from "./attributes.ts";
import type { Entry, LogStream } from "./entry.ts";
import { textLength } from "./frame-entries.ts";
import type { FrameEntries } from "./frame-entries.ts";
import { continues } from "./open-lines.ts";
import type { Joining } from "./open-lines.ts";
import { RecentLines } from "./recent-lines.ts";
import { AttributedRecord, LineRecord } from "./records.ts";
import type { Content, ContainerInfo } from "./records.ts";

const CARRIAGE_RETURN = 0x0d;
const REPLACEMENT = "\ufffd";
/** Parts are joined in it where they are not too long; used anew by each line. */
const scratch = Buffer.allocUnsafeSlow(256 * 1024);

export interface LineOptions {
  readonly maxLineBytes: number;
  readonly encoding: "utf8" | "latin1";
  readonly joining: Joining;
}

/** A line longer than `maxLineBytes`. */
export interface CutLine {
  readonly timestamp: string;
  readonly bytes: number;
}

/** The parts of a line that has not ended, no more than `maxLineBytes` of them and a digest of all. */
interface Parts {
  readonly timestamp: string;
  /** Of the first of them. */
  attributes: Attributes | undefined;
  readonly firstEntry: number;
  readonly kept: Buffer[];
  keptBytes: number;
  bytes: number;
  hash: Hash | undefined;
  /** Some of it is lost: its beginning, or what would follow. */
  isTorn: boolean;
}

/** Joins the parts of each stream's lines and makes records of them. */
export class LineAssembler {
  readonly #options: LineOptions;
  readonly #open = new Map<LogStream, Parts>();
  readonly #equals = new Map<LogStream, RecentLines>();
  /** Lines cut since this was last emptied. */
  readonly cut: CutLine[] = [];
  /** How many entries came so far. */
  #count = 0;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  /** How many entries came so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * The records that `entry` completes: none for a part, two where it shows that the line before had ended. `began`: for each
   * of them, the number of the entry that it began with.
   */
  push(entry: Entry, container: ContainerInfo, records: LineRecord[], began?: number[]): void {
    this.#push(entry, container, records, began);
    this.#count++;
  }

  /** `entries` are lines as they stand: none is open, too long, or equal to one before. */
  takesWhole(entries: FrameEntries): boolean {
    const { isWhole, isRising, longest, streams } = entries.summary;
    return (
      isWhole &&
      isRising &&
      this.#open.size === 0 &&
      longest <= this.#options.maxLineBytes &&
      streams.every(({ stream, first }) => this.#recent(stream).isNew(entries.timestamp(first)))
    );
  }

  /** Takes what `takesWhole`; the lines are made of `entries` when they are wanted. */
  passWhole(entries: FrameEntries): void {
    const { streams } = entries.summary;
    for (const { stream, last } of streams)
      this.#recent(stream).pass(entries, last, streams.length === 1);
    this.#count += entries.length;
  }

  /** The open lines end here: their container stopped, or the log is read no further. */
  flush(container: ContainerInfo, records: LineRecord[], began?: number[]): void {
    for (const stream of this.#open.keys()) this.end(stream, container, records, began);
  }

  /** The rest of the open lines is lost. */
  tearOpen(): void {
    for (const open of this.#open.values()) open.isTorn = true;
  }

  /** The beginning of a stream's line is lost, which began at `timestamp`: what goes on with it is its rest. */
  tear(stream: LogStream, timestamp: string): void {
    const open = this.#open.get(stream) ?? newParts(timestamp, this.#count);
    open.isTorn = true;
    this.#open.set(stream, open);
  }

  /** A stream's open line ends here. */
  end(stream: LogStream, container: ContainerInfo, records: LineRecord[], began?: number[]): void {
    const open = this.#open.get(stream);
    if (open !== undefined) this.#finish(stream, open, false, container, records, began);
  }

  #push(entry: Entry, container: ContainerInfo, records: LineRecord[], began?: number[]): void {
    const open = this.#open.size === 0 ? undefined : this.#open.get(entry.stream);
    if (open === undefined) {
      if (entry.ended && textLength(entry) <= this.#options.maxLineBytes) {
        const { stream, timestamp, text, attributes } = entry;
        const size = text.length;
        records.push(
          this.#record(
            container,
            stream,
            timestamp,
            text,
            true,
            undefined,
            size,
            false,
            attributes,
          ),
        );
        began?.push(this.#count);
      } else {
        this.#begin(entry, container, records, began);
      }
      return;
    }
    if (!continues(open.timestamp, entry, this.#options.joining)) {
      this.#finish(entry.stream, open, false, container, records, began);
      this.#push(entry, container, records, began);
      return;
    }
    open.attributes ??= entry.attributes;
    this.#add(open, entry.text);
    if (entry.ended) this.#finish(entry.stream, open, true, container, records, began);
  }

  /** How many bytes of a stream's open line came so far. */
  openBytes(stream: LogStream): number {
    return this.#open.get(stream)?.bytes ?? 0;
  }

  /** Forgets a stream's open line. */
  drop(stream: LogStream): void {
    this.#open.delete(stream);
  }

  #begin(entry: Entry, container: ContainerInfo, records: LineRecord[], began?: number[]): void {
    const parts = newParts(entry.timestamp, this.#count);
    parts.attributes = entry.attributes;
    this.#open.set(entry.stream, parts);
    this.#add(parts, entry.text);
    if (entry.ended) this.#finish(entry.stream, parts, true, container, records, began);
  }

  #add(parts: Parts, text: Buffer): void {
    const room = this.#options.maxLineBytes + 1 - parts.keptBytes;
    parts.bytes += text.length;
    if (parts.bytes > this.#options.maxLineBytes && parts.hash === undefined) {
      parts.hash = createHash("sha256");
      for (const kept of parts.kept) parts.hash.update(kept);
    }
    parts.hash?.update(text);
    if (room <= 0 || text.length === 0) return;
    // A part may be one of a chunk, all of which it would keep.
    const isAlone = text.length <= room && text.buffer.byteLength <= 2 * text.length;
    const kept = isAlone ? text : Buffer.from(text.subarray(0, room));
    parts.kept.push(kept);
    parts.keptBytes += kept.length;
  }

  #finish(
    stream: LogStream,
    parts: Parts,
    ended: boolean,
    container: ContainerInfo,
    records: LineRecord[],
    began: number[] | undefined,
  ): void {
    this.#open.delete(stream);
    // Nothing came that goes on with it.
    if (parts.isTorn && parts.bytes === 0 && !ended) return;
    began?.push(parts.firstEntry);
    const text = joined(parts.kept, parts.keptBytes);
    const content = parts.hash === undefined ? undefined : { digest: parts.hash.digest() };
    const { timestamp, bytes, isTorn, attributes } = parts;
    records.push(
      this.#record(container, stream, timestamp, text, ended, content, bytes, isTorn, attributes),
    );
  }

  #record(
    container: ContainerInfo,
    stream: LogStream,
    timestamp: string,
    text: Buffer,
    ended: boolean,
    digest: Content | undefined,
    bytes: number,
    isTorn: boolean,
    attributes: Attributes | undefined,
  ): LineRecord {
    const { maxLineBytes, encoding } = this.#options;
    const isWhole = ended && bytes === text.length;
    const returns = stream === "tty" && isWhole && text[text.length - 1] === CARRIAGE_RETURN;
    const truncated = bytes - (returns ? 1 : 0) > maxLineBytes;
    if (truncated) this.cut.push({ timestamp, bytes });
    const end = truncated
      ? cutAt(text, maxLineBytes, encoding)
      : returns
        ? text.length - 1
        : text.length;
    const line =
      encoding === "latin1" ? text.toString("latin1", 0, end) : text.toString("utf8", 0, end);
    // A text that tells its bytes is kept in their place.
    const tells = encoding === "utf8" ? !line.includes(REPLACEMENT) : isAscii(text);
    const told = returns ? `${line}\r` : line;
    const content = digest ?? (tells && !truncated ? told : owned(text));
    const occurrence = this.#occurrence(stream, timestamp, content);
    const isCut = truncated || isTorn;
    return attributes === undefined
      ? new LineRecord(container, stream, timestamp, line, isCut, content, occurrence)
      : new AttributedRecord(
          attributes,
          container,
          stream,
          timestamp,
          line,
          isCut,
          content,
          occurrence,
        );
  }

  /** How many lines of this stream, timestamp and content came before. */
  #occurrence(stream: LogStream, timestamp: string, content: Content | string): number {
    return this.#recent(stream).occurrence(timestamp, content);
  }

  #recent(stream: LogStream): RecentLines {
    const known = this.#equals.get(stream);
    if (known !== undefined) return known;
    const recent = new RecentLines();
    this.#equals.set(stream, recent);
    return recent;
  }
}

function joined(parts: readonly Buffer[], bytes: number): Buffer {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  if (bytes > scratch.length) return Buffer.concat(parts, bytes);
  let at = 0;
  for (const part of parts) at += part.copy(scratch, at);
  return scratch.subarray(0, at);
}

function owned(text: Buffer): Buffer {
  return text.buffer === scratch.buffer ? Buffer.from(text) : text;
}

function newParts(timestamp: string, firstEntry: number): Parts {
  return {
    timestamp,
    attributes: undefined,
    firstEntry,
    kept: [],
    keptBytes: 0,
    bytes: 0,
    hash: undefined,
    isTorn: false,
  };
}

/** Where to cut so that no UTF-8 character is torn. */
function cutAt(text: Buffer, maxBytes: number, encoding: "utf8" | "latin1"): number {
  if (encoding === "latin1") return maxBytes;
  let end = maxBytes;
  while (end > 0 && end > maxBytes - 3 && ((text[end] ?? 0) & 0xc0) === 0x80) end--;
  return ((text[end] ?? 0) & 0xc0) === 0x80 ? maxBytes : end;
}

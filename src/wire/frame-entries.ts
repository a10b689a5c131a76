import type { Attributes } from "./attributes.ts";
import type { Entries, Entry, LogStream } from "./entry.ts";
import { ENDED, FLAG_BITS, MARKS, STDERR, streamsOf } from "./entry-marks.ts";
import type { StreamSpan, UnmarkedStream } from "./entry-marks.ts";
import { NANOSECOND_UTC_LENGTH, detached } from "./timestamps.ts";

/** A chunk no longer than this may be kept for the sake of some of its entries. */
const KEPT_BYTES = 8 * 1024;
/** So many of the last ones are copied together. */
const LAST_ENTRIES = 16;
const LETTER_Z = 0x5a;
/** What a time without a fraction ends with, at its place. */
const ZEROS = "0000-00-00T00:00:00.000000000Z";

/** What is known of all of them together. */
export interface Summary {
  /** Each is a line, from its beginning to its end. */
  readonly isWhole: boolean;
  /** Within a stream each timestamp is later than the one before. */
  readonly isRising: boolean;
  /** Bytes of the longest text. */
  readonly longest: number;
  readonly streams: readonly StreamSpan[];
}

/**
 * The entries of a chunk as the engine usually sends them, decoded at once: one string for all of them, of which timestamps and
 * lines are parts, and three marks for each.
 */
export class FrameEntries implements Entries {
  readonly length: number;
  readonly summary: Summary;
  /** Of each of them, where they were asked for. */
  readonly attributes: Attributes | undefined;
  /** The chunk's bytes, one character each. */
  readonly #latin1: string;
  /** The same, where they are not all ASCII. */
  readonly #bytes: Buffer | undefined;
  readonly #marks: Int32Array;
  readonly #unmarked: UnmarkedStream;
  #last: FrameEntries | undefined;

  constructor(
    latin1: string,
    bytes: Buffer | undefined,
    marks: Int32Array,
    summary: Summary,
    unmarked: UnmarkedStream = "stdout",
    attributes?: Attributes,
  ) {
    this.#latin1 = latin1;
    this.#bytes = bytes;
    this.#marks = marks;
    this.#unmarked = unmarked;
    this.attributes = attributes;
    this.summary = summary;
    this.length = marks.length / MARKS;
  }

  /** The same, each with these. */
  withAttributes(attributes: Attributes): FrameEntries {
    const bytes = this.#bytes;
    const { summary } = this;
    return new FrameEntries(this.#latin1, bytes, this.#marks, summary, this.#unmarked, attributes);
  }

  at(index: number): Entry | undefined {
    const at = index < 0 ? this.length + index : index;
    return at < 0 || at >= this.length ? undefined : new FrameEntry(this, at);
  }

  *[Symbol.iterator](): Generator<Entry, undefined> {
    for (let index = 0; index < this.length; index++) yield new FrameEntry(this, index);
  }

  slice(from: number, to: number = this.length): FrameEntries {
    if (from === 0 && to >= this.length) return this;
    const marks = this.#marks.subarray(from * MARKS, to * MARKS);
    return this.#some(this.#latin1, this.#bytes, marks);
  }

  /** A copy of `indices` alone, which keeps nothing else of the chunk in memory. */
  pick(indices: readonly number[]): FrameEntries {
    const marks = new Int32Array(indices.length * MARKS);
    const parts: string[] = [];
    let start = 0;
    for (const [place, index] of indices.entries()) {
      const flags = this.#textMark(index) & (STDERR | ENDED);
      const stamp = this.timestamp(index);
      const text = this.latin1(index);
      parts.push(stamp, text);
      marks[place * MARKS] = start;
      marks[place * MARKS + 2] = start + stamp.length;
      start += stamp.length + text.length;
      marks[place * MARKS + 1] = (start << FLAG_BITS) | flags;
    }
    const latin1 = detached(parts.join(""));
    const bytes = this.isAscii ? undefined : Buffer.from(latin1, "latin1");
    return this.#some(latin1, bytes, marks);
  }

  /** `slice`, without keeping a large chunk in memory for a few of its entries. */
  excerpt(from: number): FrameEntries {
    if (!this.isHeavy) return this.slice(from);
    const lastFrom = Math.max(0, this.length - LAST_ENTRIES);
    if (from < lastFrom) return this.#copy(from);
    // Where these are most of the chunk a copy would keep as much.
    if (this.#stampStart(lastFrom) * 2 < this.#latin1.length) return this.slice(from);
    return (this.#last ??= this.#copy(lastFrom)).slice(from - lastFrom);
  }

  /** No two have one timestamp. */
  get areDistinct(): boolean {
    return this.summary.isRising && this.summary.streams.length === 1;
  }

  /** Too much to be kept for the sake of some of it. */
  get isHeavy(): boolean {
    return this.#latin1.length > KEPT_BYTES;
  }

  stream(index: number): LogStream {
    return (this.#textMark(index) & STDERR) === 0 ? this.#unmarked : "stderr";
  }

  timestamp(index: number): string {
    const start = this.#stampStart(index);
    const stamp = this.#latin1.substring(start, start + NANOSECOND_UTC_LENGTH);
    return stamp.charCodeAt(NANOSECOND_UTC_LENGTH - 1) === LETTER_Z ? stamp : padded(stamp);
  }

  ended(index: number): boolean {
    return (this.#textMark(index) & ENDED) !== 0;
  }

  /** The text's bytes, one character each. */
  latin1(index: number): string {
    return this.#latin1.substring(this.#textStart(index), this.#textMark(index) >> FLAG_BITS);
  }

  /** Invalid UTF-8 becomes U+FFFD. */
  utf8(index: number): string {
    if (this.#bytes === undefined) return this.latin1(index);
    return this.#bytes.toString("utf8", this.#textStart(index), this.#textMark(index) >> FLAG_BITS);
  }

  /** All are ASCII: characters are bytes in either encoding. */
  get isAscii(): boolean {
    return this.#bytes === undefined;
  }

  /** A copy of the text. */
  text(index: number): Buffer {
    return Buffer.from(this.latin1(index), "latin1");
  }

  textLength(index: number): number {
    return (this.#textMark(index) >> FLAG_BITS) - this.#textStart(index);
  }

  /** As `textEdges`. */
  edges(index: number, edgeBytes: number): TextEdges {
    const text = this.latin1(index);
    const { length } = text;
    const parts =
      length <= 2 * edgeBytes ? [text] : [text.slice(0, edgeBytes), text.slice(-edgeBytes)];
    return { length, parts };
  }

  /** How many are of stderr. */
  get stderrCount(): number {
    const { streams } = this.summary;
    if (streams.length === 1) return streams[0]?.stream === "stderr" ? this.length : 0;
    let count = 0;
    for (let index = 0; index < this.length; index++) count += this.#textMark(index) & STDERR;
    return count;
  }

  /** Bytes of all texts. */
  get textBytes(): number {
    let bytes = 0;
    for (let index = 0; index < this.length; index++) bytes += this.textLength(index);
    return bytes;
  }

  #copy(from: number): FrameEntries {
    const last = this.length - 1;
    const start = Math.min(this.#stampStart(from), this.#textStart(from));
    const stampEnd = this.#stampStart(last) + NANOSECOND_UTC_LENGTH;
    const end = Math.max(stampEnd, this.#textMark(last) >> FLAG_BITS);
    const latin1 = detached(this.#latin1.substring(start, end));
    const marks = this.#marks.slice(from * MARKS);
    for (let index = 0; index < marks.length; index += MARKS) {
      marks[index] = (marks[index] ?? 0) - start;
      marks[index + 1] = (marks[index + 1] ?? 0) - (start << FLAG_BITS);
      marks[index + 2] = (marks[index + 2] ?? 0) - start;
    }
    const bytes = this.isAscii ? undefined : Buffer.from(latin1, "latin1");
    return this.#some(latin1, bytes, marks);
  }

  /** What is known of all of them holds for some of them, too. */
  #some(latin1: string, bytes: Buffer | undefined, marks: Int32Array): FrameEntries {
    const summary = { ...this.summary, streams: streamsOf(marks, this.#unmarked) };
    return new FrameEntries(latin1, bytes, marks, summary, this.#unmarked, this.attributes);
  }

  #stampStart(index: number): number {
    return this.#marks[index * MARKS] ?? 0;
  }

  #textStart(index: number): number {
    return this.#marks[index * MARKS + 2] ?? 0;
  }

  #textMark(index: number): number {
    return this.#marks[index * MARKS + 1] ?? 0;
  }
}

/** The engine's files leave out the zeros at the end of a fraction. */
function padded(text: string): string {
  const zone = text.indexOf("Z");
  return text.slice(0, zone) + ZEROS.slice(zone);
}

/** One of them; its text, and its timestamp, are copied when they are asked for. */
class FrameEntry implements Entry {
  readonly #entries: FrameEntries;
  readonly #index: number;

  constructor(entries: FrameEntries, index: number) {
    this.#entries = entries;
    this.#index = index;
  }

  get stream(): LogStream {
    return this.#entries.stream(this.#index);
  }

  get timestamp(): string {
    return detached(this.#entries.timestamp(this.#index));
  }

  get text(): Buffer {
    return this.#entries.text(this.#index);
  }

  get ended(): boolean {
    return this.#entries.ended(this.#index);
  }

  get attributes(): Attributes | undefined {
    return this.#entries.attributes;
  }

  get textLength(): number {
    return this.#entries.textLength(this.#index);
  }

  edges(edgeBytes: number): TextEdges {
    return this.#entries.edges(this.#index, edgeBytes);
  }
}

/** A text's length and bytes, or a character for each byte; of one that is longer than two edges only those. */
export interface TextEdges {
  readonly length: number;
  readonly parts: readonly (Buffer | string)[];
}

export function textEdges(entry: Entry, edgeBytes: number): TextEdges {
  if (entry instanceof FrameEntry) return entry.edges(edgeBytes);
  const { text } = entry;
  const { length } = text;
  if (length <= 2 * edgeBytes) return { length, parts: [text] };
  return { length, parts: [text.subarray(0, edgeBytes), text.subarray(-edgeBytes)] };
}

/** Without a copy of the text. */
export function textLength(entry: Entry): number {
  return entry instanceof FrameEntry ? entry.textLength : entry.text.length;
}

/** Bytes of all texts. */
export function textBytes(entries: Entries): number {
  if (entries instanceof FrameEntries) return entries.textBytes;
  let bytes = 0;
  for (const { text } of entries) bytes += text.length;
  return bytes;
}

/** Where among `entries` each stream's first and last one are. */
export function spansOf(entries: Entries): readonly StreamSpan[] {
  if (entries instanceof FrameEntries) return entries.summary.streams;
  const spans = new Map<LogStream, StreamSpan>();
  let index = 0;
  for (const { stream } of entries) {
    spans.set(stream, { stream, first: spans.get(stream)?.first ?? index, last: index });
    index++;
  }
  return [...spans.values()];
}

/** Each is a line, from its beginning to its end. */
export function areWhole(entries: Entries): boolean {
  if (entries instanceof FrameEntries) return entries.summary.isWhole;
  return Array.from(entries).every(({ ended }) => ended);
}

import { isAscii, isUtf8 } from "node:buffer";
import { MARKS, streamsOf, textMark } from "../wire/entry-marks.ts";
import { FrameEntries } from "../wire/frame-entries.ts";
import type { UnmarkedStream } from "../wire/entry-marks.ts";
import { isLater, isNanosecondTime } from "../wire/frame-scan.ts";
import { LEAST_BYTES } from "./json-record.ts";
import { LONGEST_TEXT } from "./long-entry.ts";
import type { PlainScan } from "./plain-json-scan.ts";
import { unescape } from "./unescape.ts";

const HEAD = Buffer.from('{"log":"');
const STREAM = Buffer.from(',"stream":"std');
const OUT = Buffer.from('out"');
const ERR = Buffer.from('err"');
const ATTRIBUTES = Buffer.from(',"attrs":{');
const TIME = Buffer.from(',"time":"');
const TAIL = Buffer.from('"}\n');
const NOTHING: Buffer = Buffer.alloc(0);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const NEWLINE = 0x0a;
const BRACE = 0x7d;
const LETTER_Z = 0x5a;
const STAMP_BYTES = 30;
const SECONDS = 19;
const ZEROS = Buffer.from("0000-00-00T00:00:00.000000000Z");

/** Used anew by each scan. */
let scratch = new Int32Array(4096);
let scratchEnds = new Int32Array(2048);
let texts = Buffer.allocUnsafeSlow(128 * 1024);
let madeView = new DataView(texts.buffer, texts.byteOffset, texts.length);

export interface EscapedScan extends PlainScan {
  /** The attributes that each of the lines has, as they stand there with their key; empty where they have none. */
  readonly noted: Buffer;
}

export interface EscapedOptions {
  readonly tty: boolean;
  /** Attributes are asked for: lines behind which they change are scanned apart. */
  readonly attributes: boolean;
}

/**
 * As `scanPlainJson`, also with escapes and attributes, which it passes over: what it finds is written anew, each timestamp before its
 * text. A line takes less room there than in the file.
 */
export function scanEscapedJson(
  bytes: Buffer,
  from: number,
  to: number,
  { tty: isTerminal, attributes }: EscapedOptions,
): EscapedScan | undefined {
  const most = Math.ceil((to - from) / LEAST_BYTES);
  if (scratchEnds.length < most) {
    scratch = new Int32Array(MARKS * most);
    scratchEnds = new Int32Array(most);
  }
  if (texts.length < to - from) {
    texts = Buffer.allocUnsafeSlow(to - from);
    madeView = new DataView(texts.buffer, texts.byteOffset, texts.length);
  }
  const unmarked: UnmarkedStream = isTerminal ? "tty" : "stdout";
  const marks = scratch;
  const ends = scratchEnds;
  const out = texts;
  const made = madeView;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let count = 0;
  let lines = 0;
  let at = from;
  let written = 0;
  let isWhole = true;
  let isRising = true;
  let longest = 0;
  let lastOut = -1;
  let lastErr = -1;
  let noted = NOTHING;
  while (at + LEAST_BYTES <= to && holds(bytes, at, HEAD)) {
    const textStart = written + STAMP_BYTES;
    let textEnd = textStart;
    let next = at + HEAD.length;
    /** Behind the last newline that was escaped. */
    let newlineEnd = -1;
    // A newline ends all of it.
    let byte = bytes[next] ?? 0;
    for (;;) {
      while (byte !== QUOTE && byte !== BACKSLASH && byte >= SPACE) {
        out[textEnd++] = byte;
        byte = bytes[++next] ?? 0;
      }
      if (byte !== BACKSLASH) break;
      const escape = unescape(bytes, next, out, textEnd);
      if (escape === 0) break;
      const isNewline = out[textEnd] === NEWLINE && escape >> 3 === 2;
      next += escape >> 3;
      textEnd += escape & 7;
      if (isNewline) newlineEnd = next;
      byte = bytes[next] ?? 0;
    }
    if (byte !== QUOTE) break;
    const ended = newlineEnd === next;
    next++;
    if (!holds(bytes, next, STREAM)) break;
    next += STREAM.length;
    const isStderr = holds(bytes, next, ERR);
    if (!isStderr && !holds(bytes, next, OUT)) break;
    next += OUT.length;
    const notedStart = next;
    if (noted.length > 0 && holds(bytes, next, noted)) next += noted.length;
    else {
      if (holds(bytes, next, ATTRIBUTES)) next = behindAttributes(bytes, next, to);
      const isOther = next !== notedStart || noted.length > 0;
      if (next === -1 || (attributes && lines > 0 && isOther)) break;
      noted = bytes.subarray(notedStart, next);
    }
    if (!holds(bytes, next, TIME)) break;
    next += TIME.length;
    const zone = copyStamp(bytes, view, next, out, made, written);
    if (zone === -1 || !holds(bytes, zone + 1, TAIL)) break;
    if (textEnd - textStart > LONGEST_TEXT) break;
    const isErr = isStderr && !isTerminal;
    const last = isErr ? lastErr : lastOut;
    if (isRising && last !== -1 && !isLater(made, written, last)) isRising = false;
    if (isErr) lastErr = written;
    else lastOut = written;
    if (ended) textEnd--;
    else isWhole = false;
    if (textEnd - textStart > longest) longest = textEnd - textStart;
    marks[count++] = written;
    marks[count++] = textMark(textEnd, isErr, ended);
    marks[count++] = textStart;
    written = textEnd;
    at = zone + 1 + TAIL.length;
    ends[lines++] = at;
  }
  if (lines === 0) return undefined;
  const chunk = bytes.subarray(from, at);
  if (!isAscii(chunk) && !isUtf8(chunk)) return undefined;
  const own = marks.slice(0, count);
  const summary = { isWhole, isRising, longest, streams: streamsOf(own, unmarked) };
  const chunkMade = out.subarray(0, written);
  const kept = isAscii(chunkMade) ? undefined : Buffer.from(chunkMade);
  const latin1 = chunkMade.toString("latin1");
  const entries = new FrameEntries(latin1, kept, own, summary, unmarked);
  return { entries, ends: ends.slice(0, lines), to: at, noted };
}

function holds(bytes: Buffer, at: number, text: Buffer): boolean {
  for (let index = 0; index < text.length; index++)
    if (bytes[at + index] !== text[index]) return false;
  return true;
}

/** The text's strings may hold braces; -1 where they don't end. */
function behindAttributes(bytes: Buffer, at: number, to: number): number {
  let isText = false;
  for (let next = at + ATTRIBUTES.length; next < to; next++) {
    const byte = bytes[next] ?? 0;
    if (byte < SPACE) return -1;
    if (byte === BACKSLASH) next++;
    else if (byte === QUOTE) isText = !isText;
    else if (byte === BRACE && !isText) return next + 1;
  }
  return -1;
}

/** Copies a time in UTC, with all its digits; where its "Z" is, or -1 where it is none. */
function copyStamp(
  bytes: Buffer,
  view: DataView,
  at: number,
  out: Buffer,
  made: DataView,
  to: number,
): number {
  if (at + STAMP_BYTES > bytes.length) return -1;
  if (bytes[at + STAMP_BYTES - 1] === LETTER_Z) {
    if (!isNanosecondTime(view, at)) return -1;
    for (let offset = 0; offset < STAMP_BYTES - 2; offset += 4)
      made.setUint32(to + offset, view.getUint32(at + offset));
    made.setUint16(to + STAMP_BYTES - 2, view.getUint16(at + STAMP_BYTES - 2));
    return at + STAMP_BYTES - 1;
  }
  let zone = at + SECONDS;
  while (bytes[zone] !== LETTER_Z) if (++zone - at >= STAMP_BYTES) return -1;
  for (let index = 0; index < STAMP_BYTES; index++) {
    const isFilled = at + index >= zone;
    out[to + index] = (isFilled ? ZEROS[index] : bytes[at + index]) ?? 0;
  }
  return isNanosecondTime(made, to) && zone - at !== SECONDS + 1 ? zone : -1;
}

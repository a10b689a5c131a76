import { isAscii, isUtf8 } from "node:buffer";
import { MARKS, streamsOf, textMark } from "../wire/entry-marks.ts";
import { FrameEntries } from "../wire/frame-entries.ts";
import { areDigits, isNanosecondTime } from "../wire/frame-scan.ts";
import { LEAST_BYTES } from "./json-record.ts";
import { LONGEST_TEXT } from "./long-entry.ts";

/** `{"log":"` */
const HEAD_BYTES = 8;
/** From the quote behind the text to its `,"time":"`, and behind that. */
const TIME_KEY = 19;
const STAMP = 28;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_N = 0x6e;
const LETTER_Z = 0x5a;
const ZERO = 0x30;
const NINE = 0x39;
/** A time up to its seconds, and with the dot behind them; the shortest stamp, which has no fraction; the longest one. */
const SECONDS = 19;
const FRACTION = 20;
const SHORTEST_STAMP = 20;
const LONGEST_STAMP = 30;
/** In each byte of a word, combined with itself by one place to either side: set where it is not below a space. */
const NO_CONTROLS = 0x40404040;
/** "0" stands for any digit. */
const FORM = Buffer.from("0000-00-00T00:00:00.000000000");

export interface PlainScan {
  readonly entries: FrameEntries;
  readonly ends: Int32Array;
  /** Behind the last of them. */
  readonly to: number;
}

/** Used anew by each scan. */
let scratch = new Int32Array(4096);
let scratchEnds = new Int32Array(2048);

/**
 * Finds the lines of a `json-file` log from `from` on, as long as they are as the engine mostly writes them: with nothing to unescape
 * but the newline, without attributes, in UTC. `to` is behind a newline. Undefined where the first one is another.
 */
export function scanPlainJson(bytes: Buffer, from: number, to: number): PlainScan | undefined {
  const most = Math.ceil((to - from) / LEAST_BYTES);
  if (scratchEnds.length < most) {
    scratch = new Int32Array(MARKS * most);
    scratchEnds = new Int32Array(most);
  }
  if (!isPlain(bytes, from)) return undefined;
  const latin1 = bytes.toString("latin1", from, to);
  const marks = scratch;
  const ends = scratchEnds;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  // Whole words, wherever the bytes begin.
  const words = new Int32Array(bytes.buffer, 0, Math.floor(bytes.buffer.byteLength / 4));
  let count = 0;
  let lines = 0;
  let at = from;
  let isWhole = true;
  let isRising = true;
  let longest = 0;
  let lastOut = -1;
  let lastErr = -1;
  /** The next one that is not before the line's text; far away where there is none. */
  let backslash = -1;
  /** Bits that all words of all texts have. */
  let common = -1;
  /** The first of the stamps, up to the last one, that are of one second; far away where there is none. That second, in words. */
  let secondFrom = to;
  let year = 0;
  let month = 0;
  let day = 0;
  let minute = 0;
  let second = 0;
  while (at + LEAST_BYTES <= to) {
    const textStart = at + HEAD_BYTES;
    if (view.getUint32(at) !== 0x7b226c6f || view.getUint32(at + 4) !== 0x67223a22) break;
    const quote = from + latin1.indexOf('"', textStart - from);
    if (quote < textStart || quote + STAMP + SHORTEST_STAMP >= to) break;
    if (backslash < textStart) {
      const next = latin1.indexOf("\\", textStart - from);
      backslash = next === -1 ? to : from + next;
    }
    const ended = backslash === quote - 2 && bytes[quote - 1] === LETTER_N;
    // An escape within the text, or an escaped quote.
    if (!ended && backslash < quote) break;
    if (
      view.getUint32(quote + 1) !== 0x2c227374 || // ,"st
      view.getUint32(quote + 5) !== 0x7265616d || // ream
      view.getUint32(quote + 9) !== 0x223a2273 || // ":"s
      view.getUint32(quote + TIME_KEY) !== 0x2c227469 || // ,"ti
      view.getUint32(quote + TIME_KEY + 4) !== 0x6d65223a || // me":
      bytes[quote + STAMP - 1] !== QUOTE
    )
      break;
    const name = view.getUint32(quote + 13);
    const nameEnd = view.getUint16(quote + 17);
    const isStderr = name === 0x74646572 && nameEnd === 0x7222; // tder, r"
    if (!isStderr && (name !== 0x74646f75 || nameEnd !== 0x7422)) break; // tdou, t"
    const stamp = quote + STAMP;
    const isSameSecond =
      secondFrom < stamp &&
      view.getUint32(stamp) === year &&
      view.getUint32(stamp + 4) === month &&
      view.getUint32(stamp + 8) === day &&
      view.getUint32(stamp + 12) === minute &&
      view.getUint32(stamp + 16) === second;
    let zone = stamp + LONGEST_STAMP - 1;
    if (!isSameSecond || bytes[zone - 1] === ZERO || !isFraction(view, stamp + FRACTION)) {
      const length = stampBytes(bytes, view, stamp);
      if (length === 0) break;
      zone = stamp + length - 1;
      if (!isSameSecond) {
        year = view.getUint32(stamp);
        month = view.getUint32(stamp + 4);
        day = view.getUint32(stamp + 8);
        minute = view.getUint32(stamp + 12);
        second = view.getUint32(stamp + 16);
        secondFrom = length > FRACTION ? stamp : to;
      }
    }
    // "}, newline
    if (zone + 3 >= to || view.getUint32(zone) !== 0x5a227d0a) break;
    const textEnd = ended ? quote - 2 : quote;
    if (textEnd - textStart > LONGEST_TEXT) break;
    // What stands before and behind the text, some words of it, has no control characters either.
    const lastWord = (bytes.byteOffset + textEnd) >> 2;
    for (let word = (bytes.byteOffset + textStart) >> 2; word <= lastWord; word += 4) {
      const one = words[word] ?? 0;
      const two = words[word + 1] ?? 0;
      const three = words[word + 2] ?? 0;
      const four = words[word + 3] ?? 0;
      common &=
        (one | (one << 1) | (one >>> 1)) &
        (two | (two << 1) | (two >>> 1)) &
        (three | (three << 1) | (three >>> 1)) &
        (four | (four << 1) | (four >>> 1));
    }
    const last = isStderr ? lastErr : lastOut;
    const equal = last < secondFrom ? 0 : FRACTION;
    if (isRising && last !== -1 && !isLaterStamp(bytes, view, stamp, last, equal)) isRising = false;
    if (isStderr) lastErr = stamp;
    else lastOut = stamp;
    if (!ended) isWhole = false;
    if (textEnd - textStart > longest) longest = textEnd - textStart;
    marks[count++] = stamp - from;
    marks[count++] = textMark(textEnd - from, isStderr, ended);
    marks[count++] = textStart - from;
    at = zone + 4;
    ends[lines++] = at;
  }
  if (lines === 0) return undefined;
  const chunk = bytes.subarray(from, at);
  if ((common & NO_CONTROLS) !== NO_CONTROLS) return undefined;
  const hasAscii = isAscii(chunk);
  if (!hasAscii && !isUtf8(chunk)) return undefined;
  const own = marks.slice(0, count);
  const summary = { isWhole, isRising, longest, streams: streamsOf(own) };
  const kept = hasAscii ? undefined : Buffer.from(chunk);
  const entries = new FrameEntries(latin1, kept, own, summary);
  return { entries, ends: ends.slice(0, lines), to: at };
}

/** The line's text has no escape but its newline. */
function isPlain(bytes: Buffer, from: number): boolean {
  const quote = bytes.indexOf(QUOTE, from + HEAD_BYTES);
  const backslash = bytes.indexOf(BACKSLASH, from + HEAD_BYTES);
  return backslash === -1 || backslash >= quote - 2;
}

/** Nine digits and a "Z". */
function isFraction(view: DataView, at: number): boolean {
  return (
    areDigits(view.getUint32(at)) &&
    areDigits(view.getUint32(at + 4)) &&
    (view.getUint16(at + 8) & 0xf0ff) === 0x305a &&
    areDigits(view.getUint32(at + 5))
  );
}

/** 0 where it is no time in UTC as the engine writes it: without zeros at the end of the fraction. */
function stampBytes(bytes: Buffer, view: DataView, at: number): number {
  if (bytes[at + LONGEST_STAMP - 1] === LETTER_Z && bytes[at + LONGEST_STAMP - 2] !== ZERO)
    return isNanosecondTime(view, at) ? LONGEST_STAMP : 0;
  for (let length = 0; length < LONGEST_STAMP; length++) {
    const byte = bytes[at + length] ?? 0;
    if (length >= SECONDS && byte === LETTER_Z) {
      const isUsual =
        length === SECONDS || (length > SECONDS + 1 && bytes[at + length - 1] !== ZERO);
      return isUsual ? length + 1 : 0;
    }
    const expected = FORM[length];
    if (expected === ZERO ? byte < ZERO || byte > NINE : byte !== expected) return 0;
  }
  return 0;
}

/** Two times in this form, of which so many bytes are `equal`: what is shorter and begins like the other is earlier. */
function isLaterStamp(
  bytes: Buffer,
  view: DataView,
  stamp: number,
  before: number,
  equal: number,
): boolean {
  for (let offset = equal; offset < LONGEST_STAMP - 2; offset += 4) {
    const word = view.getUint32(stamp + offset);
    if (word === view.getUint32(before + offset)) {
      if (offset > SECONDS - 4 && hasZ(word)) return false;
      continue;
    }
    return isLaterWord(bytes, stamp + offset, before + offset);
  }
  return isLaterWord(bytes, stamp + LONGEST_STAMP - 2, before + LONGEST_STAMP - 2);
}

/** One of the four bytes is a "Z" (Hacker's Delight, 6-1). */
function hasZ(word: number): boolean {
  const marked = word ^ 0x5a5a5a5a;
  return ((marked - 0x01010101) & ~marked & 0x80808080) !== 0;
}

/** The stamps are equal up to these bytes. */
function isLaterWord(bytes: Buffer, stamp: number, before: number): boolean {
  for (let offset = 0; offset < 4; offset++) {
    const own = bytes[stamp + offset] ?? 0;
    const other = bytes[before + offset] ?? 0;
    if (own !== other) return other === LETTER_Z || (own !== LETTER_Z && own > other);
    if (own === LETTER_Z) return false;
  }
  return false;
}

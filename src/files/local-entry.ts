/** One entry of a `local` log (moby, `api/types/plugins/logdriver/entry.proto`). */
export interface LocalEntry {
  source: string;
  /** Nanoseconds since 1970, as two halves. */
  high: number;
  low: number;
  /** Where in the bytes its text is. */
  textStart: number;
  textEnd: number;
  /** It is a part of a line, and whether that is the last one. */
  isPartial: boolean;
  isLast: boolean;
}

const VARINT = 0;
const LENGTH = 2;
const WIDE = 1;
const NARROW = 5;

/** What field numbers mean, in an entry and in its `partial_log_metadata`. */
const SOURCE = 1;
const TIME = 2;
const TEXT = 3;
const PARTIAL = 4;
const METADATA = 5;
const LAST = 1;

/** Reads the protobuf message in `bytes[from..to)`; undefined where it is none, or has no source or time. */
export function localEntry(bytes: Buffer, from: number, to: number): LocalEntry | undefined {
  const entry: LocalEntry = {
    source: "",
    high: 0,
    low: 0,
    textStart: to,
    textEnd: to,
    isPartial: false,
    isLast: false,
  };
  const isRead = eachField(bytes, from, to, (field, number, start, end) => {
    if (field === SOURCE) entry.source = bytes.toString("latin1", start, end);
    else if (field === TIME) {
      entry.low = number.low;
      entry.high = number.high;
    } else if (field === TEXT) {
      entry.textStart = start;
      entry.textEnd = end;
    } else if (field === PARTIAL) entry.isPartial = number.low !== 0;
    else if (field === METADATA)
      eachField(bytes, start, end, (inner, value) => {
        if (inner === LAST) entry.isLast = value.low !== 0;
      });
  });
  return isRead && entry.source !== "" && entry.high > 0 ? entry : undefined;
}

interface Varint {
  low: number;
  high: number;
  end: number;
}

type Visit = (field: number, number: Varint, start: number, end: number) => void;

/** False where the bytes are no message. */
function eachField(bytes: Buffer, from: number, to: number, visit: Visit): boolean {
  const number: Varint = { low: 0, high: 0, end: 0 };
  let at = from;
  while (at < to) {
    const key = bytes[at++] ?? 0;
    const kind = key & 7;
    // Fields up to 15 have a key of one byte.
    if (key >= 0x80 || key < 8) return false;
    let end = at;
    if (kind === VARINT || kind === LENGTH) {
      if (!readVarint(bytes, at, to, number)) return false;
      at = number.end;
      end = kind === LENGTH ? at + number.low : at;
      if (kind === LENGTH && number.high !== 0) return false;
    } else if (kind === WIDE) end = at + 8;
    else if (kind === NARROW) end = at + 4;
    else return false;
    if (end > to) return false;
    visit(key >> 3, number, at, end);
    at = end;
  }
  return true;
}

const LONGEST_VARINT = 10;

function readVarint(bytes: Buffer, from: number, to: number, into: Varint): boolean {
  let low = 0;
  let high = 0;
  for (let index = 0; index < LONGEST_VARINT; index++) {
    if (from + index >= to) return false;
    const byte = bytes[from + index] ?? 0;
    const bits = byte & 0x7f;
    if (index < 4) low += bits * 2 ** (7 * index);
    else if (index === 4) {
      low += (bits & 0x0f) * 2 ** 28;
      high = bits >> 4;
    } else high += bits * 2 ** (7 * index - 32);
    if (byte < 0x80) {
      into.low = low;
      into.high = high % 2 ** 32;
      into.end = from + index + 1;
      return true;
    }
  }
  return false;
}

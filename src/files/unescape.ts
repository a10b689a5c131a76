const LETTER_U = 0x75;
const BACKSLASH = 0x5c;
const REPLACEMENT = 0xfffd;
const SHORT_ESCAPE = 2;
const LONG_ESCAPE = 6;

/** What each letter behind a backslash stands for; 0 for none. */
const meanings = new Uint8Array(128);
for (const [letter, meaning] of ['""', "\\\\", "//", "b\b", "f\f", "n\n", "r\r", "t\t"].map(
  (pair) => Buffer.from(pair),
))
  meanings[letter ?? 0] = meaning ?? 0;

/**
 * Writes what the escape at `at` stands for (RFC 8259, section 7) to `out`, in UTF-8. Half a surrogate pair becomes U+FFFD. Gives its
 * length times 8 and how many bytes were written; 0 where it is none.
 */
export function unescape(bytes: Buffer, at: number, out: Buffer, to: number): number {
  const letter = bytes[at + 1] ?? 0;
  if (letter !== LETTER_U) {
    const meaning = meanings[letter] ?? 0;
    out[to] = meaning;
    return meaning === 0 ? 0 : (SHORT_ESCAPE << 3) | 1;
  }
  const unit = hex(bytes, at + 2);
  if (unit === -1) return 0;
  if ((unit & 0xf800) !== 0xd800) return (LONG_ESCAPE << 3) | write(unit, out, to);
  if (unit < 0xdc00 && bytes[at + 6] === BACKSLASH && bytes[at + 7] === LETTER_U) {
    const low = hex(bytes, at + 8);
    if ((low & 0xfffffc00) === 0xdc00) {
      const point = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
      return ((2 * LONG_ESCAPE) << 3) | write(point, out, to);
    }
  }
  return (LONG_ESCAPE << 3) | write(REPLACEMENT, out, to);
}

/** Four digits; -1 where they are none. */
function hex(bytes: Buffer, at: number): number {
  let value = 0;
  for (let index = at; index < at + 4; index++) {
    const byte = bytes[index] ?? 0;
    const lower = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) value = value * 16 + byte - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) value = value * 16 + lower - 0x57;
    else return -1;
  }
  return value;
}

/** A character in UTF-8: how many bytes it has. */
function write(point: number, out: Buffer, to: number): number {
  if (point < 0x80) {
    out[to] = point;
    return 1;
  }
  if (point < 0x800) {
    out[to] = 0xc0 | (point >> 6);
    out[to + 1] = 0x80 | (point & 0x3f);
    return 2;
  }
  if (point < 0x10000) {
    out[to] = 0xe0 | (point >> 12);
    out[to + 1] = 0x80 | ((point >> 6) & 0x3f);
    out[to + 2] = 0x80 | (point & 0x3f);
    return 3;
  }
  out[to] = 0xf0 | (point >> 18);
  out[to + 1] = 0x80 | ((point >> 12) & 0x3f);
  out[to + 2] = 0x80 | ((point >> 6) & 0x3f);
  out[to + 3] = 0x80 | (point & 0x3f);
  return 4;
}

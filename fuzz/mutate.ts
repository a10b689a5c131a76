import { mutatedJson } from "./mutate-json.ts";
import type { Random } from "./random.ts";

/** No input grows beyond this: what is longer is slower, and finds no more. */
const MAX_BYTES = 4_096;
/** Now and then one does, so that bounds of 16 and 64 KiB are met. */
const MAX_LONG_BYTES = 200_000;
const LONG_RUNS = [255, 16_383, 16_384, 16_385, 49_152, 65_495, 65_505, 65_536, 65_537, 131_073];
const NUMBERS = [0, 1, 0x7f, 0x80, 0xff];
const LENGTHS = [0, 1, 31, 32, 16_384, 65_505, 65_506, 65_536, 65_537, 0x7fffffff, 0xffffffff];

export interface Material {
  readonly words: readonly string[];
  readonly others: readonly Buffer[];
}

/** An input like `input`, with one to some changes. */
export function mutated(input: Buffer, random: Random, material: Material): Buffer {
  if (random.below(2) === 0) {
    const other = mutatedJson(input, random);
    if (other !== undefined) return other;
  }
  let bytes = input;
  for (let count = random.small(8); count > 0; count--) bytes = changed(bytes, random, material);
  const isLong = random.below(200) === 0;
  if (isLong) return stretched(bytes, random).subarray(0, MAX_LONG_BYTES);
  return bytes.length > MAX_LONG_BYTES || (bytes.length > MAX_BYTES && random.below(4) > 0)
    ? bytes.subarray(0, MAX_BYTES)
    : bytes;
}

function changed(bytes: Buffer, random: Random, { words, others }: Material): Buffer {
  const at = random.below(bytes.length + 1);
  const length = random.small(Math.max(1, bytes.length - at));
  switch (random.below(12)) {
    case 0:
      return with8(bytes, at, (bytes[at] ?? 0) ^ (1 << random.below(8)));
    case 1:
      return with8(bytes, at, random.below(256));
    case 2:
      return with8(bytes, at, random.pick(NUMBERS));
    case 3:
      return spliced(bytes, at, at + length, Buffer.alloc(0));
    case 4:
      return spliced(bytes, at, at, bytes.subarray(at, at + length));
    case 5:
      return spliced(bytes, at, at, Buffer.from([random.below(256)]));
    case 6:
    case 7:
      return spliced(bytes, at, at, word(random, words));
    case 8:
      return spliced(bytes, at, at + length, word(random, words));
    case 9: {
      const other = random.pick(others);
      const from = random.below(other.length + 1);
      return spliced(bytes, at, at + random.below(2) * length, other.subarray(from, from + length));
    }
    case 10:
      return withLength(bytes, random);
    default:
      return withDigit(bytes, at, random);
  }
}

function word(random: Random, words: readonly string[]): Buffer {
  return Buffer.from(random.pick(words), "latin1");
}

function spliced(bytes: Buffer, from: number, to: number, between: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, from), between, bytes.subarray(to)]);
}

function with8(bytes: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(bytes);
  if (at < copy.length) copy[at] = byte;
  return copy;
}

/** Four bytes become a length: a usual bound, or what is left behind them. */
function withLength(bytes: Buffer, random: Random): Buffer {
  if (bytes.length < 4) return bytes;
  const copy = Buffer.from(bytes);
  const at = random.below(bytes.length - 3);
  const left = bytes.length - at - 4;
  copy.writeUInt32BE(random.below(2) === 0 ? left : random.pick(LENGTHS), at);
  return copy;
}

/** The next digit becomes another. */
function withDigit(bytes: Buffer, from: number, random: Random): Buffer {
  const at = bytes.findIndex((byte, index) => index >= from && byte >= 0x30 && byte <= 0x39);
  return at === -1 ? bytes : with8(bytes, at, 0x30 + random.below(10));
}

/** A byte of it is there so often that a bound is met. */
function stretched(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const run = Buffer.alloc(random.pick(LONG_RUNS), bytes[at] ?? 0x78);
  return spliced(bytes, at, at, run);
}

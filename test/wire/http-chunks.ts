import fc from "fast-check";

/** A chunked body as some peer writes it (RFC 9112, section 7.1), and what it is the framing of. */
export interface ChunkedBody {
  readonly encoded: Buffer;
  readonly body: Buffer;
}

/** How a chunk's size is written. */
interface Size {
  readonly isUpper: boolean;
  readonly leadingZeros: number;
  readonly extension: string;
}

const size: fc.Arbitrary<Size> = fc.record({
  isUpper: fc.boolean(),
  leadingZeros: fc.constantFrom(0, 0, 0, 1, 4),
  extension: fc.constantFrom("", "", "", ";a", ";a=b", ';name="a value"', ";0a=0d"),
});

/** Bytes that look like framing are as good as any others. */
const data: fc.Arbitrary<Buffer> = fc.oneof(
  fc
    .constantFrom("\r\n", "0\r\n\r\n", "5\r\n", "\n", "\r", "a;\r\n")
    .map((text) => Buffer.from(text)),
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 1, max: 70_000 }).map((length) => Buffer.alloc(length, "0\r\n\r\nA")),
);

const trailers: fc.Arbitrary<string> = fc.constantFrom(
  "",
  "",
  "Checksum: 0\r\n",
  "A: b\r\nLonger: 5\r\n",
);

function writeSize(bytes: number, { isUpper, leadingZeros, extension }: Size): string {
  const digits = bytes.toString(16);
  return `${"0".repeat(leadingZeros)}${isUpper ? digits.toUpperCase() : digits}${extension}\r\n`;
}

/** The plainest form of one chunk, as the engine writes it. */
export function writeChunk(bytes: Uint8Array): Buffer {
  const head = Buffer.from(`${bytes.length.toString(16)}\r\n`);
  return Buffer.concat([head, bytes, Buffer.from("\r\n")]);
}

export const LAST_CHUNK: Buffer = Buffer.from("0\r\n\r\n");

export const arbitraryChunkedBody: fc.Arbitrary<ChunkedBody> = fc
  .tuple(fc.array(fc.tuple(data, size), { maxLength: 12 }), size, trailers)
  .map(([chunks, last, trailer]) => ({
    body: Buffer.concat(chunks.map(([bytes]) => bytes)),
    encoded: Buffer.concat([
      ...chunks.flatMap(([bytes, own]) => [
        Buffer.from(writeSize(bytes.length, own)),
        bytes,
        Buffer.from("\r\n"),
      ]),
      Buffer.from(`${writeSize(0, last)}${trailer}\r\n`),
    ]),
  }));

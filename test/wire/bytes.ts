import fc from "fast-check";
import type { Decoder, Entry } from "../../src/wire/entry.ts";

export const STAMP = "2026-11-23T15:58:34.885847851Z";

/** One frame of the engine's multiplexed stream. */
export function frame(type: number, payload: string | Uint8Array): Buffer {
  const body = Buffer.from(payload);
  const header = Buffer.alloc(8);
  header[0] = type;
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

/** Cuts bytes at arbitrary places, one byte at a time included. */
export const arbitraryCuts: fc.Arbitrary<number[]> = fc.oneof(
  fc.constant<number[]>([]),
  fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 3_000 }),
  fc.array(fc.integer({ min: 1, max: 40_000 }), { maxLength: 40 }),
);

export function chunked(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= bytes.length) break;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  if (at < bytes.length) chunks.push(bytes.subarray(at));
  return chunks;
}

export interface Decoded {
  readonly stream: string;
  readonly timestamp: string;
  readonly text: string;
  readonly ended: boolean;
}

/** What a decoder makes of the chunks. */
export function decode(decoder: Decoder, chunks: readonly Buffer[]): Decoded[] {
  const entries: Decoded[] = [];
  for (const chunk of chunks) entries.push(...Array.from(decoder.push(chunk), readable));
  return [...entries, ...decoder.end(false).map(readable)];
}

export function readable({ stream, timestamp, text, ended }: Entry): Decoded {
  return { stream, timestamp, text: text.toString("latin1"), ended };
}

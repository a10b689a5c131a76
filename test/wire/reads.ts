import fc from "fast-check";
import { chunked } from "./bytes.ts";

/** What one read of a socket brought, and where in it the body's bytes are: pairs of from and to. */
export interface Read {
  readonly bytes: Buffer;
  readonly spans: readonly number[];
}

/** Where the peer's own bytes stand between those of the body. */
export type Between = "nowhere" | "between frames" | "anywhere";
export const betweens: readonly Between[] = ["nowhere", "between frames", "anywhere"];

/** Bytes of the peer's framing; they may look like a frame. */
const FRAMINGS = ["\r\n5a\r\n", "\r\n", "\r\nff;\u00e4\r\n", "\u0001\0\0\0\0\0\0\u0005hello"];

/** A body, and the reads that it comes in. */
export interface ReadBody {
  readonly body: Buffer;
  readonly reads: readonly Read[];
}

/** A body as it comes from a socket: with something between its parts, and cut into reads. */
export function arbitraryReads(
  frames: fc.Arbitrary<Buffer[]>,
  between: Between,
  cuts: fc.Arbitrary<number[]>,
): fc.Arbitrary<ReadBody> {
  return fc.tuple(frames, cuts, cuts, fc.nat()).map(([list, partSizes, readSizes, seed]) => {
    const body = Buffer.concat(list);
    const parts =
      between === "nowhere" ? [body] : between === "anywhere" ? chunked(body, partSizes) : list;
    const filled = parts.filter(({ length }) => length > 0);
    const framing = (index: number): Buffer =>
      between === "nowhere"
        ? Buffer.alloc(0)
        : Buffer.from(FRAMINGS[(seed + index) % FRAMINGS.length] ?? "", "latin1");
    const wire = Buffer.concat(filled.flatMap((part, index) => [framing(index), part]));
    const places: number[] = [];
    let at = 0;
    for (const [index, part] of filled.entries()) {
      at += framing(index).length;
      places.push(at, at + part.length);
      at += part.length;
    }
    return shown({ body, reads: readsOf(wire, places, readSizes) });
  });
}

/** In a counterexample it is text, with what repeats told in short. */
function shown({ body, reads }: ReadBody): ReadBody {
  const short = (bytes: Buffer): string =>
    JSON.stringify(
      bytes.toString("latin1").replace(/(.)\1{40,}/g, (run, one) => `${one}×${run.length}`),
    );
  const text = (): string =>
    reads.map(({ bytes, spans }) => `${short(bytes)} within ${JSON.stringify(spans)}`).join("\n");
  return Object.assign({ body, reads }, { [fc.toStringMethod]: text });
}

function readsOf(wire: Buffer, places: readonly number[], sizes: readonly number[]): Read[] {
  let start = 0;
  let place = 0;
  return chunked(wire, sizes).map((bytes) => {
    const end = start + bytes.length;
    const spans: number[] = [];
    while (place < places.length) {
      const from = Math.max(places[place] ?? 0, start);
      const to = Math.min(places[place + 1] ?? 0, end);
      if (from < to) spans.push(from - start, to - start);
      if ((places[place + 1] ?? 0) > end) break;
      place += 2;
    }
    start = end;
    return { bytes, spans };
  });
}

/** Hands each read over in one and the same memory, and spoils it as soon as it was taken. */
export function inSharedMemory(
  reads: readonly Read[],
  take: (bytes: Buffer, spans: readonly number[]) => void,
): void {
  const before = 11;
  const longest = Math.max(0, ...reads.map(({ bytes }) => bytes.length));
  const shared = Buffer.alloc(before + longest + 11);
  for (const { bytes, spans } of reads) {
    if (spans.length === 0) continue;
    bytes.copy(shared, before);
    take(shared.subarray(before, before + bytes.length), spans);
    shared.fill("?");
  }
}

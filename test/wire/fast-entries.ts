import fc from "fast-check";
import type { Entry, LogStream } from "../../src/wire/entry.ts";
import type { FrameEntries } from "../../src/wire/frame-entries.ts";
import { scanFrames } from "../../src/wire/frame-scan.ts";
import type { Clock } from "../support/arbitrary-log.ts";
import { frame } from "./bytes.ts";

/** The entries of one chunk twice: as a scan has them, and one by one. */
export interface Chunk {
  readonly fast: FrameEntries;
  readonly plain: readonly Entry[];
}

const START = Date.UTC(2026, 10, 23, 15, 58, 34);
/** Of the clocks those that the engine's usual form can tell. */
export const fastClocks: readonly Clock[] = ["fine", "equal", "backward"];

const steps: Readonly<Record<Clock, readonly number[]>> = {
  fine: [1, 3, 700],
  equal: [0, 0, 1, 1, 1],
  coarse: [0],
  backward: [1, 3, 700, 2_000, -1, -700, -1_500],
};

const texts: readonly Buffer[] = [
  ...["", "", "tick", "tick", "tock", "ä€😀", "\ufffd", "ends with \r", "\ufefftick"],
  "x".repeat(150),
].map((text) => Buffer.from(text));
const noUtf8 = ["ff", "61c362", "c3", "80"].map((hex) => Buffer.from(hex, "hex"));

interface Options {
  readonly clock: Clock;
  /** One of so many lines is left without its end, or none. */
  readonly unendedOneIn: number;
  readonly maxChunks?: number;
  readonly maxEntries?: number;
}

/** A log in the form that the engine usually sends, in chunks of whole frames. */
export function arbitraryChunks(options: Options): fc.Arbitrary<Chunk[]> {
  const { clock, unendedOneIn, maxChunks = 8, maxEntries = 30 } = options;
  const one = fc.record({
    step: fc.constantFrom(...steps[clock]),
    stream: fc.constantFrom("stdout" as const, "stdout" as const, "stderr" as const),
    text: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...texts) },
      { weight: 1, arbitrary: fc.constantFrom(...noUtf8) },
      {
        weight: 1,
        arbitrary: fc.integer({ min: 0, max: 9_000 }).map((size) => Buffer.alloc(size, "y")),
      },
    ),
    ended: unendedOneIn === Infinity ? fc.constant(true) : fc.nat(unendedOneIn).map(Boolean),
  });
  const chunk = fc.array(one, { minLength: 1, maxLength: maxEntries });
  return fc.array(chunk, { maxLength: maxChunks }).map((chunks) => {
    let now = 5_000_000;
    /** All parts of a line carry the first one's time. */
    const open = new Map<LogStream, string>();
    return chunks.map((entries) =>
      chunkOf(
        entries.map(({ step, stream, text, ended }) => {
          now = Math.max(0, now + step);
          const timestamp = open.get(stream) ?? stampAt(now);
          if (ended) open.delete(stream);
          else open.set(stream, timestamp);
          return { stream, timestamp, text, ended };
        }),
      ),
    );
  });
}

function stampAt(nanoseconds: number): string {
  const seconds = new Date(START + Math.floor(nanoseconds / 1e9) * 1_000)
    .toISOString()
    .slice(0, 19);
  return `${seconds}.${String(nanoseconds % 1e9).padStart(9, "0")}Z`;
}

export function chunkOf(plain: readonly Entry[]): Chunk {
  const bytes = Buffer.concat(
    plain.map(({ stream, timestamp, text, ended }) =>
      frame(
        stream === "stderr" ? 2 : 1,
        Buffer.concat([Buffer.from(`${timestamp} `), text, Buffer.from(ended ? "\n" : "")]),
      ),
    ),
  );
  const scan = scanFrames(bytes, [0, bytes.length]);
  if (scan.kind !== "whole" || scan.entries === undefined) throw new Error("nothing was found");
  bytes.fill("?");
  return { fast: scan.entries, plain };
}

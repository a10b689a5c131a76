/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameDecoder } from "../../src/wire/frames.ts";
import { StablePartsDecoder } from "../../src/wire/stable-parts.ts";
import { propertyRuns } from "../support/size.ts";
import { decode, frame } from "../wire/bytes.ts";
import type { Decoded } from "../wire/bytes.ts";

const RUNS = propertyRuns({ short: 30, long: 600 });

interface Line {
  readonly stream: 1 | 2;
  readonly text: string;
}

/** Some are longer than the parts that are made of them. */
const arbitraryLine = fc.record({
  stream: fc.constantFrom(1 as const, 2 as const),
  text: fc.oneof(
    fc.string({ maxLength: 40, unit: fc.constantFrom("a", "b", " ") }),
    fc.integer({ min: 60_000, max: 200_000 }).map((length) => "x".repeat(length)),
  ),
});
/** One read of the log: how long each part is, in turn. */
const arbitraryRead = fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 8 });

function stamp(line: number, part: number): string {
  const nanoseconds = String(line * 1_000 + part).padStart(9, "0");
  return `2026-11-23T15:58:34.${nanoseconds}Z`;
}

/** As Podman sends it: each part has a timestamp of its own, and the last may be a newline alone. */
function read(lines: readonly Line[], sizes: readonly number[]): Buffer[] {
  let cut = 0;
  const size = (): number => sizes[cut++ % sizes.length] ?? 1;
  return lines.flatMap(({ stream, text }, line) => {
    const frames: Buffer[] = [];
    let rest = `${text}\n`;
    for (let part = 0; rest !== ""; part++) {
      // A long line would have too many parts otherwise.
      const length = part < 50 ? size() : rest.length;
      frames.push(frame(stream, `${stamp(line, part)} ${rest.slice(0, length)}`));
      rest = rest.slice(length);
    }
    return frames;
  });
}

function entriesOf(lines: readonly Line[], sizes: readonly number[]): Decoded[] {
  return decode(new StablePartsDecoder(new FrameDecoder()), read(lines, sizes));
}

describe("lines that an engine cuts elsewhere, and stamps anew, on every read", () => {
  it("are the same entries in each", () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryLine, { maxLength: 6 }),
        arbitraryRead,
        arbitraryRead,
        (lines, one, other) => {
          const entries = entriesOf(lines, one);
          expect(entriesOf(lines, other)).toEqual(entries);
          const joined = entries.map(({ text, ended }) => text + (ended ? "\n" : "")).join("");
          expect(joined).toBe(lines.map(({ text }) => `${text}\n`).join(""));
        },
      ),
      { numRuns: RUNS },
    );
  });
});

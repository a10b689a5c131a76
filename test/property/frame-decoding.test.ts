/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entries, Fault } from "../../src/wire/entry.ts";
import { FrameEntries } from "../../src/wire/frame-entries.ts";
import { FrameDecoder } from "../../src/wire/frames.ts";
import { StablePartsDecoder } from "../../src/wire/stable-parts.ts";
import { arbitraryFrames, streamClocks } from "../wire/arbitrary-stream.ts";
import { arbitraryCuts, readable } from "../wire/bytes.ts";
import type { Decoded } from "../wire/bytes.ts";
import { arbitraryReads, betweens, inSharedMemory } from "../wire/reads.ts";
import type { Read } from "../wire/reads.ts";
import { referenceDecode } from "../wire/reference-decoder.ts";
import type { ReferenceLog } from "../wire/reference-decoder.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 40, long: 400 });

interface Run {
  readonly entries: readonly Decoded[];
  readonly fault: ReferenceLog["fault"];
  readonly isHolding: boolean;
  /** Some were taken from a chunk in one pass. */
  readonly isFast: boolean;
}

/** The entries are looked at when all memory that was passed in holds something else. */
function run(reads: readonly Read[], decoder: FrameDecoder | StablePartsDecoder): Run {
  const given: Entries[] = [];
  inSharedMemory(reads, (bytes, spans) => void given.push(decoder.push(bytes, spans)));
  return {
    entries: given.flatMap((entries) => Array.from(entries, readable)),
    fault: faultOf(decoder.fault),
    isHolding: decoder.isHolding,
    isFast: given.some((entries) => entries instanceof FrameEntries),
  };
}

/** What a message shows of the bytes is as much as was there. */
function faultOf(fault: Fault | undefined): ReferenceLog["fault"] {
  if (fault?.kind === "engine-error") return { message: fault.message };
  if (fault === undefined) return undefined;
  return fault.message.startsWith("expected the header of a log frame, got")
    ? "header"
    : "timestamp";
}

function expectFault(fault: ReferenceLog["fault"], expected: ReferenceLog): void {
  const isYetToShow = expected.isCut && fault === undefined;
  if (!isYetToShow) expect(fault).toEqual(expected.fault);
}

describe.each(betweens)("frames with the peer's own bytes %s", (between) => {
  it.each(streamClocks)(
    "are the same entries as in a reader of one frame after the other, with timestamps that are %s",
    (clock) => {
      const log = arbitraryReads(arbitraryFrames(clock), between, arbitraryCuts);
      let fast = 0;
      fc.assert(
        fc.property(log, ({ body, reads }) => {
          const { entries, fault, isHolding, isFast } = run(reads, new FrameDecoder());
          const expected = referenceDecode(body);
          expect(entries).toEqual(expected.entries);
          expectFault(fault, expected);
          if (fault === undefined) expect(isHolding).toBe(expected.isCut);
          if (isFast) fast++;
        }),
        { numRuns: RUNS },
      );
      // Of mixed ones a read may well have none that are all usual.
      const isUsual = clock !== "seconds" && clock !== "offset" && clock !== "mixed";
      if (isUsual) expect(fast).toBeGreaterThan(0);
    },
  );

  it("are the same lines where an engine cuts them elsewhere each time", () => {
    const log = arbitraryReads(arbitraryFrames("mixed"), between, arbitraryCuts);
    fc.assert(
      fc.property(log, ({ body, reads }) => {
        const { entries, fault } = run(reads, new StablePartsDecoder(new FrameDecoder()));
        const expected = referenceDecode(body);
        expectFault(fault, expected);
        for (const stream of ["stdout", "stderr"]) {
          const text = textOf(expected.entries, stream);
          const given = textOf(entries, stream);
          expect(text.startsWith(given)).toBe(true);
          // Of a line without its end the last part is kept back.
          expect(given.length).toBeGreaterThanOrEqual(text.lastIndexOf("\n") + 1);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

function textOf(entries: readonly Decoded[], stream: string): string {
  const own = entries.filter((entry) => entry.stream === stream);
  const plain = (text: string): string => text.replaceAll("\n", "␊");
  return own.map(({ text, ended }) => `${plain(text)}${ended ? "\n" : ""}`).join("");
}

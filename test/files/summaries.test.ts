/** @module-tag long */
import fc from "fast-check";
import { expect, it } from "vitest";
import { JsonFileDecoder } from "../../src/files/json-file.ts";
import type { Entry } from "../../src/wire/entry.ts";
import { FrameEntries } from "../../src/wire/frame-entries.ts";
import type { Summary } from "../../src/wire/frame-entries.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 300, long: 5_000 });

const fraction = fc.constantFrom(
  "",
  ".5",
  ".51",
  ".500000001",
  ".123456789",
  ".9",
  ".12345678",
  ".0000001",
);
const arbitraryLines = fc.array(
  fc.record({
    fraction,
    second: fc.constantFrom("33", "34"),
    stream: fc.constantFrom("stdout", "stdout", "stderr"),
    text: fc.constantFrom("", "tick", "Z", "5Z", 'quoted \\"'),
    ended: fc.constantFrom("\\n", "\\n", "\\n", ""),
  }),
  { minLength: 1, maxLength: 12 },
);

/** What the entries say one by one. */
function summaryOf(entries: readonly Entry[]): Summary {
  const latest = new Map<string, string>();
  let isRising = true;
  const streams = new Map<string, { stream: Entry["stream"]; first: number; last: number }>();
  for (const [index, { stream, timestamp }] of entries.entries()) {
    if (timestamp <= (latest.get(stream) ?? "")) isRising = false;
    latest.set(stream, timestamp);
    streams.set(stream, { stream, first: streams.get(stream)?.first ?? index, last: index });
  }
  return {
    isWhole: entries.every(({ ended }) => ended),
    isRising,
    longest: Math.max(...entries.map(({ text }) => text.length)),
    streams: [...streams.values()].toSorted((one, other) => (one.stream < other.stream ? 1 : -1)),
  };
}

it.each([false, true])("a chunk of entries knows what they have in common; terminal: %s", (tty) => {
  fc.assert(
    fc.property(arbitraryLines, (lines) => {
      const bytes = Buffer.from(
        lines
          .map(({ second, fraction: digits, stream, text, ended }) => {
            const time = `2026-11-23T15:58:${second}${digits}Z`;
            return `{"log":"${text}${ended}","stream":"${stream}","time":"${time}"}\n`;
          })
          .join(""),
      );
      for (const piece of new JsonFileDecoder({ tty, attributes: false }).decode(bytes).pieces) {
        if (piece.type === "hole") throw new Error("Every line is sound.");
        if (!(piece.entries instanceof FrameEntries)) continue;
        expect(piece.entries.summary).toEqual(summaryOf([...piece.entries]));
      }
    }),
    { numRuns: RUNS },
  );
});

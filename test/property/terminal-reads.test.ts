/** @module-tag long */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Entry } from "../../src/wire/entry.ts";
import { TtyDecoder } from "../../src/wire/tty.ts";
import { STAMP, arbitraryCuts, readable } from "../wire/bytes.ts";
import { arbitraryReads, betweens, inSharedMemory } from "../wire/reads.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 100, long: 1_000 });
const text = fc.oneof(
  fc.constantFrom("", "tick", "a\rb", "ä€😀", "\u0001\0\0"),
  fc.integer({ min: 0, max: 16_000 }).map((size) => "x".repeat(size)),
);

it.each(betweens)("a terminal's lines are the same with the peer's own bytes %s", (between) => {
  const lines = fc.array(
    text.map((line) => Buffer.from(`${STAMP} ${line}\r\n`)),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(arbitraryReads(lines, between, arbitraryCuts), ({ body, reads }) => {
      const decoder = new TtyDecoder();
      const given: Entry[] = [];
      inSharedMemory(reads, (bytes, spans) => void given.push(...decoder.push(bytes, spans)));
      expect(decoder.fault).toBeUndefined();
      const shown = given.map(readable).map((entry) => `${entry.timestamp} ${entry.text}\n`);
      expect(shown.join("")).toBe(body.toString("latin1"));
    }),
    { numRuns: RUNS },
  );
});

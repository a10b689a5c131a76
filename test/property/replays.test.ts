/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Trust } from "../../src/stream/trust.ts";
import { arbitraryChunks, fastClocks } from "../wire/fast-entries.ts";
import { propertyRuns } from "../support/size.ts";

const rotated = { maxFileBytes: 1e6, mayLeaveOutFile: false, repeatsTimestamps: false };
const RUNS = propertyRuns({ short: 200, long: 2_000 });

describe.each(fastClocks)("a replay, with a clock that is %s", (clock) => {
  it("is seen in a chunk as it is in its entries", () => {
    const chunks = arbitraryChunks({ clock, unendedOneIn: 40, maxChunks: 30, maxEntries: 6 });
    fc.assert(
      fc.property(fc.array(chunks, { maxLength: 3 }), (follows) => {
        const fast = new Trust(rotated);
        const slow = new Trust(rotated);
        for (const follow of follows) {
          fast.begin();
          slow.begin();
          for (const chunk of follow) {
            const first = fast.believed(chunk.fast, 0);
            expect(first).toBe(slow.believed([...chunk.plain], 0));
            if (first < chunk.plain.length) break;
            fast.took(chunk.fast);
            slow.took([...chunk.plain]);
          }
        }
      }),
      { numRuns: RUNS },
    );
  });
});

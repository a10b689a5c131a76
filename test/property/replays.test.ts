/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReplayGuard } from "../../src/stream/replay-guard.ts";
import { arbitraryChunks, fastClocks } from "../wire/fast-entries.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 200, long: 2_000 });

describe.each(fastClocks)("a replay, with a clock that is %s", (clock) => {
  it("is seen in a chunk as it is in its entries, and tolerated likewise once it was reread", () => {
    const chunks = arbitraryChunks({ clock, unendedOneIn: 40, maxChunks: 30, maxEntries: 6 });
    fc.assert(
      fc.property(fc.array(chunks, { maxLength: 3 }), (follows) => {
        const fast = new ReplayGuard();
        const slow = new ReplayGuard();
        for (const follow of follows) {
          fast.begin();
          slow.begin();
          for (const chunk of follow) {
            const first = fast.firstReplay(chunk.fast);
            expect(first).toBe(slow.firstReplay([...chunk.plain]));
            if (first < chunk.plain.length) break;
          }
        }
      }),
      { numRuns: RUNS },
    );
  });
});

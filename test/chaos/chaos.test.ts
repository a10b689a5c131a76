import { describe, expect, test } from "vitest";
import { whyNoEngine } from "../support/real-engine/programs.ts";
import { longOnly } from "../support/size.ts";

const MINUTES = 0.5;

describe("the oracle", longOnly, () => {
  test("catches each bug that is put in on purpose, and is content without it", async () => {
    const { BuiltLibrary } = await import("../../chaos/library.ts");
    const { selfTest } = await import("../../chaos/self-test.ts");
    await using library = await BuiltLibrary.build();
    const catches = await selfTest(library);
    expect(catches.length).toBeGreaterThanOrEqual(5);
    for (const { bug, caughtBy, said, violations } of catches) {
      expect([bug.name, caughtBy !== undefined, said]).toEqual([bug.name, true, said]);
      expect([bug.name, violations]).toEqual([bug.name, []]);
    }
  });
});

describe("chaos", longOnly, () => {
  // Of the real engine's the way is another one after the kill.
  const seeds = [
    ["fake", 11, "engine"],
    ["fake", 24, "engine"],
    ["real", 3, "both"],
  ] as const;
  test.each(seeds)(
    "on a %s engine violates no guarantee (seed %i, read: %s)",
    async (engine, seed, read) => {
      if (engine === "real" && whyNoEngine() !== undefined) return;
      const { BuiltLibrary } = await import("../../chaos/library.ts");
      const { makePlan } = await import("../../chaos/make-plan.ts");
      const { judge } = await import("../../chaos/oracle.ts");
      const { Player } = await import("../../chaos/run.ts");
      await using library = await BuiltLibrary.build();
      const { violations, figures } = await Player.play(
        makePlan(seed, engine, MINUTES, { read }),
        library.folder,
        judge,
      );
      expect(violations).toEqual([]);
      expect(figures.came).toBeGreaterThan(0);
      if (read === "both") {
        expect(figures.fromFiles).toBeGreaterThan(0);
        expect(figures.fromFiles).toBeLessThan(figures.came);
      }
    },
  );
});

describe("a plan", () => {
  test("is the same for the same seed, and another one for another", async () => {
    const { makePlan } = await import("../../chaos/make-plan.ts");
    const { shownPlan } = await import("../../chaos/plan.ts");
    const shown = (seed: number): string => shownPlan(makePlan(seed, "real", 1));
    expect(shown(7)).toBe(shown(7));
    expect(shown(7)).not.toBe(shown(8));
  });
});

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
  const seeds = [
    ["fake", 11],
    ["fake", 24],
    ["real", 3],
  ] as const;
  test.each(seeds)("on a %s engine violates no guarantee (seed %i)", async (engine, seed) => {
    if (engine === "real" && whyNoEngine() !== undefined) return;
    const { BuiltLibrary } = await import("../../chaos/library.ts");
    const { makePlan } = await import("../../chaos/make-plan.ts");
    const { judge } = await import("../../chaos/oracle.ts");
    const { Player } = await import("../../chaos/run.ts");
    await using library = await BuiltLibrary.build();
    const { violations, figures } = await Player.play(
      makePlan(seed, engine, MINUTES),
      library.folder,
      judge,
    );
    expect(violations).toEqual([]);
    expect(figures.came).toBeGreaterThan(0);
  });
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

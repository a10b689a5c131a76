import { describe, expect, test } from "vitest";
import { BOUNDS, growthsOf, hasGrown, withoutWarmUp } from "../../../scripts/soak/growth.ts";
import type { Sample } from "../../../scripts/soak/samples.ts";
import { begin, soakSamples } from "../../support/soak-samples.ts";

const COUNT = 80;

function grownIn(samples: readonly Sample[]): string[] {
  return growthsOf(withoutWarmUp(samples))
    .filter(hasGrown)
    .map(({ key }) => key);
}

describe("what a run holds", () => {
  test("has not grown where it stays as it is", () => {
    expect(grownIn(soakSamples(COUNT))).toEqual([]);
  });

  test.for(BOUNDS)("has grown where $name are more with each rotation", ({ key, unit }) => {
    const each = unit === "bytes" ? 5_000 : 1;
    const base = Number(soakSamples(1)[0]?.[key]);
    const samples = soakSamples(COUNT, (index) => ({ [key]: base + index * 200 * each }));
    expect(grownIn(samples)).toEqual([key]);
  });

  test.for(BOUNDS.filter(({ unit }) => unit === "count"))(
    "has grown where $name are more after one rotation in a thousand",
    ({ key }) => {
      const base = Number(soakSamples(1)[0]?.[key]);
      const samples = soakSamples(COUNT, (index) => ({ [key]: base + Math.floor(index / 5) }));
      expect(grownIn(samples)).toEqual([key]);
    },
  );

  test("has not grown where a single sample stands out", () => {
    const samples = soakSamples(COUNT, (index) => (index === 60 ? { descriptors: 99 } : {}));
    expect(grownIn(samples)).toEqual([]);
  });

  test("has grown where it begins to in the last quarter", () => {
    const samples = soakSamples(COUNT, (index) => ({ tasks: 101 + Math.max(0, index - 60) }));
    expect(grownIn(samples)).toEqual(["tasks"]);
  });

  test("has not grown where it comes into being while the run warms up", () => {
    const samples = soakSamples(COUNT, (index) => ({ heapBytes: 1e6 * Math.min(16, index) }));
    expect(grownIn(samples)).toEqual([]);
    expect(withoutWarmUp(samples)[0]?.minutes).toBeGreaterThanOrEqual(7.5);
  });

  test("is looked at from the tenth minute on in a run of hours", () => {
    const hours = soakSamples(480);
    expect(withoutWarmUp(hours)[0]?.minutes).toBe(10);
    expect(begin.options.sampleEveryMs).toBe(30_000);
  });
});

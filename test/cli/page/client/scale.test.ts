import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

// The page's scripts are plain JavaScript, checked by a project of their own.
const { area, line, roundTop } = await import(
  new URL("../../../../src/cli/page/client/scale.js", import.meta.url).href
);

describe("the top of an axis", () => {
  it.each([
    [0, 1],
    [1, 1],
    [1.2, 2],
    [7, 10],
    [0.03, 0.05],
    [120, 200],
  ])("of values up to %d is %d", (value, top) => {
    expect(roundTop(value, "decimal")).toBeCloseTo(top, 10);
  });

  it("of bytes is round in their unit", () => {
    expect(roundTop(130 * 1024 ** 2, "binary")).toBe(200 * 1024 ** 2);
    expect(roundTop(700, "binary")).toBe(1_000);
  });

  it("is never below the values, nor far above", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1e12, noNaN: true }),
        fc.constantFrom("decimal", "binary"),
        (value, base) => {
          const top = roundTop(value, base);
          expect(top).toBeGreaterThanOrEqual(value * (1 - 1e-6));
          expect(top).toBeLessThanOrEqual(value * 2.6);
        },
      ),
    );
  });
});

describe("a chart's line", () => {
  it("is interrupted where there was nothing for a while", () => {
    const points = [
      [0, 1],
      [1, 2],
      [9, 3],
      [10, 4],
    ];
    expect(line(points, 2)).toBe("M0.0 1.0L1.0 2.0M9.0 3.0L10.0 4.0");
    expect(area(points, 2, 9)).toBe("M0.0 1.0L1.0 2.0L1.0 9L0.0 9ZM9.0 3.0L10.0 4.0L10.0 9L9.0 9Z");
    expect(line([], 2)).toBe("");
  });
});

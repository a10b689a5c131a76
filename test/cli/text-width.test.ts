import { expect, test } from "vitest";
import { fitted, fittedName, padded, textWidth, wrapped } from "../../src/cli/text-width.ts";

test("counts the columns that a text takes", () => {
  expect(["", "web", "über", "容器", "🐳", "e\u0301"].map(textWidth)).toEqual([0, 3, 4, 4, 2, 1]);
});

test("cuts a text that is too wide, and marks the cut", () => {
  expect(fitted("gateway", 7)).toBe("gateway");
  expect(fitted("gateway", 4)).toBe("gat…");
  expect(fitted("容器容器", 4)).toBe("容…");
  expect(fitted("gateway", 0)).toBe("");
});

test("cuts a name in its middle", () => {
  expect(fittedName("shop-gateway-1", 14)).toBe("shop-gateway-1");
  expect(fittedName("shop-gateway-with-a-long-name-17", 18)).toBe("shop-gatewa…ame-17");
  expect(fittedName("shop-gateway-17", 8)).toBe("shop-ga…");
});

test("fills a text up on either side", () => {
  expect(padded("容", 4)).toBe("容  ");
  expect(padded("7", 3, "left")).toBe("  7");
});

test("breaks rows between items alone", () => {
  const items = ["12 lines", "3 rotations", "0 gaps"];
  expect(wrapped(items, ", ", 22)).toEqual(["12 lines, 3 rotations,", "0 gaps"]);
  expect(wrapped(items, ", ", 21)).toEqual(["12 lines,", "3 rotations, 0 gaps"]);
  expect(wrapped(["12 lines", "3 rotations"], "  ", 5)).toEqual(["12 lines", "3 rotations"]);
  expect(wrapped([], ", ", 5)).toEqual([]);
});

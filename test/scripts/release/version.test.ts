import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bumped, placeholders, released } from "../../../scripts/release/version.ts";

const root = join(import.meta.dirname, "../../..");

it.each([
  ["major", "2.0.0"],
  ["minor", "1.3.0"],
  ["patch", "1.2.4"],
  ["1.10.0", "1.10.0"],
  ["1.2.3", undefined],
  ["1.1.9", undefined],
  ["later", undefined],
])("from 1.2.3 %s leads to %s", (step, expected) => {
  expect(bumped("1.2.3", step)).toBe(expected);
});

it("what is unreleased becomes the release, with its date", () => {
  const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
  const next = released(changelog, "9.0.0", new Date("2026-12-01")) ?? "";
  expect(next).toContain("## 9.0.0 - 2026-12-01");
  expect(next).toContain("## 0.1.0 - 2026-11-23");
  expect(next).not.toContain("## Unreleased");
  expect(released(next, "9.0.1", new Date())).toBeUndefined();
});

it("a placeholder is found", () => {
  expect(placeholders("https://github.com/OWNER/dockspool")).toBe(true);
  expect(placeholders("https://github.com/somebody/dockspool")).toBe(false);
});

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./support.ts";

const tests = join(root, "test");

function testFiles(): { readonly name: string; readonly text: string }[] {
  return readdirSync(tests, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && !name.endsWith("sizes.test.ts"))
    .map((name) => ({ name, text: readFileSync(join(tests, name), "utf8") }));
}

test("each test file that has two sizes is in the long run", () => {
  const sized = testFiles().filter(({ text }) => /\b(sizes|propertyRuns)\(/.test(text));
  expect(sized.length).toBeGreaterThan(10);
  const shortOnly = sized.filter(({ text }) => !/, twoSizes\b|@module-tag long/.test(text));
  expect(shortOnly.map(({ name }) => name)).toEqual([]);
});

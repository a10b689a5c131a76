import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PAGES, withFiles, withTables } from "../../scripts/docs/pages.ts";
import { membersOf } from "../../scripts/docs/tables.ts";
import { DockspoolError } from "../../src/errors.ts";
import { root } from "../support/docs/snippets.ts";

const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** A formatter aligns the columns. */
function cells(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^\|[\s|:-]+$/.test(line))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
}

describe.each(Object.entries(PAGES))("%s", (page, tables) => {
  const text = read(page);

  // After a change: `npm run docs:tables`.
  it("has the fields of the types, with their comments", () => {
    expect(cells(text)).toEqual(cells(withTables(text, tables)));
  });

  it("says of each what it means", () => {
    const unexplained = cells(text).filter((row) => row.length === 5 && row[3] === "");
    expect(unexplained).toEqual([]);
  });
});

it("docs/deployment.md shows the files of the service as they are", () => {
  const text = read("docs/deployment.md");
  expect(text).toBe(withFiles(text, read));
  expect(text.match(/<!-- file:/g)).toHaveLength(4);
});

describe("docs/errors.md", () => {
  const page = read("docs/errors.md");
  const codes = membersOf({ file: "src/errors.ts", type: "ErrorCode" }, "code").map(
    ({ name }) => name,
  );

  it("has a section for each code, with a cure", () => {
    const sections = page.split(/^## /m).slice(1);
    expect(sections.map((section) => section.split("\n", 1)[0])).toEqual(codes);
    for (const section of sections) expect(section).toContain("**Cure:**");
  });

  it("is where an error points to", () => {
    expect(new DockspoolError("SINK_FAILED", "no").help).toBe("docs/errors.md#sink_failed");
  });
});

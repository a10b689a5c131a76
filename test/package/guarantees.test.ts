import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./support.ts";

const text = readFileSync(join(root, "docs/maintainers/guarantees.md"), "utf8");
const sections = text.split(/^## /m).slice(1);

interface Named {
  readonly file: string;
  readonly name: string | undefined;
}

function namedIn(section: string): Named[] {
  return [...section.matchAll(/^- `(test\/[^`]+)`(?:: "([^"]+)")?/gm)].map(
    ([, file = "", name]) => ({ file, name }),
  );
}

function expectTests(section: string): void {
  const named = namedIn(section);
  expect(named.length).toBeGreaterThan(0);
  for (const { file, name } of named) {
    expect([file, existsSync(join(root, file))]).toEqual([file, true]);
    expect(readFileSync(join(root, file), "utf8")).toContain(name ?? "");
  }
}

describe("docs/maintainers/guarantees.md", () => {
  it("has all ten", () => {
    expect(sections.map((section) => section.split(" ", 1)[0])).toEqual([
      "G1",
      "G2",
      "G3",
      "G4",
      "G5",
      "G6",
      "G7",
      "G8",
      "G9",
      "G10",
    ]);
  });

  it.each(sections.map((section) => [section.split(" ", 1)[0], section] as const))(
    "%s names tests that exist",
    (_, section) => {
      expectTests(section);
    },
  );
});

describe("docs/maintainers/field-failures.md", () => {
  const failures = readFileSync(join(root, "docs/maintainers/field-failures.md"), "utf8");
  const tests = failures.split(/^\*\*/m).slice(1);

  it("has tests for each failure of its table", () => {
    const rows = failures.split("\n").filter((line) => line.startsWith("| ")).length - 2;
    // Two of docker-modem's are in one.
    expect(tests.length).toBe(rows - 1);
  });

  it.each(tests.map((section) => [section.split("**", 1)[0], section] as const))(
    "%s names tests that exist",
    (_, section) => {
      expectTests(section);
    },
  );
});

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { expect, it } from "vitest";
import { deadLinksOfPages } from "../../scripts/docs/links.ts";
import { root } from "../support/docs/snippets.ts";

it("no page of the repository has a dead link", () => {
  const pages = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" });
  const files = pages
    .trim()
    .split("\n")
    .map((name) => join(root, name));
  expect(deadLinksOfPages(files).map((dead) => relative(root, dead))).toEqual([]);
});

it("a link to what is not there is dead", () => {
  const folder = mkdtempSync(join(tmpdir(), "dockspool-links-"));
  try {
    const page = join(folder, "a.md");
    writeFileSync(
      page,
      "# A page\n\n[there](#a-page) [not](#b) [nor](b.md) [else](https://x/)\n\n```md\n[x](y.md)\n```\n",
    );
    expect(deadLinksOfPages([page])).toEqual([`${page}: #b`, `${page}: b.md`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { expect, it } from "vitest";
import { deadLinksOfPages, linksOutOfPackage } from "../../scripts/docs/links.ts";
import { root } from "../support/docs/snippets.ts";

it("no page of the repository has a dead link", () => {
  const pages = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" });
  const files = pages
    .trim()
    .split("\n")
    .map((name) => join(root, name));
  expect(deadLinksOfPages(files).map((dead) => relative(root, dead))).toEqual([]);
});

it("no guide that goes with the package leads to what does not", () => {
  const listed = execFileSync("git", ["ls-files", "docs"], { cwd: root, encoding: "utf8" });
  const docs = listed.split("\n").filter((name) => /^docs\/(?!maintainers\/)/.test(name));
  const packed = new Set([...docs, "README.md", "CHANGELOG.md", "LICENSE", "package.json"]);
  const pages = docs.filter((name) => name.endsWith(".md"));
  expect(linksOutOfPackage(pages, packed)).toEqual([]);
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
    writeFileSync(page, "[own](https://github.com/OWNER/dockspool/blob/main/none.md)\n");
    const [dead] = deadLinksOfPages([page]);
    expect(dead).toMatch(/none\.md$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

// Writes anew what pages show of the code: tables of types with their comments, and files of examples.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PAGES, withFiles, withTables } from "./pages.ts";
import { root } from "./tables.ts";

for (const [file, tables] of Object.entries(PAGES)) {
  const path = join(root, file);
  writeFileSync(path, withTables(readFileSync(path, "utf8"), tables));
}
const deployment = join(root, "docs/deployment.md");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
writeFileSync(deployment, withFiles(readFileSync(deployment, "utf8"), read));
execFileSync("npx", ["oxfmt", ...Object.keys(PAGES)], { cwd: root, stdio: "inherit" });

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./tables.ts";

const manifest: { exports: Record<string, unknown> } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
);

/** The sources of what the package exports, the core first. */
export const ENTRY_POINTS: readonly string[] = Object.keys(manifest.exports)
  .filter((path) => path !== "./package.json")
  .map((path) => (path === "." ? "src/index.ts" : `src/${path.slice(2)}.ts`));

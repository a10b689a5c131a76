import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { TRANSITIONS } from "../../src/source/phase.ts";

/** Lists, at the end of a run, the transitions of the table that no test took. */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "dockspool-transitions-"));
  const file = join(folder, "taken.txt");
  project.provide("transitions", file);
  return () => {
    const taken = new Set(existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []);
    const rows = Object.entries(TRANSITIONS).flatMap(([from, all]) =>
      all.map((to) => `${from} → ${to}`),
    );
    const missing = rows.filter((row) => !taken.has(row));
    const list = missing.length === 0 ? "" : `; not taken: ${missing.join(", ")}`;
    console.log(
      `Phases: ${rows.length - missing.length} of ${rows.length} transitions taken${list}`,
    );
    rmSync(folder, { recursive: true });
  };
}

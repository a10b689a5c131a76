import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { DISCOVERY_TRANSITIONS } from "../../src/pool/discovery/discovered-container.ts";
import { TRANSITIONS } from "../../src/source/phase.ts";

const TABLES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  phase: TRANSITIONS,
  discovery: DISCOVERY_TRANSITIONS,
};

/** Lists, at the end of a run, the transitions of the table that no test took. */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "dockspool-transitions-"));
  const file = join(folder, "taken.txt");
  project.provide("transitions", file);
  return () => {
    const taken = new Set(existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []);
    for (const [table, transitions] of Object.entries(TABLES)) {
      const rows = Object.entries(transitions).flatMap(([from, all]) =>
        all.map((to) => `${from} → ${to}`),
      );
      const missing = rows.filter((row) => !taken.has(`${table}: ${row}`));
      const list = missing.length === 0 ? "" : `; not taken: ${missing.join(", ")}`;
      console.log(
        `Transitions, ${table}: ${rows.length - missing.length} of ${rows.length} taken${list}`,
      );
    }
    rmSync(folder, { recursive: true });
  };
}

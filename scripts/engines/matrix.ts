/**
 * npm run test:engines [-- ARGUMENTS OF VITEST]: the suite of test/engines on every engine that can be had here, or on those of
 * `DOCKSPOOL_ENGINES`, one engine after the other and with every driver, by the Engine API and from files, or one of them by
 * `DOCKSPOOL_READ`. Fills the tables of docs/engines.md.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chosenEngines } from "../../test/support/matrix/chosen.ts";
import { withCells, withTable } from "../../test/support/matrix/page.ts";
import type { Results } from "../../test/support/matrix/page.ts";
import type { CellResult } from "../../test/support/matrix/scenarios.ts";
import { skipped } from "../../test/support/skipped.ts";

const RESULTS = "test/engines/results.json";
const PAGE = "docs/engines.md";

async function run(command: string, args: readonly string[], env = process.env): Promise<number> {
  const child = spawn(command, args, { stdio: "inherit", env });
  const [code] = await once(child, "exit");
  return typeof code === "number" ? code : 1;
}

/** The cells of one run, out of the test runner's JSON. */
function cellsOf(file: string): CellResult[] {
  if (!existsSync(file)) return [];
  const report = JSON.parse(readFileSync(file, "utf8"));
  const cells: CellResult[] = [];
  for (const { assertionResults } of report.testResults)
    for (const { meta } of assertionResults) if (meta?.cell !== undefined) cells.push(meta.cell);
  return cells;
}

const { engines, missing } = chosenEngines();
if (missing.length > 0) skipped(`Engines skipped: ${missing.join("; ")}`);
const directory = mkdtempSync(join(tmpdir(), "dp-matrix-"));
let failed = engines.length === 0;
try {
  for (const { name } of engines) {
    const file = join(directory, `${name}.json`);
    const args = ["vitest", "run", "--project", "engines", ...process.argv.slice(2)];
    const code = await run("npx", args, {
      ...process.env,
      DOCKSPOOL_ENGINES: name,
      DOCKSPOOL_DRIVERS: "all",
      VITEST_JSON_FILE: file,
    });
    failed ||= code !== 0;
    const known: Results = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, "utf8")) : {};
    const results = withCells(known, cellsOf(file));
    writeFileSync(RESULTS, `${JSON.stringify(results, undefined, 2)}\n`);
    writeFileSync(PAGE, withTable(readFileSync(PAGE, "utf8"), results));
    await run("npx", ["oxfmt", RESULTS, PAGE]);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;

import { afterAll, describe, inject, test } from "vitest";

import { RealEngine } from "../real-engine/engine.ts";
import type { RunOptions } from "../real-engine/engine.ts";
import { remoteOptions } from "../remote-logs.ts";
import { chosenForms } from "../size.ts";
import { DRIVERS, SCENARIOS } from "./scenarios.ts";
import type { Driver, Outcome, Scenario } from "./scenarios.ts";
import type { MatrixEngine } from "./setup.ts";

/** What a scenario runs on. */
export interface Cell {
  readonly engine: RealEngine;
  readonly matrix: MatrixEngine;
  readonly driver: Driver;
  /** The engine's plain reads are right: a full one is the truth. Not so on Podman 4.3. */
  readonly hasTrueReads: boolean;
  /** These options with the cell's driver. */
  readonly with: (options: RunOptions) => RunOptions;
}

/** With a driver that can be read, unless others are given. */
function readable(kind: MatrixEngine["kind"]): readonly Driver[] {
  return DRIVERS.filter((driver) => driver.kind === kind && driver.isUnreadable !== true);
}

export function unreadable(kind: MatrixEngine["kind"]): readonly Driver[] {
  return DRIVERS.filter((driver) => driver.kind === kind && driver.isUnreadable === true);
}

const isShort = chosenForms() !== "all" && process.env["DOCKSPOOL_DRIVERS"] !== "all";

/**
 * One row of the table: the body on each engine with each driver. It gives what came of it, and throws where lines are missing
 * without a word, or anything else is wrong.
 */
export function scenario(
  name: Scenario,
  body: (cell: Cell) => Promise<Outcome>,
  driversOf: (kind: MatrixEngine["kind"]) => readonly Driver[] = readable,
): void {
  describe(SCENARIOS[name], { tags: ["long"] }, () => {
    const engines = inject("matrix");
    for (const matrix of engines) {
      for (const driver of driversOf(matrix.kind)) {
        const isLeftOut = isShort && !isInShort(driver);
        const handle = driver.driver === "journald" ? matrix.journald : matrix.handle;
        if (isLeftOut || handle === undefined) continue;
        const engine = RealEngine.attach(handle);
        afterAll(() => engine.stop());
        test(`${matrix.name}, ${driver.name}`, async ({ task }) => {
          const { name: engineName, version } = matrix;
          const result = { engine: engineName, version, scenario: name, driver: driver.name };
          task.meta.cell = { ...result, outcome: "failed" };
          const options = { ...driver.options, ...(await remoteOptions(driver.driver)) };
          const cell: Cell = {
            engine,
            matrix,
            driver,
            hasTrueReads: matrix.name !== "podman-4.3",
            with: (wanted) => ({ ...wanted, driver: driver.driver, options }),
          };
          const outcome = await body(cell);
          task.meta.cell = { ...result, outcome };
        });
      }
    }
    // A file without a test fails.
    if (engines.length === 0) test.skip("no engine", () => {});
  });
}

function isInShort(driver: Driver): boolean {
  return DRIVERS.some(
    ({ name, kind, inShort }) => name === driver.name && kind === driver.kind && inShort === true,
  );
}

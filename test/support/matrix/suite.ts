import { join } from "node:path";

import { afterAll, describe, inject, test } from "vitest";

import type { PoolOptions } from "../../../src/index.ts";
import { RealEngine } from "../real-engine/engine.ts";
import type { RunOptions } from "../real-engine/engine.ts";
import { remoteOptions } from "../remote-logs.ts";
import { chosenForms } from "../size.ts";
import { DRIVERS, SCENARIOS } from "./scenarios.ts";
import type { Driver, Outcome, Scenario, Way } from "./scenarios.ts";
import type { MatrixEngine } from "./setup.ts";

/** What a scenario runs on. */
export interface Cell {
  readonly engine: RealEngine;
  readonly matrix: MatrixEngine;
  readonly driver: Driver;
  readonly way: Way;
  /** The engine's plain reads are right: a full one is the truth. Not so on Podman 4.3. */
  readonly hasTrueReads: boolean;
  /** These options with the cell's driver. */
  readonly with: (options: RunOptions) => RunOptions;
}

type DriversOf = (kind: MatrixEngine["kind"]) => readonly Driver[];

/** With a driver that can be read, unless others are given. */
export const readable: DriversOf = (kind) =>
  DRIVERS.filter((driver) => driver.kind === kind && driver.isUnreadable !== true);

export const unreadable: DriversOf = (kind) =>
  DRIVERS.filter((driver) => driver.kind === kind && driver.isUnreadable === true);

const isShort = chosenForms() !== "all" && process.env["DOCKSPOOL_DRIVERS"] !== "all";

/** Those of `DOCKSPOOL_READ`, "engine" or "files"; else both, and in the long form of the tests the engine. */
function chosenWays(): readonly Way[] {
  const given = process.env["DOCKSPOOL_READ"];
  if (given === "engine" || given === "files") return [given];
  return isShort ? ["engine"] : ["engine", "files"];
}

/** How a source or pool reads in a cell. */
export function readOptions(
  way: Way,
  { matrix, engine }: Pick<Cell, "matrix" | "engine">,
): Pick<PoolOptions, "read" | "files"> {
  if (way === "engine") return { read: "engine" };
  // Before a container's first start Docker does not tell where its log will be.
  const isElsewhere = matrix.kind === "docker";
  return { read: "files", ...(isElsewhere && { files: { root: join(engine.directory, "data") } }) };
}

/**
 * One row of the table: the body on each engine with each driver, by the engine and from files. It gives what came of it, and throws
 * where lines are missing without a word, or anything else is wrong. `driversOf`: those that it is for; from files, of these those that
 * have files.
 */
export function scenario(
  name: Scenario,
  body: (cell: Cell) => Promise<Outcome>,
  driversOf: DriversOf = readable,
): void {
  row(name, body, chosenWays(), (way, kind) => {
    const isForAll = driversOf === unreadable;
    return driversOf(kind).filter(
      ({ hasFiles }) => way === "engine" || isForAll || hasFiles === true,
    );
  });
}

/** A row that is for reading from files alone, with these drivers. */
export function filesScenario(
  name: Scenario,
  body: (cell: Cell) => Promise<Outcome>,
  driversOf: DriversOf,
): void {
  const ways = chosenWays().filter((way) => way === "files");
  row(name, body, ways, (_, kind) => driversOf(kind));
}

function row(
  name: Scenario,
  body: (cell: Cell) => Promise<Outcome>,
  ways: readonly Way[],
  driversOf: (way: Way, kind: MatrixEngine["kind"]) => readonly Driver[],
): void {
  describe(SCENARIOS[name], { tags: ["long"] }, () => {
    for (const matrix of inject("matrix"))
      for (const way of ways)
        for (const driver of driversOf(way, matrix.kind)) cellTest(name, body, matrix, driver, way);
    // A group without a test fails.
    test.skip("no other", () => {});
  });
}

function cellTest(
  name: Scenario,
  body: (cell: Cell) => Promise<Outcome>,
  matrix: MatrixEngine,
  driver: Driver,
  way: Way,
): void {
  const isLeftOut = isShort && !isInShort(driver);
  const handle = driver.driver === "journald" ? matrix.journald : matrix.handle;
  if (isLeftOut || handle === undefined) return;
  const engine = RealEngine.attach(handle);
  afterAll(() => engine.stop());
  const title = `${matrix.name}, ${driver.name}${way === "files" ? ", from files" : ""}`;
  test(title, async ({ task }) => {
    const { name: engineName, version } = matrix;
    const result = { engine: engineName, version, scenario: name, driver: driver.name, way };
    task.meta.cell = { ...result, outcome: "failed" };
    const options = { ...driver.options, ...(await remoteOptions(driver.driver)) };
    const cell: Cell = {
      engine,
      matrix,
      driver,
      way,
      hasTrueReads: matrix.name !== "podman-4.3",
      with: (wanted) => ({ ...wanted, driver: driver.driver, options }),
    };
    const outcome = await body(cell);
    task.meta.cell = { ...result, outcome };
  });
}

function isInShort(driver: Driver): boolean {
  return DRIVERS.some(
    ({ name, kind, inShort }) => name === driver.name && kind === driver.kind && inShort === true,
  );
}

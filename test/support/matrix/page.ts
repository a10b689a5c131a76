import { DRIVERS, SCENARIOS } from "./scenarios.ts";
import type { CellResult, Outcome, Scenario } from "./scenarios.ts";

/** What came of the newest run of each cell, by engine. Kept in test/engines/results.json. */
interface EngineResults {
  readonly version: string;
  /** By the Engine API. */
  readonly cells: Cells;
  readonly files?: Cells;
}
type Cells = Readonly<Partial<Record<Scenario, Readonly<Record<string, Outcome>>>>>;
export type Results = Readonly<Record<string, EngineResults>>;

export const BEGIN = "<!-- begin: filled by npm run test:engines -->";
export const END = "<!-- end: filled by npm run test:engines -->";

/** The results with those of a run in place of older ones. */
export function withCells(results: Results, cells: readonly CellResult[]): Results {
  const next: Record<string, EngineResults> = { ...results };
  for (const { engine, version, scenario, driver, way, outcome } of cells) {
    const known = next[engine] ?? { version, cells: {} };
    const of = way === "engine" ? "cells" : "files";
    const row = { ...known[of]?.[scenario], [driver]: outcome };
    next[engine] = { ...known, version, [of]: { ...known[of], [scenario]: row } };
  }
  return next;
}

/** The block between the markers of docs/engines.md. */
export function table(results: Results): string {
  const engines = Object.entries(results).toSorted(([a], [b]) => a.localeCompare(b));
  const ofKind = (kind: string) => engines.filter(([name]) => name.startsWith(`${kind}-`));
  const docker = ofKind("docker").map(([, { version, cells }]) => ({
    title: `Docker ${plain(version)}`,
    cell: (scenario: Scenario) => summed(cells[scenario]),
  }));
  const podman = ofKind("podman").flatMap(([, { version, cells }]) =>
    podmanDrivers().map((driver) => ({
      title: `Podman ${plain(version)}, ${driver}`,
      cell: (scenario: Scenario) => single(cells[scenario], driver),
    })),
  );
  const files = engines.map(([name, { version, files: cells }]) => ({
    title: `${name.startsWith("docker-") ? "Docker" : "Podman"} ${plain(version)}`,
    cell: (scenario: Scenario) => summed(cells?.[scenario]),
  }));
  const own = rowsBut("refused");
  return [
    "### By the Engine API",
    tableOf(docker, own),
    tableOf(podman, own),
    "### From files",
    tableOf(files, rowsBut()),
  ].join("\n\n");
}

/** The page with a new block. */
export function withTable(page: string, results: Results): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error("docs/engines.md has lost its markers.");
  return `${page.slice(0, begin)}${BEGIN}\n\n${table(results)}\n\n${page.slice(end)}`;
}

interface Column {
  readonly title: string;
  readonly cell: (scenario: Scenario) => string;
}

function rowsBut(...left: readonly Scenario[]): Scenario[] {
  return Object.keys(SCENARIOS)
    .filter((name): name is Scenario => name in SCENARIOS)
    .filter((name) => !left.includes(name));
}

function tableOf(columns: readonly Column[], scenarios: readonly Scenario[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    row(["Scenario", ...columns.map(({ title }) => title)]),
    row(["---", ...columns.map(() => "---")]),
    ...scenarios.map((scenario) =>
      row([SCENARIOS[scenario], ...columns.map(({ cell }) => cell(scenario))]),
    ),
  ].join("\n");
}

function podmanDrivers(): string[] {
  return DRIVERS.filter(({ kind, isUnreadable }) => kind === "podman" && isUnreadable !== true).map(
    ({ name }) => name,
  );
}

const WORDS: Readonly<Record<Outcome, string>> = {
  exact: "exact",
  told: "told",
  failed: "**not exact**",
};

function single(row: Readonly<Record<string, Outcome>> | undefined, driver: string): string {
  // What can't be read has one column: the first.
  const outcome = row?.[driver] ?? (driver === podmanDrivers()[0] ? row?.["none"] : undefined);
  return outcome === undefined ? "" : WORDS[outcome];
}

/** One word where all drivers agree. */
function summed(row: Readonly<Record<string, Outcome>> | undefined): string {
  if (row === undefined) return "";
  const parts = (["exact", "told", "failed"] as const).flatMap((outcome) => {
    const drivers = Object.keys(row).filter((driver) => row[driver] === outcome);
    if (drivers.length === 0) return [];
    if (outcome === "exact") return [WORDS.exact];
    const isAll = drivers.length === Object.keys(row).length;
    return [isAll ? WORDS[outcome] : `${WORDS[outcome]} with ${drivers.join("; ")}`];
  });
  return parts.join(", ");
}

/** Without what Debian adds. */
function plain(version: string): string {
  return version.replace(/\+.*$/, "");
}

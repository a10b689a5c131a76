import type { Figures } from "./oracle.ts";
import type { Result } from "./results.ts";

/** Characters of a violation: some have whole journals behind them. */
const SHOWN = 240;

/** A page about some of the runs: what they are, what ran, and what that has found. */
export function runsPage(
  title: string,
  about: readonly string[],
  found: readonly string[],
  results: readonly Result[],
): string {
  return [
    `# ${title}`,
    "",
    "Written by `npm run chaos -- --report FILE`; do not edit.",
    "",
    ...about,
    "",
    ...runsVerdict(results),
    "## What ran",
    "",
    ...runsTable(results),
    "",
    "## What it has found",
    "",
    ...found,
    "",
  ].join("\n");
}

/** How many of them violated a guarantee, and by what. */
function runsVerdict(results: readonly Result[]): string[] {
  const bad = results.filter(({ violations }) => violations.length > 0);
  if (bad.length === 0)
    return [`**${results.length} runs, and none of them violates a guarantee.**`, ""];
  return [
    `**${bad.length} of ${results.length} runs violated a guarantee:**`,
    "",
    ...bad.flatMap(({ seed, violations }) =>
      violations.map((text) => `- seed ${seed}: ${text.slice(0, SHOWN)}`),
    ),
    "",
  ];
}

const ROWS: readonly (readonly [name: string, of: (figures: Figures) => number])[] = [
  ["containers", (one) => one.containers],
  ["lines written", (one) => one.written],
  ["lines delivered", (one) => one.came],
  ["lines read from files, also again", (one) => one.fromFiles],
  ["lines delivered again after a kill or a `detach()`", (one) => one.again],
  ["gaps announced", (one) => one.gaps],
  ["lines that the engine had thrown away, within gaps", (one) => one.inGaps],
  ["lines thrown away before anything was read", (one) => one.forgotten],
  ["lines of removed containers behind their end", (one) => one.cutOff],
  ["lines next to damaged records", (one) => one.spoiled],
  ["rotations", (one) => one.rotations],
  ["times that the engine ended by itself", (one) => one.faults["daemon crashed"] ?? 0],
  ["collectors", (one) => one.collectors],
  ["of them killed", (one) => one.kills],
  ["most streams of the engine at once", (one) => one.mostReaders],
  ["most connections at once", (one) => one.mostConnections],
  ["largest collector, MB", (one) => one.mostRssMb],
];

/** A column for each run, with what is named of it above. */
function runsTable(results: readonly Result[]): string[] {
  const row = (name: string, of: (result: Result) => string): string =>
    `| ${name} | ${results.map(of).join(" | ")} |`;
  const version = ({ figures }: Result): string => figures.version.split(/[+-]/, 1)[0] ?? "";
  return [
    row("", (one) => `${version(one)}, ${one.driver}`),
    row("---", () => "---:"),
    row("played", ({ date }) => date ?? "not known"),
    row("seed", ({ seed }) => String(seed)),
    row("read", ({ read }) => String(read)),
    row("minutes", ({ minutes }) => String(minutes)),
    row("violations", ({ violations }) => String(violations.length)),
    ...ROWS.map(([name, of]) => row(name, ({ figures }) => of(figures).toLocaleString("en-US"))),
  ];
}

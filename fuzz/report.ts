import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { runOf, seedsOf } from "./corpus.ts";
import type { Target } from "./target.ts";

const PAGE = new URL("../docs/maintainers/fuzzing.md", import.meta.url).pathname;
const COVERAGE = new URL("../.cache/fuzz/coverage/", import.meta.url).pathname;
const BEGIN = "<!-- begin: written by `npm run fuzz -- --report` -->";
const END = "<!-- end -->";

/** What reads bytes of others without doing anything else: the targets are made for these files. */
const PARSERS = [
  "src/wire",
  "src/resume",
  "src/checkpoint/file-format.ts",
  "src/checkpoint/engine-note.ts",
  "src/engine/engine-word.ts",
  "src/engine/events.ts",
  "src/engine/identity.ts",
  "src/engine/inspection.ts",
  "src/engine/json.ts",
  "src/engine/list.ts",
  "src/engine/log-answer.ts",
  "src/engine/log-file-size.ts",
  "src/engine/traits.ts",
  "src/printable.ts",
  "src/cli/line-format.ts",
  "src/cli/text-width.ts",
  "src/cli/page/shown-text.ts",
];

interface Part {
  readonly total: number;
  readonly covered: number;
}
type Summary = Readonly<Record<string, { readonly lines: Part; readonly branches: Part }>>;

/** Writes executions and coverage of the last runs into the page. */
export function writeReport(targets: readonly Target[]): void {
  const table = [...runRows(targets), "", ...coverageRows(measure())].join("\n");
  const [before = "", rest = ""] = readFileSync(PAGE, "utf8").split(BEGIN);
  const after = rest.split(END)[1] ?? "\n";
  writeFileSync(PAGE, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
  execFileSync("npx", ["oxfmt", PAGE], { stdio: "inherit" });
}

function runRows(targets: readonly Target[]): string[] {
  const rows = targets.map(({ name, about }) => {
    const run = runOf(name);
    const figures =
      run === undefined
        ? "not run | | |"
        : `${run.executions.toLocaleString("en")} | ${Math.round(run.seconds)} s | ${run.blocks} | ${run.found}`;
    return `| \`${name}\` | ${about} | ${seedsOf(name).length} | ${figures} |`;
  });
  return [
    "| target | what it is, and what must hold | seeds | executions | time | blocks of code | findings |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ...rows,
  ];
}

/** Replays all inputs, and has the test runner count what they reach of the sources. */
function measure(): Summary {
  const args = ["vitest", "run", "--project", "unit", "test/fuzz", "-t", "holds for each seed"];
  const coverage = ["--coverage", "--coverage.reporter=json-summary"];
  const include = PARSERS.map(
    (path) => `--coverage.include=${path.endsWith(".ts") ? path : `${path}/**`}`,
  );
  execFileSync(
    "npx",
    [...args, ...coverage, `--coverage.reportsDirectory=${COVERAGE}`, ...include],
    {
      env: { ...process.env, DOCKSPOOL_FUZZ_KEPT: "1" },
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const summary: Summary = JSON.parse(readFileSync(`${COVERAGE}coverage-summary.json`, "utf8"));
  return summary;
}

function coverageRows(summary: Summary): string[] {
  const rows = PARSERS.map((path) => {
    const files = Object.entries(summary).filter(([file]) => file.includes(`/${path}`));
    const lines = share(files.map(([, { lines: part }]) => part));
    const branches = share(files.map(([, { branches: part }]) => part));
    return `| \`${path}\` | ${lines} | ${branches} |`;
  });
  return ["| sources | lines | branches |", "| --- | ---: | ---: |", ...rows];
}

function share(parts: readonly Part[]): string {
  const total = parts.reduce((sum, part) => sum + part.total, 0);
  const covered = parts.reduce((sum, part) => sum + part.covered, 0);
  return total === 0 ? "" : `${((covered / total) * 100).toFixed(1)} %`;
}

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BuiltLibrary } from "./library.ts";
import { makePlan } from "./make-plan.ts";
import { judge } from "./oracle.ts";
import { DRIVERS, READINGS, shownPlan } from "./plan.ts";
import type { EngineKind } from "./plan.ts";
import { chaosPage } from "./report.ts";
import { filesPage } from "./report-files.ts";
import { keepResult, keepStory, readResults } from "./results.ts";
import { Player } from "./run.ts";
import { selfTest } from "./self-test.ts";

const USAGE = `npm run chaos -- [options]
  --seed N, --seeds A..B   default 1; the same seed makes the same plan
  --minutes M              default 1, for each seed
  --engine real|fake       default fake; real starts a Docker of its own, as root
  --read WAY               engine (default), files, auto, or both: at every resume the other one of engine and files
  --driver NAME            json-file (default) or local, of the real engine
  --plan                   only prints the plan
  --results FILE           keeps what came of each seed, one line of JSON each
  --keep FOLDER            keeps the whole story of each seed that violates a guarantee
  --report FILE            writes docs/maintainers/chaos.md, and chaos-files.md, of such a file; may be given several times
  --self-test              puts bugs into a copy of the library, each of which must be caught
`;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    minutes: { type: "string", default: "1" },
    engine: { type: "string", default: "fake" },
    results: { type: "string" },
    report: { type: "string", multiple: true },
    keep: { type: "string" },
    read: { type: "string", default: "engine" },
    driver: { type: "string", default: "json-file" },
    plan: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
    "self-test": { type: "boolean", default: false },
  },
});

function chosen<Name extends string>(names: readonly Name[], name: string): Name {
  const found = names.find((one) => one === name);
  if (found === undefined) throw new RangeError(`${name} is none of ${names.join(", ")}.`);
  return found;
}

/** False where a guarantee was violated. */
async function runSeeds(): Promise<boolean> {
  const [first = 1, last = first] = (values.seeds ?? values.seed ?? "1").split("..").map(Number);
  const engine: EngineKind = values.engine === "real" ? "real" : "fake";
  const minutes = Number(values.minutes);
  const read = chosen(READINGS, values.read);
  const driver = chosen(DRIVERS, values.driver);
  let isWell = true;
  await using library = await BuiltLibrary.build();
  for (let seed = first; seed <= last; seed++) {
    const plan = makePlan(seed, engine, minutes, { read, driver });
    say(shownPlan(plan));
    if (values.plan) continue;
    const { violations, figures } = await Player.play(plan, library.folder, async (story) => {
      const verdict = await judge(story);
      if (values.keep !== undefined && verdict.violations.length > 0)
        await keepStory(`${values.keep}/${engine}-${seed}.json`, story);
      return verdict;
    });
    const { turns: _, faults: __, ...numbers } = figures;
    const verdict = violations.length === 0 ? "ok" : "VIOLATED";
    say(`seed ${seed}, ${engine}: ${verdict} ${JSON.stringify(numbers)}`);
    for (const violation of violations) say(`  ! ${violation}`);
    if (values.results !== undefined)
      keepResult(values.results, {
        date: new Date().toISOString().slice(0, 10),
        seed,
        engine,
        read,
        driver,
        minutes,
        violations,
        figures,
      });
    if (violations.length > 0) isWell = false;
  }
  return isWell;
}

async function runSelfTest(): Promise<boolean> {
  await using library = await BuiltLibrary.build();
  const catches = await selfTest(library);
  for (const { bug, caughtBy, said, violations } of catches) {
    say(
      `a library that ${bug.name}: ${caughtBy === undefined ? "NOT CAUGHT" : `caught: ${caughtBy}`}`,
    );
    if (caughtBy === undefined) for (const violation of said) say(`  ${violation}`);
    for (const violation of violations) say(`  ! without the bug: ${violation}`);
  }
  return catches.every(
    ({ caughtBy, violations }) => caughtBy !== undefined && violations.length === 0,
  );
}

function writeReport(paths: readonly string[]): boolean {
  const folder = join(import.meta.dirname, "../docs/maintainers");
  const all = readResults(paths);
  const fromFiles = all.filter(({ read = "engine" }) => read !== "engine");
  const others = all.filter((result) => !fromFiles.includes(result));
  if (fromFiles.length > 0) writeFileSync(join(folder, "chaos-files.md"), filesPage(fromFiles));
  if (others.length > 0) writeFileSync(join(folder, "chaos.md"), chaosPage(others));
  return true;
}

// What was started is ended when the process exits, but a signal ends it without that.
process.once("SIGTERM", () => process.exit(143));
process.once("SIGINT", () => process.exit(130));
if (values.help) say(USAGE);
else if (values.report !== undefined) writeReport(values.report);
else process.exitCode = (await (values["self-test"] ? runSelfTest() : runSeeds())) ? 0 : 1;

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { binDirectoryOf, engineNamed } from "../scripts/engines/catalog.ts";
import { BuiltLibrary } from "./library.ts";
import { makePlan } from "./make-plan.ts";
import { judge } from "./oracle.ts";
import { DRIVERS, READINGS, shownPlan } from "./plan.ts";
import type { EngineKind } from "./plan.ts";
import { chaosPage } from "./report.ts";
import { filesPage } from "./report-files.ts";
import { podmanPage } from "./report-podman.ts";
import { keepResult, keepStory, readResults } from "./results.ts";
import { Player } from "./run.ts";
import { selfTest } from "./self-test.ts";

const USAGE = `npm run chaos -- [options]
  --seed N, --seeds A..B   default 1; the same seed makes the same plan
  --minutes M              default 1, for each seed
  --engine NAME            fake (default); real: a Docker of its own, as root; podman; or one that was fetched, such as podman-5.8
  --read WAY               engine (default), files, auto, or both: at every resume the other one of engine and files
  --driver NAME            json-file (default) or local, of Docker; Podman's is k8s-file
  --plan                   only prints the plan
  --results FILE           keeps what came of each seed, one line of JSON each
  --keep FOLDER            keeps the whole story of each seed that violates a guarantee
  --report FILE            writes docs/maintainers/chaos.md, chaos-files.md and chaos-podman.md, of such a file; may be given several times
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
    driver: { type: "string" },
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

interface ChosenEngine {
  readonly engine: EngineKind;
  readonly binDirectory: string | undefined;
}

function chosenEngine(name: string): ChosenEngine {
  if (name === "fake" || name === "real" || name === "podman")
    return { engine: name, binDirectory: process.env["DOCKSPOOL_ENGINE_BIN"] };
  const fetched = engineNamed(name);
  return {
    engine: fetched.kind === "docker" ? "real" : "podman",
    binDirectory: binDirectoryOf(fetched),
  };
}

/** False where a guarantee was violated. */
async function runSeeds(): Promise<boolean> {
  const [first = 1, last = first] = (values.seeds ?? values.seed ?? "1").split("..").map(Number);
  const { engine, binDirectory } = chosenEngine(values.engine);
  const minutes = Number(values.minutes);
  const read = chosen(READINGS, values.read);
  const driver = chosen(DRIVERS[engine], values.driver ?? DRIVERS[engine][0]);
  let isWell = true;
  await using library = await BuiltLibrary.build();
  for (let seed = first; seed <= last; seed++) {
    const plan = makePlan(seed, engine, minutes, { read, driver, binDirectory });
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
  const podman = all.filter(({ engine }) => engine === "podman");
  const docker = all.filter((result) => !podman.includes(result));
  const fromFiles = docker.filter(({ read = "engine" }) => read !== "engine");
  const others = docker.filter((result) => !fromFiles.includes(result));
  if (fromFiles.length > 0) writeFileSync(join(folder, "chaos-files.md"), filesPage(fromFiles));
  if (podman.length > 0) writeFileSync(join(folder, "chaos-podman.md"), podmanPage(podman));
  if (others.length > 0) writeFileSync(join(folder, "chaos.md"), chaosPage(others));
  return true;
}

// What was started is ended when the process exits, but a signal ends it without that.
process.once("SIGTERM", () => process.exit(143));
process.once("SIGINT", () => process.exit(130));
if (values.help) say(USAGE);
else if (values.report !== undefined) writeReport(values.report);
else process.exitCode = (await (values["self-test"] ? runSelfTest() : runSeeds())) ? 0 : 1;

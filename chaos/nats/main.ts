import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "tsup";
import { PROTECTIONS, makePlan, planAgainst, shownAct } from "./plan.ts";
import { natsChaosPage } from "./report.ts";
import type { Result } from "./report.ts";
import { play } from "./run.ts";
import { isWell } from "./verdict.ts";

const USAGE = `npm run chaos:nats -- [options]
  --seed N            default 1; the same seed makes the same plan
  --minutes M         default 2
  --engine real|fake  default real: two Docker engines of its own, as root
  --without NAME      "message ids", "compare-and-set" or "fencing", taken out: the run must fail
  --plan              only prints the plan
  --keep FOLDER       keeps what the nodes have written, and the verdict
  --results FILE      keeps what came of it, one line of JSON each
  --report FILE       writes docs/maintainers/chaos-nats.md of such a file
`;

const root = join(import.meta.dirname, "../..");

const begun = performance.now();

function say(text: string): void {
  process.stdout.write(`${((performance.now() - begun) / 1_000).toFixed(1)} ${text}\n`);
}

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "2" },
    engine: { type: "string", default: "real" },
    without: { type: "string" },
    keep: { type: "string" },
    results: { type: "string" },
    report: { type: "string" },
    plan: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** False where the outcome is not what it must be. */
async function run(): Promise<boolean> {
  const seed = Number(values.seed);
  const minutes = Number(values.minutes);
  const engine = values.engine === "fake" ? "fake" : "real";
  const without = PROTECTIONS.find((name) => name === values.without);
  const plan = without === undefined ? makePlan(seed, minutes) : planAgainst(without);
  if (values.plan) {
    for (const { acts } of plan.rounds) say(acts.map(shownAct).join("; "));
    return true;
  }
  const caches = join(root, "node_modules", ".cache");
  await mkdir(caches, { recursive: true });
  const outDir = await mkdtemp(join(caches, "chaos-nats-"));
  try {
    const entry = { collector: join(root, "test/nats/fixtures/collector.ts") };
    const kind = { format: "esm", target: "node20", skipNodeModulesBundle: true } as const;
    await build({ entry, outDir, ...kind, config: false, silent: true });
    const program = join(outDir, "collector.js");
    const outcome = await play({ program, engine, plan, without, say, keep: values.keep });
    const { verdict, errors } = outcome;
    const { missing, repeated, repeatedByServer, foreign, heldTwice, ...figures } = verdict;
    const all = { missing, repeated, repeatedByServer, foreign, heldTwice };
    for (const [name, wrong] of Object.entries(all)) {
      say(`${name}: ${wrong.length}`);
      for (const one of wrong.slice(0, 10)) say(`  ! ${one}`);
    }
    say(JSON.stringify({ ...figures, ...outcome, verdict: undefined, errors: errors.length }));
    if (errors !== "") say(errors.slice(0, 4_000));
    const result: Result = {
      seed,
      minutes,
      engine,
      version: outcome.version,
      without,
      acts: outcome.acts,
      stoodStill: outcome.stoodStill,
      collectors: outcome.collectors,
      leases: outcome.leases,
      written: figures.written,
      stored: figures.stored,
      outOfOrder: figures.outOfOrder,
      missing: missing.length,
      repeated: repeated.length,
      repeatedByServer: repeatedByServer.length,
      foreign: foreign.length,
      heldTwice: heldTwice.length,
    };
    if (values.results !== undefined) appendFileSync(values.results, `${JSON.stringify(result)}\n`);
    return isWell(verdict, outcome.version, outcome.stoodStill) === (without === undefined);
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

function writeReport(path: string): boolean {
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  const results = lines.map((line): Result => JSON.parse(line));
  writeFileSync(join(root, "docs/maintainers/chaos-nats.md"), natsChaosPage(results));
  return true;
}

// What was started is ended when the process exits, but a signal ends it without that.
process.once("SIGTERM", () => process.exit(143));
process.once("SIGINT", () => process.exit(130));
if (values.help) say(USAGE);
else if (values.report !== undefined) writeReport(values.report);
else process.exitCode = (await run()) ? 0 : 1;

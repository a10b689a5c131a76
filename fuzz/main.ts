import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { keep, noteRun, readInputs, seedsOf } from "./corpus.ts";
import { fuzz } from "./fuzz.ts";
import { merge } from "./merge.ts";
import { writeReport } from "./report.ts";
import { targets } from "./targets.ts";
import { Watchdog } from "./watchdog.ts";

const FOLDER = new URL("../.cache/fuzz/", import.meta.url).pathname;

const { values } = parseArgs({
  options: {
    target: { type: "string", multiple: true },
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    replay: { type: "string" },
    merge: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
  },
});

const chosen = targets.filter(({ name }) => values.target?.includes(name) ?? true);
if (chosen.length === 0) {
  console.error(
    `There is no such target. There are: ${targets.map(({ name }) => name).join(", ")}.`,
  );
  process.exit(2);
}

if (values.report) writeReport(targets);
else if (values.merge)
  for (const target of chosen) console.log(`${target.name}: ${await merge(target)} more seeds`);
else if (values.replay === undefined) await run();
else await replay(values.replay);

async function run(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const seconds = Number(values.seconds);
  const seed = Number(values.seed ?? Date.now() % 2 ** 32);
  let count = 0;
  for (const target of chosen) {
    const watchdog = new Watchdog(`${FOLDER}finding-${target.name}-endless.txt`);
    const fuzzed = await fuzz(target, { seconds, seed, watchdog });
    await watchdog.close();
    const { executions, corpus, blocks, findings } = fuzzed;
    count += findings.size;
    keep(target.name, corpus);
    console.log(
      `${target.name}: ${executions} executions in ${fuzzed.seconds.toFixed(0)} s, seed ${seed}; ${corpus.length} inputs reach ${blocks} blocks of code; ${findings.size} findings`,
    );
    noteRun({
      target: target.name,
      executions,
      seconds: fuzzed.seconds,
      seed,
      blocks,
      found: findings.size,
    });
  }
  process.exitCode = count === 0 ? 0 : 1;
}

/** Each input of a file, or the seeds, once. What is wrong is thrown. */
async function replay(path: string): Promise<void> {
  for (const target of chosen) {
    const inputs = path === "seeds" ? seedsOf(target.name) : readInputs(path);
    for (const input of inputs) await target.check(input);
    console.log(`${target.name}: ${inputs.length} inputs, nothing found`);
    await target.close?.();
  }
}

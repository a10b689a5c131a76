import { parseArgs } from "node:util";
import { appendFileSync } from "node:fs";
import { resolve } from "node:path";
import { makePlan } from "./make-plan.ts";
import { judge } from "./oracle.ts";
import { shownPlan } from "./plan.ts";
import type { EngineKind } from "./plan.ts";
import { Player } from "./run.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    minutes: { type: "string", default: "1" },
    engine: { type: "string", default: "fake" },
    results: { type: "string" },
    plan: { type: "boolean", default: false },
    library: { type: "string", default: resolve(import.meta.dirname, "../dist") },
  },
});

const [first = 1, last = first] = (values.seeds ?? values.seed ?? "1").split("..").map(Number);
const engine: EngineKind = values.engine === "real" ? "real" : "fake";
let failed = 0;
for (let seed = first; seed <= last; seed++) {
  const plan = makePlan(seed, engine, Number(values.minutes));
  process.stdout.write(`${shownPlan(plan)}\n`);
  if (values.plan) continue;
  const { violations, figures } = await Player.play(plan, values.library, judge);
  const { turns, faults, ...numbers } = figures;
  process.stdout.write(`seed ${seed}, ${engine}: ${violations.length === 0 ? "ok" : "VIOLATED"} ${JSON.stringify(numbers)}\n`);
  for (const violation of violations) process.stdout.write(`  ! ${violation}\n`);
  if (values.results !== undefined)
    appendFileSync(values.results, `${JSON.stringify({ seed, engine, violations, figures })}\n`);
  if (violations.length > 0) failed++;
}
process.exitCode = failed > 0 ? 1 : 0;

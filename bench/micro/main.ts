// Each step on the way of a byte, alone. What runs is bundled as the package itself is; see bundle.ts.
import { Bench } from "tinybench";
import { bytesOf } from "./case.ts";
import type { Case } from "./case.ts";
import { decodingCases } from "./decoding.ts";
import { lineCases } from "./lines.ts";
import type { MicroFound } from "./found.ts";
import { placeCases } from "./places.ts";

const { timeMs, stringsFirst } = JSON.parse(process.argv[2] ?? "{}") as {
  readonly timeMs: number;
  readonly stringsFirst: boolean;
};
/** At least. */
const ITERATIONS = 8;
const OWN = "own";
const STRING = "string";

const all: MicroFound[] = [];
const cases = [...decodingCases(), ...lineCases(), ...placeCases()];
for (const one of cases) check(one);
for (const one of cases) {
  const { name, unit, count, against } = one;
  const times = await measure(one);
  all.push({ name, unit, count, ...(against && { against }), bytes: bytesOf(one), ...times });
}
process.stdout.write(`${JSON.stringify(all)}\n`);

function check({ name, run, count }: Case): void {
  const counted = run();
  if (counted !== count) throw new Error(`${name}: ${counted} were counted, not ${count}.`);
}

/** Beside strings of one byte a character that are made of the same bytes, right before or right behind. */
async function measure(one: Case): Promise<Pick<MicroFound, "ms" | "stringMs">> {
  const bench = new Bench({
    time: timeMs,
    warmupTime: timeMs / 4,
    now: cpuMs,
    iterations: ITERATIONS,
    warmupIterations: 2,
    throws: true,
  });
  const strings = (): number =>
    one.reads.reduce((sum, bytes) => sum + bytes.toString("latin1").length, 0);
  if (stringsFirst) bench.add(STRING, strings).add(OWN, one.run);
  else bench.add(OWN, one.run).add(STRING, strings);
  await bench.run();
  return { ms: medianMs(bench, OWN), stringMs: medianMs(bench, STRING) };
}

/** CPU time of the process, in milliseconds: what else runs on the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function medianMs(bench: Bench, name: string): number {
  const result = bench.getTask(name)?.result;
  if (result?.state !== "completed") throw new Error(`${name} was not measured.`);
  return result.latency.p50;
}

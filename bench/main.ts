import { Command, InvalidArgumentError } from "commander";
import pc from "picocolors";
import { RealEngine } from "../test/support/real-engine/engine.ts";
import { engineEnvironment, whyNoEngine } from "../test/support/real-engine/programs.ts";
import { conditions } from "./conditions.ts";
import type { Context, Row } from "./context.ts";
import { renderSection, writeSection } from "./results.ts";
import { files } from "./rows/files.ts";
import { latency } from "./rows/latency.ts";
import { memory } from "./rows/memory.ts";
import { micro } from "./rows/micro.ts";
import { nats } from "./rows/nats.ts";
import { opening } from "./rows/opening.ts";
import { reading } from "./rows/reading.ts";
import { rotating } from "./rows/rotating.ts";
import { scraping } from "./rows/scraping.ts";
import { throughput } from "./rows/throughput.ts";

const ROWS: readonly Row[] = [
  reading,
  throughput,
  latency,
  rotating,
  memory,
  opening,
  micro,
  scraping,
  nats,
  files,
];
/** What `--fast` leaves. */
const FAST_ROWS: readonly number[] = [1, 4, 7, 10];

interface Options {
  readonly fast: boolean;
  readonly check: boolean;
  readonly rows?: readonly number[];
  readonly runs?: number;
  readonly write: boolean;
}

const program = new Command("npm run bench --")
  .description("Measures dockspool against other readers of logs, on a Docker engine of its own.")
  .option("--rows <numbers>", "only these rows, for example 1,4", numbers)
  .option("--runs <count>", "rounds of each row that has rounds", count)
  .option("--fast", "the least that a check needs, in about a minute; writes no results", false)
  .option("--check", "fail where a ratio is far from what it should be", false)
  .option("--no-write", "leave results.md and the charts as they are")
  .showHelpAfterError();

function numbers(text: string): readonly number[] {
  const rows = text.split(",").map(Number);
  const known = ROWS.map((row) => row.number);
  if (rows.every((row) => known.includes(row))) return rows;
  throw new InvalidArgumentError(`Of ${known.join(", ")}.`);
}

function count(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A whole number from 1.");
}

async function run(options: Options, binDirectory: string | undefined): Promise<void> {
  const engine = await RealEngine.start(binDirectory === undefined ? {} : { binDirectory });
  const begun = performance.now();
  const progress = (text: string): void => {
    const seconds = Math.round((performance.now() - begun) / 1000);
    console.error(pc.dim(`${String(seconds).padStart(4)} s  ${text}`));
  };
  const { fast, runs } = options;
  const context: Context = { engine, env: engineEnvironment(binDirectory), fast, runs, progress };
  try {
    const where = await conditions(context);
    const wanted = options.rows ?? (fast ? FAST_ROWS : ROWS.map((row) => row.number));
    for (const row of ROWS.filter((one) => wanted.includes(one.number))) {
      const section = await row.run(context);
      if (section === undefined) continue;
      console.log(`\n${renderSection(section, where)}`);
      if (options.write && !fast) await writeSection(section, where);
      for (const what of section.broken) {
        if (options.check) process.exitCode = 1;
        console.error(pc.red(`Broken: ${what}`));
      }
    }
  } finally {
    await engine.stop();
  }
}

program.parse();
const binDirectory = process.env["DOCKSPOOL_ENGINE_BIN"];
const noEngine = whyNoEngine(binDirectory);
if (noEngine === undefined) {
  // The engine is taken down when the process exits; a signal ends it without that.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  await run(program.opts<Options>(), binDirectory);
} else {
  console.log(`The benchmark is skipped: ${noEngine}.`);
  if (process.env["CI"] === "true" || process.env["CI"] === "1") process.exitCode = 1;
}

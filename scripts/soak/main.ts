import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { dirname, join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import pc from "picocolors";
import { RealEngine } from "../../test/support/real-engine/engine.ts";
import { whyNoEngine } from "../../test/support/real-engine/programs.ts";
import { recordingPath } from "./recordings.ts";
import { recordingOf } from "./samples.ts";
import type { Entry, SoakOptions, Versions } from "./samples.ts";
import { soak } from "./soak.ts";
import { wrongWith } from "./verdict.ts";

/** As many as 50 containers do in a day, at one in five minutes. */
const ROTATIONS_OF_A_DAY = 14_400;

interface Options {
  readonly minutes?: number;
  readonly rotations?: number;
  readonly containers: number;
  readonly sampleEvery: number;
  readonly restartEvery: number;
  readonly pace: number;
  readonly samples?: string;
}

const program = new Command("npm run soak --").showHelpAfterError();

program
  .command("run", { isDefault: true })
  .description(
    "Lets a pool follow containers of an engine of its own, looks for what grows or is lost, and writes docs/maintainers/soak.md.",
  )
  .option(
    "--minutes <count>",
    "at least so long; alone: the pool rotates by itself, every five minutes",
    positive,
  )
  .option("--rotations <count>", "at least so many; with --minutes spread over that time", positive)
  .option("--containers <count>", "how many write", positive, 50)
  .option("--sample-every <seconds>", "how often it is counted what is open", positive, 60)
  .option("--restart-every <seconds>", "how often a container is restarted", positive, 30)
  .option("--pace <factor>", "how many times as fast as normally the containers write", positive, 1)
  .option(
    "--samples <file>",
    "where to write what is counted; docs/maintainers/soak.md stays as it is",
  )
  .action(async (options: Options) => {
    const binDirectory = process.env["DOCKSPOOL_ENGINE_BIN"];
    const noEngine = whyNoEngine(binDirectory);
    if (noEngine === undefined) return await run(options, binDirectory);
    console.log(`The soak is skipped: ${noEngine}.`);
    if (process.env["CI"] === "true" || process.env["CI"] === "1") process.exitCode = 1;
  });

program
  .command("page")
  .description("Makes docs/maintainers/soak.md and its charts anew from scripts/soak/recordings.")
  .action(page);

function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("A number above 0.");
}

function soakOptions(options: Options): SoakOptions {
  const { containers, minutes, pace } = options;
  return {
    containers,
    minutes,
    rotations: options.rotations ?? (minutes === undefined ? ROTATIONS_OF_A_DAY : undefined),
    sampleEveryMs: options.sampleEvery * 1_000,
    restartEveryMs: options.restartEvery * 1_000,
    pace,
  };
}

async function run(options: Options, binDirectory: string | undefined): Promise<void> {
  const wanted = soakOptions(options);
  const path = options.samples ?? recordingPath(wanted);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
  const stop = stopOnSignal();
  const engine = await RealEngine.start(binDirectory === undefined ? {} : { binDirectory });
  try {
    await soak({
      engine,
      options: wanted,
      versions: await versions(engine),
      journalPath: join(engine.directory, "journal"),
      record: (entry) => {
        appendFileSync(path, `${JSON.stringify(entry)}\n`);
        console.error(inWords(entry));
      },
      stop,
    });
  } finally {
    await engine.stop();
  }
  if (options.samples === undefined) await page();
  const wrong = wrongWith(recordingOf(readFileSync(path, "utf8")));
  for (const text of wrong) console.error(pc.red(text));
  // What is left may keep this process alive.
  process.exit(wrong.length === 0 ? 0 : 1);
}

/** What draws is loaded only now: it is large, and is no part of what is counted. */
async function page(): Promise<void> {
  const { writePage } = await import("./written-page.ts");
  await writePage();
}

/** The first signal ends a run in order, the second one at once. */
function stopOnSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      console.error("Ends as soon as all lines are here; once more: at once.");
      process.once(signal, () => process.exit(1));
      stop.abort();
    });
  }
  return stop.signal;
}

async function versions(engine: RealEngine): Promise<Versions> {
  const { ServerVersion } = await engine.info();
  return {
    engine: ServerVersion,
    node: process.versions.node,
    kernel: release().split("-")[0] ?? release(),
    cores: cpus().length,
  };
}

function inWords(entry: Entry): string {
  if (entry.type === "note") return pc.red(`${entry.container}: ${entry.what}`);
  if (entry.type === "begin") return pc.dim(`begun at ${entry.at}`);
  if (entry.type === "end")
    return pc.dim(`${entry.minutes.toFixed(1)} min, compared: ${JSON.stringify(entry.kinds)}`);
  const { minutes, rotations, linesIn, linesOut, tasks, descriptors, engineGoroutines } = entry;
  return pc.dim(
    `${minutes.toFixed(1)} min  ${rotations} rotations, ${linesIn} lines in, ${linesOut} out, ${tasks} tasks, ` +
      `${descriptors} descriptors, ${engineGoroutines} goroutines`,
  );
}

await program.parseAsync();

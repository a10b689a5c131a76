import { Command, InvalidArgumentError } from "commander";
import pc from "picocolors";
import { DockspoolError, StreamPool } from "../../src/index.ts";
import type { ContainerSelector, EngineOptions } from "../../src/index.ts";
import { EngineClient } from "../../src/engine/engine-client.ts";
import { startDemo } from "./demo.ts";
import type { Demo } from "./demo.ts";
import { Screen } from "./screen.ts";

interface Options {
  readonly label: Readonly<Record<string, string | true>>;
  readonly maxStreams: number;
  readonly rotateEvery: number;
  readonly tail: number;
}

interface Target {
  readonly engine: EngineOptions;
  readonly demo?: Demo;
}

const program = new Command("npm start --")
  .description("Follows the logs of an engine's containers, those that start later included.")
  .argument("[names...]", "names of containers, with * as wildcard; default: all")
  .option("--label <label>", "only with this label: KEY or KEY=VALUE; can be repeated", label, {})
  .option(
    "--max-streams <count>",
    "log streams open at once; more containers take turns",
    count,
    128,
  )
  .option("--rotate-every <seconds>", "seconds between rotations of a stream", seconds, 5)
  .option("--tail <lines>", "begin with the last so many lines of each", wholeNumber, 10)
  .showHelpAfterError();

function label(text: string, others: Options["label"]): Options["label"] {
  const [, key = "", value] = /^([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
  if (key === "") throw new InvalidArgumentError("KEY or KEY=VALUE.");
  return { ...others, [key]: value ?? true };
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.1 && value < 86_400)) throw new InvalidArgumentError("Seconds from 0.1.");
  return value;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("A whole number.");
  return Number(text);
}

function count(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError("A whole number from 1.");
  return value;
}

/** The engine that is reachable, else one in this process. */
async function findTarget(): Promise<Target> {
  const client = new EngineClient();
  try {
    const running = await client.list(AbortSignal.timeout(15_000));
    console.error(
      pc.green(
        `Following the engine at ${pc.bold(client.address)}, where ${running.length} containers run.`,
      ),
    );
    return { engine: {} };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const { DOCKER_HOST } = process.env;
    console.error(
      pc.bold(
        pc.yellow(
          `NO REAL CONTAINERS: ${reason} DOCKER_HOST is ${DOCKER_HOST ?? "not set"}. Following an engine in this process instead.`,
        ),
      ),
    );
    const demo = await startDemo();
    return { engine: demo.engine, demo };
  } finally {
    client.close();
  }
}

async function follow(target: Target, names: readonly string[], options: Options): Promise<void> {
  const select: ContainerSelector = { labels: options.label };
  if (names.length > 0) select.names = names;
  const pool = new StreamPool({
    engine: target.engine,
    select,
    from: { tail: options.tail },
    maxStreams: options.maxStreams,
    rotation: { everyMs: Math.round(options.rotateEvery * 1000) },
  });
  const stop = (): void => {
    pool.close().catch((error: unknown) => console.error(error));
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  // Whoever reads the lines may have enough of them: npm start | head
  process.stdout.once("error", stop);
  const screen = new Screen(pool);
  try {
    for await (const batch of pool.batches()) screen.print(batch);
  } finally {
    screen.stop();
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

program.parse();
const target = await findTarget();
try {
  await follow(target, program.args, program.opts<Options>());
} catch (error) {
  process.exitCode = 1;
  console.error(DockspoolError.is(error) ? pc.red(`${error.code}: ${error.message}`) : error);
} finally {
  await target.demo?.[Symbol.asyncDispose]();
}

import { Command, InvalidArgumentError } from "commander";
import pc from "picocolors";
import { ContainerLogSource, DockspoolError } from "../../src/index.ts";
import type { EngineOptions } from "../../src/index.ts";
import { EngineClient } from "../../src/engine/engine-client.ts";
import { startDemo } from "./demo.ts";
import type { Demo } from "./demo.ts";
import { Screen } from "./screen.ts";

interface Target {
  readonly container: string;
  readonly engine: EngineOptions;
  readonly demo?: Demo;
}

const program = new Command("npm start --")
  .description("Follows a container's log and rotates the stream while it does.")
  .argument("[container]", "name or id; default: the newest one that runs")
  .option("--rotate-every <seconds>", "seconds between rotations", seconds, 5)
  .option("--tail <lines>", "begin with the last so many lines", wholeNumber, 10)
  .showHelpAfterError();

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 86_400)) throw new InvalidArgumentError("Seconds above 0.");
  return value;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("A whole number.");
  return Number(text);
}

/** The container named, else one that runs, else one on an engine in this process. */
async function findTarget(named: string | undefined): Promise<Target> {
  const client = new EngineClient();
  try {
    const [newest] = await client.list(AbortSignal.timeout(15_000));
    const container = named ?? newest?.name;
    if (container !== undefined) {
      console.error(
        pc.green(`Following ${pc.bold(container)} on the engine at ${client.address}.`),
      );
      return { container, engine: {} };
    }
    return await demoInstead(
      `The engine at ${client.address} answers, but no container runs there.`,
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return await demoInstead(
      `${reason} DOCKER_HOST is ${process.env["DOCKER_HOST"] ?? "not set"}.`,
    );
  } finally {
    client.close();
  }
}

async function demoInstead(reason: string): Promise<Target> {
  console.error(
    pc.bold(pc.yellow(`NO REAL CONTAINER: ${reason} Following an engine in this process instead.`)),
  );
  const demo = await startDemo();
  return { container: demo.container, engine: demo.engine, demo };
}

async function follow(target: Target, rotateEveryMs: number, tail: number): Promise<void> {
  const source = new ContainerLogSource(target.container, {
    engine: target.engine,
    from: { tail },
    rotateEveryMs,
  });
  const stop = (): void => {
    source.close().catch((error: unknown) => console.error(error));
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  // Whoever reads the lines may have enough of them: npm start | head
  process.stdout.once("error", stop);
  const screen = new Screen(source);
  try {
    for await (const batch of source.batches()) screen.print(batch);
    const end = await source.ended;
    if (end.kind === "removed") screen.say(pc.yellow("the container was removed"));
  } finally {
    screen.stop();
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

program.parse();
const { rotateEvery, tail } = program.opts<{ rotateEvery: number; tail: number }>();
const target = await findTarget(program.args[0]);
try {
  await follow(target, Math.round(rotateEvery * 1000), tail);
} catch (error) {
  process.exitCode = 1;
  console.error(DockspoolError.is(error) ? pc.red(`${error.code}: ${error.message}`) : error);
} finally {
  await target.demo?.[Symbol.asyncDispose]();
}

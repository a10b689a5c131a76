import { coloursOf } from "./colours.ts";
import { EXIT } from "./exit-codes.ts";
import { follow } from "./follow.ts";
import { failureText } from "./notices.ts";
import { readCommandLine } from "./program.ts";
import { readOnce } from "./read-once.ts";
import type { Settings } from "./settings.ts";
import type { Surroundings } from "./surroundings.ts";
import { Unreachable, findTarget } from "./target.ts";
import type { Target } from "./target.ts";
import { UsageError } from "./usage-error.ts";

/** Runs the command to its end. Resolves with its exit code; all is said by then. */
export async function runCommand(
  args: readonly string[],
  version: string,
  surroundings: Surroundings,
): Promise<number> {
  const { stdout, stderr } = surroundings;
  // Whoever closes them does not want to hear of that either. Of lines, each write tells its own failure.
  for (const stream of [stdout, stderr]) stream.on("error", () => {});
  if (args[0] === "nats") {
    // Loaded for it alone.
    const { runNats } = await import("./nats.ts");
    return runNats(args.slice(1), surroundings);
  }
  const settings = readCommandLine(args, version, {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
  });
  if (typeof settings === "number") return settings;
  try {
    await run(settings, surroundings);
    return EXIT.done;
  } catch (error) {
    const colours = coloursOf(stderr, surroundings.env);
    stderr.write(`${colours.red(`dockspool: ${failureText(error)}`)}\n`);
    if (error instanceof UsageError) return EXIT.usage;
    return error instanceof Unreachable ? EXIT.unreachable : EXIT.failed;
  }
}

async function run(settings: Settings, surroundings: Surroundings): Promise<void> {
  const target = await findTarget(settings);
  try {
    introduce(target, surroundings);
    if (settings.follow) await follow(target, settings, surroundings);
    else await readOnce(target, settings, surroundings);
  } finally {
    await target.demo?.[Symbol.asyncDispose]();
  }
}

/** Says whose logs these are. */
function introduce({ label, demo, whyDemo }: Target, { stderr, env }: Surroundings): void {
  const colours = coloursOf(stderr, env);
  if (demo === undefined) {
    stderr.write(`${colours.green(`The engine: ${label}`)}\n`);
    return;
  }
  const { DOCKER_HOST: host } = env;
  const why =
    whyDemo === undefined
      ? ""
      : `${whyDemo} DOCKER_HOST is ${host === undefined ? "not set" : "set"}. `;
  stderr.write(
    `${colours.bold(colours.yellow(`DEMO, NO REAL CONTAINERS: ${why}What follows is made up by an engine in this process.`))}\n`,
  );
}

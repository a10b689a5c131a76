import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { nodeOf } from "../test/support/node-versions.ts";

const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));

const program = new Command("npm run test:nodes --")
  .description("Runs the suites on other versions of Node.js, one after the other.")
  .argument("<versions...>", "major versions")
  .option("--project <names...>", "projects of the test runner", ["unit*", "engine"])
  .option("--files <names...>", "only test files whose path has one of these in it", [])
  .showHelpAfterError();

interface Options {
  readonly project: readonly string[];
  readonly files: readonly string[];
}

/** True where all have passed. */
async function runOn(version: string, { project, files }: Options): Promise<boolean> {
  const node = await nodeOf(version);
  const projects = project.flatMap((name) => ["--project", name]);
  const path = [dirname(node), process.env["PATH"]].join(delimiter);
  const child = spawn(node, [vitest, "run", ...projects, ...files], {
    stdio: "inherit",
    // The programs that tests start are to be of that version, too.
    env: { ...process.env, PATH: path },
  });
  await once(child, "exit");
  return child.exitCode === 0;
}

program.parse();
const failed: string[] = [];
for (const version of program.args) {
  console.log(`\nNode.js ${version}`);
  if (!(await runOn(version, program.opts<Options>()))) failed.push(version);
}
if (failed.length > 0) {
  console.error(`Tests have failed on Node.js ${failed.join(", ")}.`);
  process.exitCode = 1;
}

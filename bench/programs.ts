import { fileURLToPath } from "node:url";
import type { Context } from "./context.ts";
import { measure } from "./measure.ts";
import type { Usage } from "./measure.ts";

export interface Outcome<Found> extends Usage {
  readonly found: Found;
}

/** Runs a program of `programs/` with `options` and gives what it has found. */
export async function runProgram<Found>(
  name: string,
  options: Readonly<Record<string, unknown>>,
  { env }: Pick<Context, "env">,
  nodeOptions: readonly string[] = [],
): Promise<Outcome<Found>> {
  const program = fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url));
  const command = [process.execPath, ...nodeOptions, program, JSON.stringify(options)];
  const { stdout, ...usage } = await measure(command, { env });
  return { ...usage, found: JSON.parse(stdout) as Found };
}

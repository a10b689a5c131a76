/** The streams and the environment that the command runs with. */
export interface Surroundings {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
}

/** Lines and notices go to one terminal, which can move its cursor. */
export function hasTable({ stdout, stderr, env }: Surroundings): boolean {
  return stdout.isTTY && stderr.isTTY && env["TERM"] !== "dumb";
}

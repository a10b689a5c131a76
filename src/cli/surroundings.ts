/** Where the command writes: a terminal, a pipe or a file. */
interface OutputStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  /** Of a terminal. */
  readonly columns?: number;
  readonly rows?: number;
}

/** The streams and the environment that the command runs with. */
export interface Surroundings {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: NodeJS.ProcessEnv;
}

/** Lines and notices go to one terminal, which can move its cursor. */
export function hasTable({ stdout, stderr, env }: Surroundings): boolean {
  return stdout.isTTY === true && stderr.isTTY === true && env["TERM"] !== "dumb";
}

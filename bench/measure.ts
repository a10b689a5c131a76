import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";

/** What a process has used from its start to its end, with all that it had started itself. */
export interface Usage {
  /** User and system. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** The most memory it ever held (RSS), of the process itself. */
  readonly peakBytes: number;
}

export interface Run extends Usage {
  readonly stdout: string;
}

export interface MeasureOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** What the program writes is thrown away by the kernel. */
  readonly discard?: boolean;
}

/** Node can't tell what one child used; the shell can, of any program. Its words come by descriptor 3. */
const TIMED = 'TIMEFORMAT="%3U %3S %3R"; { time "$@" 2>&4 3>&- 4>&-; } 4>&2 2>&3';
const LOOK_EVERY_MS = 25;

/** Runs a program to its end. */
export async function measure(
  command: readonly string[],
  { env = process.env, discard = false }: MeasureOptions = {},
): Promise<Run> {
  const output = discard ? "ignore" : "pipe";
  const child = spawn("bash", ["-c", TIMED, "bash", ...command], {
    env,
    stdio: ["ignore", output, output, "pipe"],
  });
  let peakBytes = 0;
  const look = (): void => {
    peakBytes = Math.max(peakBytes, peakOf(childOf(child.pid)));
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  try {
    const exited = once(child, "close");
    const [stdout, stderr, times] = await Promise.all(
      [child.stdout, child.stderr, child.stdio[3]].map(readAll),
    );
    await exited;
    if (child.exitCode !== 0) {
      throw new Error(`${command.join(" ")} ended with ${child.exitCode}: ${stderr?.trim()}`);
    }
    const [user = NaN, system = NaN, wall = NaN] = (times ?? "").trim().split(" ").map(Number);
    return { stdout: stdout ?? "", cpuSeconds: user + system, wallSeconds: wall, peakBytes };
  } finally {
    clearInterval(timer);
  }
}

async function readAll(stream: unknown): Promise<string> {
  const isStream = typeof stream === "object" && stream !== null && Symbol.asyncIterator in stream;
  return isStream ? await text(stream as AsyncIterable<Buffer>) : "";
}

function childOf(pid: number | undefined): number | undefined {
  const children = readText(`/proc/${pid}/task/${pid}/children`);
  return children === "" ? undefined : Number.parseInt(children, 10);
}

function peakOf(pid: number | undefined): number {
  if (pid === undefined) return 0;
  const [, kilobytes = "0"] = /^VmHWM:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/status`)) ?? [];
  return Number(kilobytes) * 1024;
}

/** Empty where the process is gone already. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

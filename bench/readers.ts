import { fileURLToPath } from "node:url";
import type { Context } from "./context.ts";
import type { Log } from "./logs.ts";
import { measure } from "./measure.ts";
import type { Run } from "./measure.ts";

/** A program that reads a container's whole log, timestamps included, and throws it away. */
export interface Reader {
  readonly name: string;
  readonly command: (socketPath: string, id: string) => readonly string[];
  /** What it writes is the log itself. */
  readonly writesLog?: boolean;
  /** Only to show where others stand: fewer rounds do. */
  readonly isAside?: boolean;
}

export const OURS = "dockspool ";
export const DOCKER_LOGS = "docker logs -t";
export const PLAIN = "http.get, bytes dropped";

/** By name, in the order in which they run: those that are compared most stand next to each other. */
export const READERS: readonly Reader[] = [
  { name: "curl", command: curl, isAside: true },
  { ...node("dockerode + demuxStream + split2", "dockerode"), isAside: true },
  { ...node("the way of testcontainers (byline)", "testcontainers"), isAside: true },
  { ...node(`${OURS}for await, ids computed`, "for-await-ids"), isAside: true },
  node(`${OURS}deliver, empty sink`, "deliver"),
  node(`${OURS}for await`, "for-await"),
  { name: DOCKER_LOGS, command: dockerLogs, writesLog: true },
  node(`${OURS}batches()`, "batches"),
  node(PLAIN, "plain-http"),
];

export function readerOf(name: string): Reader {
  const reader = READERS.find((one) => one.name === name);
  if (reader === undefined) throw new Error(`There is no reader ${JSON.stringify(name)}.`);
  return reader;
}

/** Measures a reader from its start to its end. Throws where it did not read all of the log. */
export async function readLog(reader: Reader, log: Log, { engine, env }: Context): Promise<Run> {
  const command = reader.command(engine.socketPath, log.id);
  const run = await measure(command, { env, discard: reader.writesLog === true });
  // What goes to /dev/null is counted in a run of its own, which is not measured.
  const counted = reader.writesLog === true ? await countOnce(command, log, env) : run.stdout;
  checkCount(reader.name, counted, log);
  return run;
}

export function dockerLogs(socketPath: string, id: string): readonly string[] {
  return ["docker", "-H", `unix://${socketPath}`, "logs", "-t", id];
}

const counts = new Map<string, Promise<string>>();

function countOnce(command: readonly string[], log: Log, env: NodeJS.ProcessEnv): Promise<string> {
  const known = counts.get(log.id);
  if (known !== undefined) return known;
  const script = `"$@" 2>&1 | wc -l | sed 's/.*/{"lines":&}/'`;
  const counting = measure(["bash", "-c", script, "bash", ...command], { env });
  const count = counting.then(({ stdout }) => stdout);
  counts.set(log.id, count);
  return count;
}

function checkCount(name: string, counted: string, log: Log): void {
  const { lines, bytes } = JSON.parse(counted) as { lines?: number; bytes?: number };
  const isWhole = lines === undefined ? bytes === log.bytes : lines === log.lines;
  if (isWhole) return;
  const wanted = `${log.lines} lines of ${log.bytes} bytes in all`;
  throw new Error(`${name} read ${counted.trim()}, not ${wanted}.`);
}

function node(name: string, file: string): Reader {
  const program = fileURLToPath(new URL(`readers/${file}.mjs`, import.meta.url));
  return { name, command: (socketPath, id) => [process.execPath, program, socketPath, id] };
}

function curl(socketPath: string, id: string): readonly string[] {
  const url = `http://docker/containers/${id}/logs?stdout=1&stderr=1&timestamps=1`;
  const count = '{"bytes":%{size_download}}';
  return ["curl", "-sSN", "--unix-socket", socketPath, "-o", "/dev/null", "-w", count, url];
}

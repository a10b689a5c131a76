import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { findProgram } from "../test/support/real-engine/programs.ts";

const MODULES = [
  "/usr/lib/x86_64-linux-gnu/rsyslog",
  "/usr/lib/aarch64-linux-gnu/rsyslog",
  "/usr/lib64/rsyslog",
];
/** What the kernel shows to programs, whatever it uses itself (man 5 proc, man 7 time). */
const CLOCK_TICKS_PER_SECOND = 100;
const LOOK_MS = 100;
/** It writes what it has read at once; so long after nothing came for the last time it is done, or stuck. */
const QUIET_LOOKS = 20;
/** It has not begun by then. */
const BEGIN_LOOKS = 300;
const NEWLINE = 0x0a;

/** With the modules for files and JSON. */
export function canRunRsyslog(env: NodeJS.ProcessEnv): boolean {
  const has = (name: string): boolean => MODULES.some((folder) => existsSync(join(folder, name)));
  return findProgram("rsyslogd", env) !== undefined && has("imfile.so") && has("mmjsonparse.so");
}

/** Reads a `json-file` log with rsyslog's `imfile` and `mmjsonparse`, and writes stream, time and text of each line to a file. */
export async function readByRsyslog(path: string): Promise<{ lines: number; cpuSeconds: number }> {
  const directory = await mkdtemp(join(tmpdir(), "dockspool-rsyslog-"));
  const [configuration, output] = [join(directory, "conf"), join(directory, "out")];
  await writeFile(configuration, configured(directory, path, output));
  const child = spawn("rsyslogd", ["-n", "-i", join(directory, "pid"), "-f", configuration], {
    stdio: "ignore",
  });
  const exited = once(child, "exit");
  try {
    const seconds = await untilQuiet(child.pid ?? 0, output);
    return { lines: await countLines(output), cpuSeconds: seconds };
  } finally {
    child.kill("SIGTERM");
    await exited;
    await rm(directory, { recursive: true, force: true });
  }
}

function configured(directory: string, path: string, output: string): string {
  return `global(workDirectory="${directory}" maxMessageSize="64k")
module(load="imfile" mode="inotify")
module(load="mmjsonparse")
template(name="taken" type="string" string="%$!stream% %$!time% %$!log%")
input(type="imfile" File="${path}" Tag="bench" ruleset="bench")
ruleset(name="bench") {
  action(type="mmjsonparse" cookie="")
  action(type="omfile" file="${output}" template="taken")
}
`;
}

/** The CPU time that it has used when nothing is written any more. */
async function untilQuiet(pid: number, output: string): Promise<number> {
  let [size, quiet, seconds] = [0, 0, 0];
  while (quiet < (size === 0 ? BEGIN_LOOKS : QUIET_LOOKS)) {
    await pause(LOOK_MS);
    const now = existsSync(output) ? statSync(output).size : 0;
    quiet = now === size ? quiet + 1 : 0;
    size = now;
    seconds = cpuSecondsOf(pid);
  }
  return seconds;
}

function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

async function countLines(path: string): Promise<number> {
  await using file = await open(path);
  let count = 0;
  for await (const chunk of file.createReadStream({ autoClose: false }))
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

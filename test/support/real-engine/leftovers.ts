import { spawnSync } from "node:child_process";
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { codeOf } from "../../../src/errors.ts";
import { JOURNAL_OWNER } from "./journald.ts";

/** Begins the name of every engine's directory. */
export const DIRECTORY_PREFIX = "dockspool-";

const ENGINE_PROGRAMS = new Set([
  "dockerd",
  "containerd",
  "containerd-shim-runc-v2",
  "runc",
  "podman",
  "conmon",
  "haproxy",
  "postgres",
  "prometheus",
  "rsyslogd",
]);
const CGROUPS = "/sys/fs/cgroup";
/** Podman keeps none of its own. */
const RUNC_STATES = "/run/runc";
const DEADLINE_MS = 10_000;

/** The processes of the engine in `directory`: its daemons, their helpers and what runs in its containers. */
export function processesOf(directory: string): number[] {
  const ids = containersOf(directory);
  const found: number[] = [];
  for (const name of directoryNames("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const args = argumentsOf(name);
    const program = basename(args[0] ?? "");
    if (program === "") continue; // a kernel thread, or ended and not yet reaped
    const isEngine =
      ENGINE_PROGRAMS.has(program) && args.some((arg) => arg.includes(`${directory}/`));
    const isJournal =
      program === "systemd-journald" &&
      readText(`/proc/${name}/environ`).includes(`${JOURNAL_OWNER}=${directory}/`);
    const cgroups = ids.length === 0 || isEngine ? "" : readText(`/proc/${name}/cgroup`);
    if (isEngine || isJournal || ids.some((id) => cgroups.includes(id))) found.push(pid);
  }
  return found;
}

/**
 * Ends whatever is left of the engine in `directory` and deletes it. Synchronous, so that it can also run when the
 * process exits.
 */
export function obliterate(directory: string): void {
  const outside = pathsOutside(directory);
  const states = containersOf(directory).map((id) => join(RUNC_STATES, id));
  const deadline = performance.now() + DEADLINE_MS;
  for (let pids = processesOf(directory); pids.length > 0; pids = processesOf(directory)) {
    if (performance.now() > deadline) {
      throw new Error(`Processes of ${directory} do not end: ${pids.join(", ")}.`);
    }
    for (const pid of pids) kill(pid);
    waitAMoment();
  }
  const mounts = mountsUnder(directory);
  if (mounts.length > 0) spawnSync("umount", ["--lazy", ...mounts]);
  for (const path of outside.sockets) rmSync(path, { force: true });
  for (const path of outside.cgroups) removeCgroup(path, deadline);
  for (const path of states) rmSync(path, { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

/** What containers that were not ended in order leave outside of `directory`: their helpers' sockets and cgroups. */
export function pathsOutside(directory: string): { sockets: string[]; cgroups: string[] } {
  const sockets: string[] = [];
  const cgroups: string[] = [];
  const hierarchies = directoryNames(CGROUPS).map((name) => join(CGROUPS, name));
  const tasks = join(directory, "containerd-state", "io.containerd.runtime.v2.task", "moby");
  for (const id of containersOf(directory)) {
    const address = readText(join(tasks, id, "address"));
    if (address.startsWith("unix:///")) sockets.push(address.slice("unix://".length));
    for (const hierarchy of [CGROUPS, ...hierarchies]) {
      for (const group of ["docker/", "libpod_parent/libpod-", "libpod_parent/conmon-"]) {
        const path = join(hierarchy, `${group}${id}`);
        if (existsSync(path)) cgroups.push(path);
      }
    }
  }
  return { sockets, cgroups };
}

/** The innermost mount comes first. */
export function mountsUnder(directory: string): string[] {
  const mounts: string[] = [];
  for (const line of readText("/proc/self/mountinfo").split("\n")) {
    const path = line.split(" ")[4];
    if (path?.startsWith(`${directory}/`) === true) mounts.push(path);
  }
  return mounts.toReversed();
}

/** Writes down whose engine it is, so that a later run can tell that it was orphaned. */
export function markOwner(directory: string): void {
  writeFileSync(join(directory, "owner"), ownerMark(process.pid));
}

/** Ends engines whose owner was killed before it could stop them. */
export function sweepOrphans(): void {
  for (const name of directoryNames(tmpdir())) {
    if (!name.startsWith(DIRECTORY_PREFIX)) continue;
    const directory = join(tmpdir(), name);
    const mark = readText(join(directory, "owner"));
    const [namespace = "", pid = ""] = mark.split(" ");
    if (namespace === pidNamespace() && mark !== ownerMark(Number(pid))) obliterate(directory);
  }
}

/** Process ids are used again; with the start time they are unique. */
function ownerMark(pid: number): string {
  const stat = readText(`/proc/${pid}/stat`);
  const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "gone";
  return `${pidNamespace()} ${pid} ${startTime}`;
}

function pidNamespace(): string {
  return readlinkSync("/proc/self/ns/pid");
}

/** Docker's and Podman's. */
function containersOf(directory: string): string[] {
  const data = join(directory, "data");
  const isId = (name: string): boolean => /^[0-9a-f]{64}$/.test(name);
  return [
    ...directoryNames(join(data, "containers")),
    ...directoryNames(join(data, "overlay-containers")).filter(isId),
  ];
}

/** A process that has ended, as far as /proc shows, may still be on its way out of its group: then that is busy. */
function removeCgroup(path: string, deadline: number): void {
  while (existsSync(path)) {
    try {
      rmdirSync(path);
    } catch (error) {
      // An empty group costs nothing.
      if (codeOf(error) !== "EBUSY" || performance.now() > deadline) return;
      waitAMoment();
    }
  }
}

function waitAMoment(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function directoryNames(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

/** While a process becomes another program (execve), it has none for a moment. */
function argumentsOf(pid: string): string[] {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const args = readText(`/proc/${pid}/cmdline`);
    if (args !== "" || !hasProgram(pid) || performance.now() > deadline) return args.split("\0");
  }
}

/** False for a kernel thread, and for what has ended. */
function hasProgram(pid: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`) !== "";
  } catch {
    return false;
  }
}

/** Empty where it cannot be read: processes come and go meanwhile. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

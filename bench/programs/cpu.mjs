import { readFileSync } from "node:fs";

/** What the kernel shows to programs, whatever it uses itself (man 5 proc, man 7 time). */
const CLOCK_TICKS_PER_SECOND = 100;

/** CPU time that a process has used, user and system, in steps of 10 ms. */
export function cpuSecondsOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // Counted behind the command's name, which may hold spaces: 11 is utime, 12 is stime.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

/** What this process has read so far, of files and sockets (man 5 proc). */
export function bytesRead() {
  return Number(/^rchar: (\d+)/m.exec(readFileSync("/proc/self/io", "utf8"))[1]);
}

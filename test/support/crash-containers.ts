import { appendFileSync } from "node:fs";

import { pause } from "./pause.ts";
import { NEVER, twoWriters } from "./writers.ts";
import type { RealEngine, RunOptions } from "./real-engine.ts";

/** Equal lines in bursts, on both streams, until the container is ended. */
const EQUAL = `while :; do yes same | head -n 20; yes same | head -n 5 >&2; ${pause(300)}; done`;
const PROMPT = "echo up; echo up >&2; exec sleep 3600";

export interface CrashContainer extends RunOptions {
  readonly tty: boolean;
  /** Its log gets lines that share a timestamp while it is stopped, which no clock of a nanosecond would give. */
  readonly isForged: boolean;
}

/** Every fifth on a terminal, some with lines of 40 KB, two with equal lines, two that are forged. */
export function crashContainers(
  count: number,
  labels: Readonly<Record<string, string>>,
  { longEvery = 40 }: { readonly longEvery?: number } = {},
): CrashContainer[] {
  return Array.from({ length: count }, (_, index) => {
    const tty = index % 5 === 4;
    const isForged = index % 10 === 3;
    const pace = { lines: 15, pauseMs: 250 + 10 * index };
    const numbered = twoWriters(pace, index % 5 === 1 ? longEvery : NEVER);
    const script = isForged ? PROMPT : index % 10 === 7 ? EQUAL : numbered;
    return { script, tty, labels, isForged };
  });
}

/** Many lines with one timestamp, most of them equal, on both streams; one of them in parts. */
export async function forge(engine: RealEngine, id: string): Promise<void> {
  const [path] = (await engine.jsonLogPaths(id)).slice(-1);
  if (path === undefined) throw new Error(`Container ${id} has no log.`);
  const time = new Date().toISOString().replace("Z", "123456Z");
  const entry = (stream: string, log: string): string =>
    `${JSON.stringify({ log, stream, time })}\n`;
  const part = "x".repeat(16_384);
  const entries = Array.from({ length: 300 }, (_, index) => {
    if (index % 7 === 6) return entry("stderr", "same\n");
    if (index === 100) return [part, part, "end\n"].map((log) => entry("stdout", log)).join("");
    return entry("stdout", index % 50 === 1 ? `other ${index % 100}\n` : "same\n");
  });
  appendFileSync(path, entries.join(""));
}

import { pause } from "./pause.ts";

/** Lines of a burst, and the pause behind it. */
export interface Pace {
  readonly lines: number;
  readonly pauseMs: number;
}

export const NEVER = 1_000_000_000;

/** Numbered lines, a burst of so many for each line of its input; each so many of them of 40 KB. */
export function burstWriter(name: string, lines: number, longEvery: number): string {
  const length = `i % ${longEvery} == 7 ? 40000 : 20 + i % 60`;
  const program = [
    'BEGIN { pad = "0123456789abcdef"; while (length(pad) < 40000) pad = pad pad }',
    "{",
    `  for (end = i + ${lines}; i < end; i++)`,
    `    print "${name}", i + 0, substr(pad, 1 + i % 16, ${length});`,
    "  fflush()",
    "}",
  ].join(" ");
  return `awk '${program}'`;
}

/** A line of input for a writer, again and again. */
export function ticks(everyMs: number): string {
  return `while :; do echo; ${pause(everyMs)}; done`;
}

/** In bursts without end. */
function writer(name: string, { lines, pauseMs }: Pace, longEvery: number): string {
  return `${ticks(pauseMs)} | ${burstWriter(name, lines, longEvery)}`;
}

/** Two of them, one for each stream, until the container is ended; where that is asked for, they say a last word. */
export function twoWriters(pace: Pace, longEvery: number): string {
  const last = "trap 'echo last; echo last >&2; exit 0' TERM";
  return `${last}; ${writer("out", pace, longEvery)} & ${writer("err", pace, longEvery)} >&2 & wait`;
}

import { pause } from "../pause.ts";

/** What a container writes: a script, and the lines that it is known to print on each stream. */
export interface Written {
  readonly script: string;
  readonly tty: boolean;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

const DIGITS = "0123456789abcdef";

/** So many characters, at each place another one. */
function padding(length: number): string {
  return DIGITS.repeat(Math.ceil(length / DIGITS.length)).slice(0, length);
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Numbered lines on both streams, one at a time: `count` on stdout, a quarter on stderr. */
export function paced(count: number, everyMs: number, tty = false): Written {
  const errors = Math.ceil(count / 4);
  const out = `i=0; while [ $i -lt ${count} ]; do echo out $i of many; i=$((i+1)); ${pause(everyMs)}; done`;
  const err = `i=0; while [ $i -lt ${errors} ]; do echo err $i of few; i=$((i+1)); ${pause(everyMs * 4)}; done`;
  if (tty) return { script: out, tty, stdout: range(count).map(outLine), stderr: [] };
  return {
    script: `(${err}) >&2 & ${out}; wait`,
    tty,
    stdout: range(count).map(outLine),
    stderr: range(errors).map((index) => `err ${index} of few`),
  };
}

function outLine(index: number): string {
  return `out ${index} of many`;
}

/** Lines of 20 KB and 100 KB among short ones, on both streams. */
export function longLines(count: number, everyMs: number): Written {
  const length = (index: number): number =>
    index % 10 === 9 ? 100_000 : index % 3 === 2 ? 20_000 : 20 + index;
  const line = (name: string) => (index: number) => `${name} ${index} ${padding(length(index))}`;
  const out = awkLines("out", count, everyMs);
  const err = awkLines("err", count, everyMs + 7);
  return {
    script: `(${err}) >&2 & ${out}; wait`,
    tty: false,
    stdout: range(count).map(line("out")),
    stderr: range(count).map(line("err")),
  };
}

function awkLines(name: string, count: number, everyMs: number): string {
  const program = [
    `BEGIN { pad = "${DIGITS}"; while (length(pad) < 100000) pad = pad pad }`,
    `{ n = $1 % 10 == 9 ? 100000 : $1 % 3 == 2 ? 20000 : 20 + $1;`,
    `  print "${name}", $1, substr(pad, 1, n); fflush() }`,
  ].join(" ");
  const feed = `i=0; while [ $i -lt ${count} ]; do echo $i; i=$((i+1)); ${pause(everyMs)}; done`;
  return `(${feed}) | awk '${program}'`;
}

/** Long lines on a terminal. */
export function longTerminalLines(count: number, everyMs: number): Written {
  const length = (index: number): number => (index % 4 === 3 ? 40_000 : 20 + index);
  const program = [
    `BEGIN { pad = "${DIGITS}"; while (length(pad) < 40000) pad = pad pad }`,
    `{ n = $1 % 4 == 3 ? 40000 : 20 + $1; print "out", $1, substr(pad, 1, n); fflush() }`,
  ].join(" ");
  const feed = `i=0; while [ $i -lt ${count} ]; do echo $i; i=$((i+1)); ${pause(everyMs)}; done`;
  return {
    script: `(${feed}) | awk '${program}'`,
    tty: true,
    stdout: range(count).map((index) => `out ${index} ${padding(length(index))}`),
    stderr: [],
  };
}

/** Progress bars: each is one line that is drawn again and again, longer than a part, with characters of several bytes. */
export function progressBars(count: number, steps: number, everyMs: number): Written {
  const block = "█".repeat(10);
  const program = `{ for (s = 0; s < ${steps}; s++) printf "\\r%d: %d/${steps} [${block}]", $1, s; printf "\\n"; fflush() }`;
  const feed = `i=0; while [ $i -lt ${count} ]; do echo $i; i=$((i+1)); ${pause(everyMs)}; done`;
  const bar = (index: number): string =>
    range(steps)
      .map((step) => `\r${index}: ${step}/${steps} [${block}]`)
      .join("");
  return {
    script: `(${feed}) | awk '${program}'`,
    tty: true,
    stdout: range(count).map(bar),
    stderr: [],
  };
}

/** All at once, then the end of the container. */
export function burst(count: number): Written {
  const pad = padding(40);
  const errors = Math.ceil(count / 10);
  const print = (name: string, lines: number): string =>
    `awk 'BEGIN { for (i = 0; i < ${lines}; i++) print "${name}", i, "${pad}" }'`;
  return {
    script: `${print("err", errors)} >&2 & ${print("out", count)}; wait`,
    tty: false,
    stdout: range(count).map((index) => `out ${index} ${pad}`),
    stderr: range(errors).map((index) => `err ${index} ${pad}`),
  };
}

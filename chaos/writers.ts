import { pause } from "../test/support/pause.ts";
import type { RunOptions } from "../test/support/real-engine/engine.ts";
import type { ContainerKind, Plan } from "./plan.ts";

type Written = Omit<RunOptions, "name">;

/**
 * Sets `i` to the first of a run's numbers, which no other run of a container has: a run does not write a thousand lines in each
 * hundredth of a second. Where an engine stamps whole seconds only its text tells a line from others.
 */
const COUNTED = "read t _ </proc/uptime; i=${t%.*}${t#*.}000";

function forEver(script: string, everyMs: number): string {
  return `${COUNTED}; while :; do ${script}; ${pause(everyMs)}; done`;
}

function numbers(count: number): string {
  return `seq $i $((i+${count - 1})); i=$((i+${count}))`;
}

function steady(everyMs: number): string {
  return forEver("echo line $i; [ $((i%6)) = 5 ] && echo error $i >&2; i=$((i+1))", everyMs);
}

const scripts: Readonly<Record<ContainerKind, string>> = {
  steady: steady(25),
  bursts: forEver(numbers(300), 900),
  quiet: steady(2_500),
  "long lines": `s=$(head -c 21000 /dev/zero | tr '\\0' x); ${forEver('echo "$i $s"; echo "$i short"; i=$((i+1))', 350)}`,
  terminal: steady(40),
  rotated: forEver(numbers(60), 250),
  flood: forEver(numbers(2_500), 900),
};

type Sizes = Readonly<Partial<Record<ContainerKind, Readonly<Record<string, string>>>>>;

const dockerSizes: Sizes = {
  rotated: { "max-size": "30k", "max-file": "3" },
  flood: { "max-size": "100k", "max-file": "2" },
};

/** There is one file, which must not be filled twice between two looks at it, or nobody would know what it held. */
const podmanSizes: Sizes = { rotated: { "max-size": "30k" }, flood: { "max-size": "250k" } };

/** Of a Podman's log a text without an end is shown at once, and cut where the program's writes are. */
const podmanLongLines = scripts["long lines"].replace(
  'echo "$i short"',
  `echo "$i short"; printf "part $i "; ${pause(150)}; echo "end $i"`,
);

/** What a container of a kind runs. */
export function writer(kind: ContainerKind, { engine, collector: { read } }: Plan): Written {
  // Podman's logs with a `max-size` are refused by those who must read from files.
  const isRefused = engine === "podman" && (read === "files" || read === "both");
  const options = (engine === "podman" ? podmanSizes : dockerSizes)[kind] ?? {};
  const script = engine === "podman" && kind === "long lines" ? podmanLongLines : scripts[kind];
  return { script, tty: kind === "terminal", options: isRefused ? {} : options };
}

/** One that prints some lines and ends. */
export function flash(lines: number, rm: boolean): Written {
  return { script: `${COUNTED}; ${pause(100)}; ${numbers(lines)}`, rm };
}

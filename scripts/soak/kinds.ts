import { pause } from "../../test/support/pause.ts";
import { NEVER, ticks, twoWriters } from "../../test/support/writers.ts";

export const KINDS = ["chatty", "quiet", "terminal", "restarting", "long lines"] as const;
export type Kind = (typeof KINDS)[number];

/** A container of the soak. */
export interface Spec {
  readonly kind: Kind;
  readonly name: string;
  readonly script: string;
  readonly tty: boolean;
}

/** Of twenty containers in a row, so many are of each kind. */
const OF_TWENTY = {
  chatty: 6,
  quiet: 6,
  terminal: 3,
  restarting: 3,
  "long lines": 2,
} as const satisfies Record<Kind, number>;

const ROW: readonly Kind[] = KINDS.flatMap((kind) => Array<Kind>(OF_TWENTY[kind]).fill(kind));
/** Has no common factor with twenty, so that the first few are of several kinds already. */
const STEP = 7;

/** The containers of a soak. `pace`: how many times as fast as normally they write. */
export function soakContainers(count: number, pace: number): Spec[] {
  return Array.from({ length: count }, (_, index) => {
    const kind = ROW[(index * STEP) % ROW.length] ?? "chatty";
    const name = `soak-${String(index).padStart(2, "0")}-${kind.replace(" ", "-")}`;
    return { kind, name, script: scriptOf(kind, index, pace), tty: kind === "terminal" };
  });
}

export function countKinds(specs: readonly Spec[]): Record<Kind, number> {
  const counts = { chatty: 0, quiet: 0, terminal: 0, restarting: 0, "long lines": 0 };
  for (const { kind } of specs) counts[kind] += 1;
  return counts;
}

function scriptOf(kind: Kind, index: number, pace: number): string {
  // Not all of them in step.
  const every = (ms: number): number => Math.round(ms / pace) + 7 * index;
  const scripts: Readonly<Record<Kind, string>> = {
    chatty: twoWriters({ lines: 10, pauseMs: every(1_000) }, NEVER),
    quiet: `n=0; while :; do echo "all is well, $n"; n=$((n + 1)); ${pause(every(30_000))}; done`,
    terminal: `${ticks(every(1_000))} | ${progressBars()}`,
    restarting: twoWriters({ lines: 2, pauseMs: every(500) }, NEVER),
    "long lines": twoWriters({ lines: 2, pauseMs: every(2_000) }, 20),
  };
  return scripts[kind];
}

/** A bar that is drawn over itself, a line, and now and then one of 20 KB. */
function progressBars(): string {
  const program = [
    'BEGIN { pad = "0123456789abcdef"; while (length(pad) < 20000) pad = pad pad }',
    "{",
    String.raw`  for (part = 0; part <= 100; part += 20) printf "\r\033[32mlayer %d %d%%\033[0m", NR, part;`,
    String.raw`  printf "\n";`,
    '  print "built", NR, substr(pad, 1 + NR % 16, NR % 100 == 7 ? 20000 : 20 + NR % 60);',
    "  fflush()",
    "}",
  ].join(" ");
  return `awk '${program}'`;
}

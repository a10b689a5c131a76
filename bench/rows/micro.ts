import { bundleMicro } from "../micro/bundle.ts";
import type { MicroFound } from "../micro/found.ts";
import type { Row } from "../context.ts";
import { measure } from "../measure.ts";
import type { Section } from "../report.ts";
import { median, ratioOf } from "../rounds.ts";
import { shown, shownRatio } from "../table.ts";

const ROUNDS = 5;
const FAST_ROUNDS = 3;
const TIME_MS = 200;
const FAST_TIME_MS = 50;
/** What is hot is compiled right then, and not when another thread gets its turn. */
const NODE_OPTIONS = ["--no-concurrent-recompilation"];

/** What was measured of a step, round by round. */
interface Step {
  readonly found: MicroFound;
  readonly ms: readonly number[];
  readonly stringMs: readonly number[];
}

/** Each step on the way of a byte, alone. */
export const micro: Row = {
  number: 7,
  run: async (context) => {
    const { env, fast, progress } = context;
    const rounds = context.runs ?? (fast ? FAST_ROUNDS : ROUNDS);
    const timeMs = fast ? FAST_TIME_MS : TIME_MS;
    await using bundle = await bundleMicro();
    const all: (readonly MicroFound[])[] = [];
    for (let round = 0; round < rounds; round++) {
      progress(`row 7: each step, alone, round ${round + 1}`);
      const options = JSON.stringify({ timeMs, stringsFirst: round % 2 === 0 });
      const command = [process.execPath, ...NODE_OPTIONS, bundle.path, options];
      const { stdout } = await measure(command, { env });
      all.push(JSON.parse(stdout) as readonly MicroFound[]);
    }
    return sectionOf(stepsOf(all), rounds);
  },
};

function stepsOf(rounds: readonly (readonly MicroFound[])[]): Step[] {
  return (rounds[0] ?? []).map((found, index) => {
    const all = rounds.flatMap((round) => round[index] ?? []);
    return {
      found,
      ms: all.map(({ ms }) => ms),
      stringMs: all.map(({ stringMs }) => stringMs),
    };
  });
}

function sectionOf(steps: readonly Step[], rounds: number): Section {
  return {
    row: 7,
    title: "Each step alone",
    text: [
      `The library's own modules in memory, without an engine: 90 bytes a line in reads of 64 KB, unless another size is named. Bytes are
those of the stream, with headers and timestamps. Time is CPU time, with that of the garbage collector. The last column is the time as a
multiple of what a string of one byte a character takes that is made of the same bytes, right before or after. Medians of ${rounds} rounds, each a
process of its own.`,
    ],
    tables: [
      {
        columns: ["step", "MB/s", "ns", "per", "× a string of the bytes"],
        rows: steps.map(({ found, ms, stringMs }) => [
          found.name,
          shown(found.bytes / 1_000 / median(ms)),
          shown((median(ms) * 1_000_000) / found.count),
          found.unit,
          shownRatio(ratioOf(ms, stringMs)),
        ]),
      },
    ],
    charts: [],
    broken: brokenOf(steps),
  };
}

/** By the best rounds: what else goes on makes single ones worse. */
function brokenOf(steps: readonly Step[]): string[] {
  return steps.flatMap(({ found: { name, count, against }, ms }) => {
    const other = steps.find(({ found }) => found.name === against?.name);
    if (against === undefined || other === undefined) return [];
    const ratio = Math.min(...ms) / count / (Math.min(...other.ms) / other.found.count);
    if (ratio <= against.limit) return [];
    return [`${name} takes ${shown(ratio)} × the time of ${against.name}, not ${against.limit} ×.`];
  });
}

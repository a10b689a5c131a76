import type { Context, Row } from "../context.ts";
import { makeLog } from "../logs.ts";
import type { Log, LogShape } from "../logs.ts";
import type { Run } from "../measure.ts";
import { DOCKER_LOGS, OURS, PLAIN, READERS, readLog, readerOf } from "../readers.ts";
import type { Reader } from "../readers.ts";
import type { Chart, Section, Table } from "../report.ts";
import { inRounds, median, ratioOf } from "../rounds.ts";
import type { Ratio } from "../rounds.ts";
import { megabytes, shown, shownRatio } from "../table.ts";

interface Case {
  readonly name: string;
  readonly shape: LogShape;
  readonly readers: readonly string[];
}

/** Far above what is aimed at, so that only what is broken is refused, on any machine and beside whatever else it does. */
const BROKEN_RATIO = 0.7;
const LIMITED: readonly string[] = [`${OURS}for await`, `${OURS}batches()`];
const MAIN = "90 bytes";
const ROUNDS = 3;
const FAST_ROUNDS = 2;
/** Of readers that only show where others stand. */
const ASIDE_ROUNDS = 2;
const FEW = [`${OURS}for await`, DOCKER_LOGS, `${OURS}batches()`, PLAIN];

/** So many lines that the start of the process, which the last case shows by itself, is a small part of what each costs. */
const CASES: readonly Case[] = [
  {
    name: MAIN,
    shape: { lines: 3_000_000, textBytes: 90 },
    readers: READERS.map(({ name }) => name),
  },
  { name: "20 bytes", shape: { lines: 3_000_000, textBytes: 20 }, readers: FEW },
  { name: "1 KB", shape: { lines: 1_000_000, textBytes: 1_000 }, readers: FEW },
  { name: "16 KB", shape: { lines: 100_000, textBytes: 16_000 }, readers: FEW },
  {
    name: "64 KB, in 4 parts",
    shape: { lines: 25_000, textBytes: 65_000 },
    readers: FEW,
  },
  {
    name: "90 bytes, tty",
    shape: { lines: 3_000_000, textBytes: 90, tty: true },
    readers: FEW,
  },
];

/** What is left then is the start of the process, which is in every other number as well. */
const START: Case = {
  name: "90 bytes, a single one",
  shape: { lines: 1, textBytes: 90 },
  readers: FEW,
};

const FAST_CASES: readonly Case[] = [
  {
    name: MAIN,
    shape: { lines: 1_000_000, textBytes: 90 },
    readers: [`${OURS}for await`, DOCKER_LOGS, `${OURS}batches()`],
  },
];

/** The CPU time that reading a finished log takes. */
export const reading: Row = {
  number: 1,
  run: async (context) => {
    const tables: Table[] = [];
    const charts: Chart[] = [];
    const broken: string[] = [];
    for (const one of context.fast ? FAST_CASES : [...CASES, START]) {
      const runs = await runCase(one, context);
      tables.push(tableOf(one, runs));
      if (one.name !== MAIN) continue;
      charts.push(chartOf(one, runs));
      broken.push(...brokenOf(runs));
    }
    return sectionOf(tables, charts, broken, context);
  },
};

type Runs = ReadonlyMap<string, readonly Run[]>;

async function runCase(one: Case, context: Context): Promise<Runs> {
  const { engine, progress } = context;
  progress(`row 1, ${one.name}: writing ${shown(one.shape.lines)} lines`);
  const log: Log = await makeLog(engine, one.shape);
  try {
    const rounds = (name: string): number => roundsOf(readerOf(name), context);
    return await inRounds(one.readers, rounds, async (name, round) => {
      const run = await readLog(readerOf(name), log, context);
      const cpu = perMillion(run.cpuSeconds, one);
      progress(`row 1, ${one.name}, round ${round + 1}: ${name}: ${shown(cpu)} s of CPU`);
      return run;
    });
  } finally {
    await engine.rm(log.id);
  }
}

function roundsOf({ isAside }: Reader, { runs, fast }: Context): number {
  const all = runs ?? (fast ? FAST_ROUNDS : ROUNDS);
  return isAside === true ? Math.min(ASIDE_ROUNDS, all) : all;
}

/** Of a single line: for itself. */
function perMillion(seconds: number, { shape }: Case): number {
  return shape.lines === 1 ? seconds : (seconds / shape.lines) * 1_000_000;
}

function cpuRatio(runs: Runs, name: string, base: string): Ratio | undefined {
  const baseRuns = runs.get(base);
  if (baseRuns === undefined) return undefined;
  return ratioOf((runs.get(name) ?? []).map(cpuOf), baseRuns.map(cpuOf));
}

function cpuOf(run: Run): number {
  return run.cpuSeconds;
}

function tableOf(one: Case, runs: Runs): Table {
  const byCost = [...runs].toSorted(([, a], [, b]) => median(a.map(cpuOf)) - median(b.map(cpuOf)));
  const hasPlain = runs.has(PLAIN);
  const unit = one === START ? "s" : "s per million";
  return {
    columns: [
      `lines of ${one.name}`,
      `CPU ${unit}`,
      `× ${DOCKER_LOGS}`,
      ...(hasPlain ? [`× ${PLAIN}`] : []),
      `wall ${unit}`,
      "peak RSS MB",
    ],
    rows: byCost.map(([name, measured]) => {
      const ratios = [DOCKER_LOGS, ...(hasPlain ? [PLAIN] : [])];
      return [
        name,
        shown(perMillion(median(measured.map(cpuOf)), one)),
        ...ratios.map((base) => {
          const ratio = cpuRatio(runs, name, base);
          return ratio === undefined ? "" : shownRatio(ratio);
        }),
        shown(perMillion(median(measured.map(({ wallSeconds }) => wallSeconds)), one)),
        megabytes(Math.max(...measured.map(({ peakBytes }) => peakBytes))),
      ];
    }),
  };
}

function chartOf(one: Case, runs: Runs): Chart {
  return {
    kind: "bars",
    name: "reading",
    title: `CPU time to read a million lines of ${one.name}`,
    unit: "seconds, user + system",
    bars: [...runs]
      .map(([label, all]) => ({ label, value: perMillion(median(all.map(cpuOf)), one) }))
      .toSorted((a, b) => a.value - b.value),
    ours: (label) => label.startsWith(OURS),
  };
}

/** By the best round: what else goes on makes single rounds worse, and a broken reader is bad in all of them. */
function brokenOf(runs: Runs): string[] {
  return LIMITED.flatMap((name) => {
    const ratio = cpuRatio(runs, name, DOCKER_LOGS)?.least ?? NaN;
    if (ratio <= BROKEN_RATIO) return [];
    return [
      `${name} takes ${shown(ratio)} × the CPU of ${DOCKER_LOGS}, more than ${BROKEN_RATIO} ×.`,
    ];
  });
}

function sectionOf(
  tables: readonly Table[],
  charts: readonly Chart[],
  broken: readonly string[],
  { fast, runs }: Context,
): Section {
  const rounds =
    runs === undefined && !fast
      ? `${ROUNDS} rounds (${ASIDE_ROUNDS} of the readers that only show where others stand)`
      : `${runs ?? FAST_ROUNDS} rounds`;
  return {
    row: 1,
    title: "CPU per line",
    text: [
      `Each reader is a program of its own that reads the whole log of a stopped container, with timestamps. What counts is
all the CPU time of the process, from its start to its end. ${rounds}; each goes through the readers in the order
opposite to the last one's. Medians; a ratio is that of two runs of the same round, with the least and the most of the
rounds in brackets. The last table is of the start of the process alone, which is in every number. What each reader counted
is compared with what was written.`,
      `Not here: docker-loghose, which can't read what was written before it attached, and gives no timestamps.`,
    ],
    tables,
    charts,
    broken,
  };
}

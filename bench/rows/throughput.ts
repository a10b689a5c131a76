import type { Context, Row } from "../context.ts";
import { untilWritten, writeAndStay } from "../logs.ts";
import { measure } from "../measure.ts";
import { runProgram } from "../programs.ts";
import { dockerLogs } from "../readers.ts";
import type { Section } from "../report.ts";
import { inRounds, median } from "../rounds.ts";
import { shown } from "../table.ts";

interface Outcome {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly engineSeconds: number;
}

const LINES = 600_000;
const TEXT_BYTES = 90;
const CONTAINERS = [1, 10, 50];
const ROUNDS = 3;
const POOL = "StreamPool, batches()";
const COMMAND = "docker logs -t, one for each";
const WAYS = [POOL, COMMAND] as const;
type Way = (typeof WAYS)[number];

/** Lines per second of many containers at once. */
export const throughput: Row = {
  number: 2,
  run: async (context) => {
    const rows: string[][] = [];
    for (const containers of CONTAINERS) rows.push(...(await measureAll(containers, context)));
    return sectionOf(rows, context);
  },
};

async function measureAll(containers: number, context: Context): Promise<string[][]> {
  const { engine, progress } = context;
  progress(`row 2: ${containers} containers write ${shown(LINES)} lines`);
  const script = writeAndStay(LINES / containers, TEXT_BYTES);
  const ids: string[] = [];
  try {
    for (let index = 0; index < containers; index++) {
      ids.push(await engine.run({ name: `lines-${index}`, script }));
    }
    for (const id of ids) await untilWritten(engine, id);
    const found = await inRounds(WAYS, context.runs ?? ROUNDS, async (way) => {
      const outcome = await measureWay(way, ids, context);
      progress(`row 2, ${containers}: ${way}: ${shown(LINES / outcome.wallSeconds)} lines/s`);
      return outcome;
    });
    return [...found].map(([way, outcomes]) => rowOf(containers, way, outcomes));
  } finally {
    for (const id of ids) await engine.rm(id);
  }
}

async function measureWay(way: Way, ids: readonly string[], context: Context): Promise<Outcome> {
  const { engine, env } = context;
  const before = engine.cpuSeconds();
  const { wallSeconds, cpuSeconds } =
    way === POOL
      ? await readByPool(context)
      : await measure(allAtOnce(engine.socketPath, ids), { env });
  return { wallSeconds, cpuSeconds, engineSeconds: engine.cpuSeconds() - before };
}

async function readByPool(context: Context): Promise<Outcome> {
  const options = { socketPath: context.engine.socketPath, names: ["lines-*"], lines: LINES };
  const outcome = await runProgram<{ counted: number }>("pool-lines", options, context);
  const { counted } = outcome.found;
  if (counted !== LINES) throw new Error(`The pool read ${counted} lines, not ${LINES}.`);
  return { ...outcome, engineSeconds: 0 };
}

function allAtOnce(socketPath: string, ids: readonly string[]): readonly string[] {
  const command = dockerLogs(socketPath, '"$id"').join(" ");
  const script = `for id in "$@"; do ${command} > /dev/null 2>&1 & done; wait`;
  return ["bash", "-c", script, "bash", ...ids];
}

function rowOf(containers: number, way: string, outcomes: readonly Outcome[]): string[] {
  const of = (value: (one: Outcome) => number): string => shown(median(outcomes.map(value)));
  return [
    `${containers}`,
    way,
    of(({ wallSeconds }) => LINES / wallSeconds),
    of(({ cpuSeconds }) => cpuSeconds),
    of(({ engineSeconds }) => engineSeconds),
    of(({ cpuSeconds, engineSeconds }) => (100 * cpuSeconds) / (cpuSeconds + engineSeconds)),
  ];
}

function sectionOf(rows: readonly (readonly string[])[], { runs }: Context): Section {
  return {
    row: 2,
    title: "Lines per second",
    text: [
      `${LINES.toLocaleString("en-US")} lines of ${TEXT_BYTES} bytes, spread over 1, 10 and 50 containers that still run, read from their start all at once, from the
start of the process to its end. Medians of ${runs ?? ROUNDS} rounds. The reader and the engine share the cores of the machine;
the last column is the reader's share of the CPU time of both.`,
    ],
    tables: [
      {
        columns: ["containers", "reader", "lines/s", "reader CPU s", "engine CPU s", "reader %"],
        rows,
      },
    ],
    charts: [],
    broken: [],
  };
}

import type { Context } from "../context.ts";
import { hasRoom } from "../disk.ts";
import { numberDigits, writeForEver } from "../logs.ts";
import { runProgram } from "../programs.ts";
import type { Chart, Table } from "../report.ts";
import { megabytes } from "../table.ts";

interface Case {
  readonly name: string;
  readonly textBytes: number;
  /** By a source where it is one, otherwise by a pool. */
  readonly containers: number;
  readonly bufferBytes: number;
}

interface Found {
  readonly rssBefore: number;
  readonly rss: readonly number[];
  readonly buffered: readonly number[];
  readonly counted: number;
}

interface Outcome {
  readonly one: Case;
  readonly found: Found;
}

/** What is shown of the cases. */
interface StalledFound {
  readonly table: Table;
  readonly chart: Chart;
  readonly broken: readonly string[];
}

const SECONDS = 60;
const MIB = 1_048_576;
/** What a process may grow by, besides `bufferBytes`. */
const GROWTH_BYTES = 64_000_000;
/** So many lines are read, and their numbers compared, behind what was read ahead. */
const LINES_BEHIND = 50_000;
/** Of `bufferBytes`: reading waits. */
const FULL = 0.95;
/** Far more than an engine writes meanwhile. */
const DISK_BYTES = 20_000_000_000;
const CASES: readonly Case[] = [
  { name: "source, 90 bytes", textBytes: 90, containers: 1, bufferBytes: MIB },
  { name: "source, empty lines", textBytes: 0, containers: 1, bufferBytes: MIB },
  { name: "pool, 90 bytes", textBytes: 90, containers: 5, bufferBytes: 8 * MIB },
  { name: "pool, 5 bytes", textBytes: 5, containers: 5, bufferBytes: 4 * MIB },
];

export const STALLED_TEXT: string = `Of a stalled consumer: containers write at full speed all the time, all cases at once; the consumer takes one batch and then
nothing for ${SECONDS} s. Limit: no more than \`bufferBytes\` and ${megabytes(GROWTH_BYTES)} MB above what the process took before it read anything. Then it
reads ${LINES_BEHIND.toLocaleString("en-US")} lines more than it had read ahead, and no number of a line may be missing.`;

/** Memory while a consumer takes nothing and containers write at full speed. */
export async function measureStalled(context: Context): Promise<StalledFound> {
  const { engine, progress } = context;
  if (!(await hasRoom(engine, DISK_BYTES))) {
    throw new Error(`There is too little free disk for ${SECONDS} s at full speed.`);
  }
  progress(`row 5: consumers are stalled for ${SECONDS} s`);
  const ids: string[] = [];
  try {
    const outcomes = await Promise.all(
      CASES.map(async (one, index) => {
        const names = Array.from({ length: one.containers }, (_, at) => `stall-${index}-${at}`);
        for (const name of names) {
          ids.push(await engine.run({ name, script: writeForEver(one.textBytes) }));
        }
        return { one, found: await stall(one, names, context) };
      }),
    );
    return { table: tableOf(outcomes), chart: chartOf(outcomes), broken: brokenOf(outcomes) };
  } finally {
    for (const id of ids) await engine.rm(id);
  }
}

async function stall(one: Case, names: readonly string[], context: Context): Promise<Found> {
  const { socketPath } = context.engine;
  const { textBytes, bufferBytes } = one;
  const options = {
    socketPath,
    names,
    digits: numberDigits(textBytes),
    bufferBytes,
    seconds: SECONDS,
    linesBehind: LINES_BEHIND,
  };
  const { found } = await runProgram<Found>("stall", options, context, ["--expose-gc"]);
  context.progress(`row 5, stalled, ${one.name}: ${megabytes(growthOf(found))} MB more`);
  return found;
}

function growthOf({ rssBefore, rss }: Found): number {
  return Math.max(...rss) - rssBefore;
}

function limitOf({ bufferBytes }: Case): number {
  return bufferBytes + GROWTH_BYTES;
}

function brokenOf(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap(({ one, found }) => {
    const growth = growthOf(found);
    if (growth <= limitOf(one)) return [];
    const limit = megabytes(limitOf(one));
    return [
      `Stalled, ${one.name}: memory grows by ${megabytes(growth)} MB, more than ${limit} MB.`,
    ];
  });
}

function tableOf(outcomes: readonly Outcome[]): Table {
  return {
    columns: [
      `stalled for ${SECONDS} s`,
      "containers",
      "bufferBytes MB",
      "bufferedBytes MB, most",
      "full after s",
      "RSS MB before",
      "after 10 s",
      "most",
      "at last",
      "growth MB",
      "limit",
      "lines read",
    ],
    rows: outcomes.map(({ one, found }) => [
      one.name,
      `${one.containers}`,
      megabytes(one.bufferBytes),
      megabytes(Math.max(...found.buffered)),
      shownSecond(found.buffered.findIndex((bytes) => bytes >= FULL * one.bufferBytes)),
      megabytes(found.rssBefore),
      megabytes(found.rss[10] ?? NaN),
      megabytes(Math.max(...found.rss)),
      megabytes(found.rss.at(-1) ?? NaN),
      megabytes(growthOf(found)),
      megabytes(limitOf(one)),
      found.counted.toLocaleString("en-US"),
    ]),
  };
}

function shownSecond(second: number): string {
  return second === -1 ? "–" : `${second}`;
}

function chartOf(outcomes: readonly Outcome[]): Chart {
  return {
    kind: "lines",
    name: "stalled",
    title: "Memory of a process whose consumer takes nothing",
    unit: "RSS, MB",
    x: "seconds",
    series: outcomes.map(({ one, found }) => ({
      label: one.name,
      points: found.rss.map((bytes, second) => [second, Math.round(bytes / 100_000) / 10] as const),
    })),
  };
}

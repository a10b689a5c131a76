import type { Context } from "../context.ts";
import { writeAndStay } from "../logs.ts";
import { runProgram } from "../programs.ts";
import type { Chart, Table } from "../report.ts";
import { megabytes } from "../table.ts";

interface Case {
  readonly name: string;
  readonly textBytes: number;
  /** By a source where it is one, otherwise by a pool. */
  readonly containers: number;
  readonly lines: number;
  /** The default of what reads. */
  readonly bufferBytes: number;
}

interface Found {
  readonly rss: readonly number[];
  readonly buffered: number;
  readonly counted: number;
}

const SECONDS = 60;
const MIB = 1_048_576;
const CASES: readonly Case[] = [
  { name: "source, 90 bytes", textBytes: 90, containers: 1, lines: 1_000_000, bufferBytes: MIB },
  { name: "source, 5 bytes", textBytes: 5, containers: 1, lines: 1_000_000, bufferBytes: MIB },
  { name: "pool, 90 bytes", textBytes: 90, containers: 10, lines: 200_000, bufferBytes: 32 * MIB },
  { name: "pool, 5 bytes", textBytes: 5, containers: 10, lines: 200_000, bufferBytes: 32 * MIB },
];

/** Memory while a consumer takes nothing and containers write at full speed. All cases at the same time. */
export async function measureStalled(
  context: Context,
): Promise<{ readonly table: Table; readonly chart: Chart }> {
  const { engine, progress } = context;
  progress(`row 5: consumers are stalled for ${SECONDS} s`);
  const ids: string[] = [];
  try {
    const outcomes = await Promise.all(
      CASES.map(async (one, index) => {
        const names = Array.from({ length: one.containers }, (_, at) => `stall-${index}-${at}`);
        for (const name of names) {
          ids.push(await engine.run({ name, script: writeAndStay(one.lines, one.textBytes) }));
        }
        const lines = one.lines * one.containers;
        const options = { socketPath: engine.socketPath, names, lines, seconds: SECONDS };
        const { found } = await runProgram<Found>("stall", options, context);
        if (found.counted !== lines) {
          throw new Error(`${one.name}: ${found.counted} lines came, not ${lines}.`);
        }
        return { one, found };
      }),
    );
    return { table: tableOf(outcomes), chart: chartOf(outcomes) };
  } finally {
    for (const id of ids) await engine.rm(id);
  }
}

interface Outcome {
  readonly one: Case;
  readonly found: Found;
}

function tableOf(outcomes: readonly Outcome[]): Table {
  return {
    columns: [
      `stalled for ${SECONDS} s`,
      "containers",
      "bufferBytes MB",
      "bufferedBytes MB, most",
      "RSS MB at first",
      "RSS MB, most",
      "RSS MB at last",
      "lines counted in the end",
    ],
    rows: outcomes.map(({ one, found: { rss, buffered, counted } }) => [
      one.name,
      `${one.containers}`,
      megabytes(one.bufferBytes),
      megabytes(buffered),
      megabytes(rss[0] ?? 0),
      megabytes(Math.max(...rss)),
      megabytes(rss.at(-1) ?? 0),
      counted.toLocaleString("en-US"),
    ]),
  };
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

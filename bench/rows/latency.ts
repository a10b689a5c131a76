import type { Context, Row } from "../context.ts";
import { runProgram } from "../programs.ts";
import type { Section } from "../report.ts";
import { inRounds, median, quantile } from "../rounds.ts";
import { shown } from "../table.ts";

interface Found {
  readonly ms: readonly number[];
}

export const LINES = 200;
export const APART_MS = 20;
const ROUNDS = 3;
/** What is aimed at. */
const LIMIT_MS = 2;
const WAYS = ["dockspool for await", "http.get"] as const;
/** It waits for its reader; then a line, and a pause, and so on. */
const QUIET = `sleep 2; i=0; while [ $i -lt ${LINES} ]; do echo "line $i"; usleep ${APART_MS * 1_000}; i=$((i+1)); done; sleep 100000`;
const NOISE = `yes ${"0123456789".repeat(9)}`;
const NOISE_OPTIONS = { "max-size": "50m", "max-file": "2" };

/** From the engine's timestamp to the consumer. */
export const latency: Row = {
  number: 3,
  run: async (context) => {
    const quiet = await measureAll("quiet", undefined, context);
    const { engine } = context;
    const noise = await engine.run({ script: NOISE, options: NOISE_OPTIONS });
    try {
      return sectionOf([...quiet, ...(await measureAll("under load", noise, context))], context);
    } finally {
      await engine.rm(noise);
    }
  },
};

async function measureAll(
  name: string,
  noise: string | undefined,
  context: Context,
): Promise<string[][]> {
  const { progress } = context;
  const found = await inRounds(WAYS, context.runs ?? ROUNDS, async (way) => {
    const ms = await measureLatency(
      { noise, way: way === "http.get" ? "plain" : "dockspool" },
      context,
    );
    progress(`row 3, ${name}: ${way}: median ${shown(median(ms))} ms`);
    return ms;
  });
  return [...found].map(([way, all]) => [
    name,
    way,
    ...[0.5, 0.9, 0.99].map((share) => shown(median(all.map((ms) => quantile(ms, share))))),
  ]);
}

/** Milliseconds of each line of a quiet container's. */
export async function measureLatency(
  how: {
    readonly way: "plain" | "dockspool";
    readonly noise?: string | undefined;
    readonly read?: "engine" | "files";
  },
  context: Context,
): Promise<readonly number[]> {
  const { engine } = context;
  const id = await engine.run({ script: QUIET });
  try {
    const options = { socketPath: engine.socketPath, container: id, lines: LINES, ...how };
    const { found } = await runProgram<Found>("latency", options, context);
    const { ms } = found;
    if (ms.length !== LINES) throw new Error(`${ms.length} lines came, not ${LINES}.`);
    return ms;
  } finally {
    await engine.rm(id);
  }
}

function sectionOf(rows: readonly (readonly string[])[], { runs }: Context): Section {
  return {
    row: 3,
    title: "Latency of a line",
    text: [
      `${LINES} lines, ${APART_MS} ms apart: from the engine's timestamp of a line to the moment when the consumer has it. Quiet: the
process follows that container alone. Under load: it follows another one as well, which writes at full speed; the engine, too, has its
hands full then. Medians of ${runs ?? ROUNDS} rounds. Limit on a quiet stream: p99 no more than ${LIMIT_MS} ms above the plain reader's.`,
    ],
    tables: [{ columns: ["stream", "reader", "p50 ms", "p90 ms", "p99 ms"], rows }],
    charts: [],
    broken: [],
  };
}

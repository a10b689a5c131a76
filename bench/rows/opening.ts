import type { Context, Row } from "../context.ts";
import { startFake } from "../fake.ts";
import { writeAndStay } from "../logs.ts";
import { runProgram } from "../programs.ts";
import type { Table } from "../report.ts";
import { inRounds, median, quantile } from "../rounds.ts";
import { shown } from "../table.ts";

/** In a round. */
const TIMES = 20;
const ROUNDS = 3;
const SOURCES = 1_000;
const ATTACH = "pool.attach() to the first line";
const PLAIN = "http.get to the first byte";

/** How long it takes to begin and to end. */
export const opening: Row = {
  number: 6,
  run: async (context) => ({
    row: 6,
    title: "Opening and closing",
    text: [
      `The last line of a running container's log at a real engine, ${TIMES} times in each round. And a pool of ${SOURCES.toLocaleString("en-US")} quiet containers at the engine
of \`dockspool/testing\`, in a process of its own: until all streams are open, and then \`close()\`. Medians of ${context.runs ?? ROUNDS} rounds.`,
    ],
    tables: [await measureFirstLine(context), await measureClose(context)],
    charts: [],
    broken: [],
  }),
};

async function measureFirstLine(context: Context): Promise<Table> {
  const { engine, progress } = context;
  const container = await engine.run({ script: writeAndStay(1_000, 90) });
  try {
    const found = await inRounds([ATTACH, PLAIN], context.runs ?? ROUNDS, async (name) => {
      const way = name === PLAIN ? "plain" : "pool";
      const options = { socketPath: engine.socketPath, container, way, times: TIMES };
      const outcome = await runProgram<{ ms: readonly number[] }>("attach", options, context);
      progress(`row 6: ${name}: ${shown(median(outcome.found.ms))} ms`);
      return outcome.found.ms;
    });
    const rows = [...found].map(([name, all]) => [
      name,
      ...[0.5, 0.95].map((share) => shown(quantile(all.flat(), share))),
    ]);
    return { columns: ["opening", "p50 ms", "p95 ms"], rows };
  } finally {
    await engine.rm(container);
  }
}

async function measureClose(context: Context): Promise<Table> {
  await using fake = await startFake(SOURCES);
  const openMs: number[] = [];
  const closeMs: number[] = [];
  for (let round = 0; round < (context.runs ?? ROUNDS); round++) {
    const options = { engine: fake.engine, streams: SOURCES };
    type Found = { readonly openMs: number; readonly closeMs: number };
    const { found } = await runProgram<Found>("close", options, context);
    openMs.push(found.openMs);
    closeMs.push(found.closeMs);
    context.progress(`row 6: close() of ${SOURCES} sources: ${shown(found.closeMs)} ms`);
  }
  return {
    columns: ["sources", "all open after ms", "close() ms"],
    rows: [[`${SOURCES}`, shown(median(openMs)), shown(median(closeMs))]],
  };
}

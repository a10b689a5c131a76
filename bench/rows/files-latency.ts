import type { Context } from "../context.ts";
import { inRounds, median, quantile } from "../rounds.ts";
import { shown } from "../table.ts";
import type { FilesPart } from "./files-part.ts";
import { APART_MS, LINES, measureLatency } from "./latency.ts";

const ROUNDS = 3;
const WAYS = ["files", "engine"] as const;

/** From the engine's timestamp to the consumer, of single lines. */
export async function measureFilesLatency(context: Context): Promise<FilesPart> {
  const found = await inRounds(WAYS, context.runs ?? ROUNDS, async (read) => {
    const ms = await measureLatency({ way: "dockspool", read }, context);
    context.progress(`row 10, latency by ${read}: median ${shown(median(ms))} ms`);
    return ms;
  });
  const of = (read: (typeof WAYS)[number], share: number): string =>
    shown(median((found.get(read) ?? []).map((ms) => quantile(ms, share))));
  return {
    text: `**Latency**: ${LINES} lines, ${APART_MS} ms apart, from the engine's timestamp to the consumer, as in row 3. Medians of ${context.runs ?? ROUNDS} rounds.
Goal: no more than by the engine.`,
    tables: [
      {
        columns: ["read", "p50 ms", "p90 ms", "p99 ms"],
        rows: WAYS.map((read) => [read, of(read, 0.5), of(read, 0.9), of(read, 0.99)]),
      },
    ],
    broken: [],
  };
}

import type { Row } from "../context.ts";
import { measureIdle } from "./idle.ts";
import { measureStalled } from "./stalled.ts";

/** Memory and descriptors. */
export const memory: Row = {
  number: 5,
  run: async (context) => {
    const idle = await measureIdle(context);
    const { table, chart } = await measureStalled(context);
    return {
      row: 5,
      title: "Memory",
      text: [
        `Of idle streams: memory (RSS, after a collection of garbage) and descriptors of a process that follows all containers,
less those of one that follows ten, divided by the difference. Medians of ${context.runs ?? 3} rounds. The fake engine is that of
\`dockspool/testing\`, in a process of its own.`,
        `Of a stalled consumer: containers write at full speed, the consumer takes one batch and then nothing for a minute. Then it
takes the rest, and every line is counted.`,
      ],
      tables: [idle, table],
      charts: [chart],
      broken: [],
    };
  },
};

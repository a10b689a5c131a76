import type { Row } from "../context.ts";
import { IDLE_TEXT, measureIdle } from "./idle.ts";
import { STALLED_TEXT, measureStalled } from "./stalled.ts";

/** Memory and descriptors. */
export const memory: Row = {
  number: 5,
  run: async (context) => {
    const idle = await measureIdle(context);
    const stalled = await measureStalled(context);
    return {
      row: 5,
      title: "Memory",
      text: [IDLE_TEXT, STALLED_TEXT],
      tables: [idle.table, stalled.table],
      charts: [stalled.chart],
      broken: [...idle.broken, ...stalled.broken],
    };
  },
};

import type { Row } from "../context.ts";
import { measureAlone } from "./files-alone.ts";
import { measureFilesIdle } from "./files-idle.ts";
import { measureFilesLatency } from "./files-latency.ts";
import type { FilesPart } from "./files-part.ts";
import { measureFilesReading } from "./files-reading.ts";
import { measureFilesRotating } from "./files-rotating.ts";

/** Reading from the engine's log files. */
export const files: Row = {
  number: 10,
  run: async (context) => {
    const parts: FilesPart[] = [];
    parts.push(await measureFilesReading(context), await measureAlone(context));
    if (!context.fast)
      parts.push(await measureFilesLatency(context), await measureFilesIdle(context));
    parts.push(await measureFilesRotating(context));
    return {
      row: 10,
      title: "From files",
      text: [
        `With \`read: "files"\`, in one run with what it is compared with. ${parts[0]?.text ?? ""}`,
        ...parts.slice(1).map(({ text }) => text),
        "The tables stand in this order.",
      ],
      tables: parts.flatMap(({ tables }) => tables),
      charts: [],
      broken: parts.flatMap(({ broken }) => broken),
    };
  },
};

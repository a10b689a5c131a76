import type { LogBatch, LogRecord } from "../index.ts";
import { coloursOf } from "./colours.ts";
import { LineFormat, jsonLine } from "./line-format.ts";
import { Palette } from "./palette.ts";
import type { Settings } from "./settings.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Look } from "./table/layout.ts";

/** What is printed of records, and in which colours. */
export interface Printing {
  readonly text: (records: LogBatch) => string;
  readonly look: Look;
}

export function printingOf(
  { format, grep }: Pick<Settings, "format" | "grep">,
  { stdout, env }: Surroundings,
): Printing {
  const colours = coloursOf(stdout, env);
  const palette = new Palette(colours);
  const lines = new LineFormat(colours, palette);
  const one = format === "json" ? jsonLine : (record: LogRecord): string => lines.text(record);
  const wanted = (records: LogBatch): LogBatch =>
    grep === undefined ? records : records.filter(({ line }) => grep.test(line));
  return {
    text: (records) => wanted(records).map(one).join(""),
    look: { colours, palette },
  };
}

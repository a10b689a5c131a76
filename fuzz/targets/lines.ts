import type { Entries } from "../../src/wire/entry.ts";
import { FrameEntries } from "../../src/wire/frame-entries.ts";
import { LineAssembler } from "../../src/wire/lines.ts";
import type { LineOptions } from "../../src/wire/lines.ts";
import type { ContainerInfo, LogRecord } from "../../src/wire/records.ts";
import { wholeLines } from "../../src/wire/whole-lines.ts";
import { hold, same } from "../target.ts";

const container: ContainerInfo = {
  id: "0123456789ab".repeat(6).slice(0, 64),
  name: "web",
  image: "web:1",
  labels: {},
  tty: false,
  logDriver: "json-file",
  engine: "default",
};

const BOUNDS = [1, 5, 100, 1_048_576];

/** Lines are the same however the log was cut, and none is longer than `maxLineBytes`. @throws Finding */
export function checkLines(
  whole: readonly Entries[],
  cut: readonly Entries[],
  choice: number,
): void {
  const options: LineOptions = {
    maxLineBytes: BOUNDS[choice & 3] ?? 1,
    encoding: (choice & 4) === 0 ? "utf8" : "latin1",
    joining: (choice & 8) === 0 ? "by-timestamp" : "by-newline",
  };
  const own = linesOf(whole, options);
  same("the lines", own.map(readable), linesOf(cut, options).map(readable));
  for (const { line, truncated } of own) {
    // A byte that is no UTF-8 is shown as three.
    const factor = options.encoding === "latin1" ? 2 : 3;
    hold(Buffer.byteLength(line) <= factor * options.maxLineBytes, "a line is too long");
    hold(!truncated || options.maxLineBytes < 1_048_576, "a short line is truncated");
  }
}

/** As the library makes them, by the quick way where that may be taken. */
function linesOf(given: readonly Entries[], options: LineOptions): LogRecord[] {
  const assembler = new LineAssembler(options);
  const records: LogRecord[] = [];
  for (const entries of given) {
    if (entries instanceof FrameEntries && assembler.takesWhole(entries)) {
      assembler.passWhole(entries);
      records.push(...wholeLines(entries, entries.length, container, options.encoding));
      continue;
    }
    const some: Parameters<LineAssembler["push"]>[2] = [];
    for (const entry of entries) assembler.push(entry, container, some);
    records.push(...some);
  }
  const last: Parameters<LineAssembler["flush"]>[1] = [];
  assembler.flush(container, last);
  return [...records, ...last];
}

function readable({ stream, timestamp, line, truncated, id }: LogRecord): unknown {
  return { stream, timestamp, line, truncated, id };
}

import type { BatchBuffer } from "../queue/buffer.ts";
import type { Consumer } from "../queue/consumer.ts";
import type { Position } from "../resume/position.ts";
import type { Entries } from "../wire/entry.ts";
import type { CutLine } from "../wire/lines.ts";
import type { ResolvedMultiline } from "./multiline.ts";
import type { Skip } from "./skip.ts";

/** Which lines are records, and how they are made. */
export interface LineOptions {
  readonly streams: ReadonlySet<string>;
  readonly encoding: "utf8" | "latin1";
  readonly maxLineBytes: number;
  readonly multiline: ResolvedMultiline | undefined;
}

/** Where reading begins. */
export interface Start {
  readonly position: Position;
  readonly skip?: Skip | undefined;
}

/** Where what is read goes, and who is told of it. */
export interface ReadingOutput {
  readonly buffer: BatchBuffer;
  readonly consumer: Consumer;
  readonly truncated: (line: CutLine) => void;
  /** These entries came, and were not read before. */
  readonly came: (entries: Entries) => void;
  /** Since when a silence is the log's own, by `performance.now()`; undefined while lines are kept back. */
  readonly quietSince: () => number | undefined;
}

import { existsSync, readFileSync, statSync, truncateSync } from "node:fs";

import type { LogStream, PoolOptions } from "../../src/index.ts";

/** What the collector is to do; its only argument, as JSON. */
export interface CollectorTask {
  readonly socketPath: string;
  /** Follows containers with this value of label "dockspool.test". */
  readonly label: string;
  /** Counted from 1. */
  readonly run: number;
  readonly checkpointFile: string;
  /** What the sink appends to. */
  readonly recordFile: string;
  readonly journalFile: string;
  readonly reading: Pick<PoolOptions, "read" | "files">;
}

/** A line as the sink has written it. */
export interface WrittenRecord {
  readonly run: number;
  readonly id: string;
  readonly container: string;
  readonly stream: LogStream;
  readonly timestamp: string;
  readonly line: string;
}

/** Of a container's records in this run: certainly acknowledged, and possibly. */
export type Acknowledged = readonly [atLeast: number, atMost: number];

/** What a collector did, written before it went on. */
export type JournalEntry =
  | { readonly type: "save"; readonly acknowledged: Readonly<Record<string, Acknowledged>> }
  | { readonly type: "saved" }
  | { readonly type: "deleted"; readonly keys: readonly string[] }
  | {
      readonly type: "status";
      readonly status: string;
      readonly container?: string | undefined;
      readonly detail?: unknown;
    };

/** The complete lines of a file from a byte on. What the kill cut off in mid-line was in flight: it is removed. */
export function readWhole(
  path: string,
  from = 0,
): { readonly lines: string[]; readonly end: number } {
  if (!existsSync(path)) return { lines: [], end: from };
  const size = statSync(path).size;
  const bytes = readFileSync(path).subarray(from);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (from + end < size) truncateSync(path, from + end);
  const lines = bytes.toString("utf8", 0, end).split("\n").slice(0, -1);
  return { lines, end: from + end };
}

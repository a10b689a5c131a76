import { readFileSync } from "node:fs";
import type { EngineOptions, Fitness, SourceOptions } from "../src/index.ts";
import type { CollectorPlan } from "./plan.ts";

/** What a collector is started with; its only argument, as JSON. */
export interface CollectorTask {
  /** The folder of the built library. */
  readonly library: string;
  readonly engine: EngineOptions;
  readonly plan: CollectorPlan;
  /** How this one reads. */
  readonly read: NonNullable<SourceOptions["read"]>;
  /** Where the engine keeps its files; undefined: nowhere. */
  readonly dataRoot: string | undefined;
  readonly checkpointFile: string;
  readonly journalFile: string;
}

export type SinkMode = "ok" | "throws" | "hangs" | "slow" | "calls back";

/** What a collector is told. */
export type Order =
  | { readonly order: "rotate"; readonly container: string | undefined }
  | { readonly order: "attach" | "detach"; readonly container: string }
  | { readonly order: "sink"; readonly mode: SinkMode }
  | { readonly order: "close" };

/** What it says of itself, a few times a second. */
export interface Sample {
  readonly at: number;
  readonly health: Fitness;
  /** Of what is not healthy. */
  readonly detail: string;
  readonly ready: boolean;
  readonly tasks: number;
  readonly sockets: number;
  readonly containers: number;
  readonly rotations: number;
  readonly bufferedBytes: number;
  readonly rssBytes: number;
  readonly descriptors: number;
  /** By container id: its source's state. */
  readonly states: Readonly<Record<string, string>>;
  /** By container id: the timestamp of the last line that came. */
  readonly lastLines: Readonly<Record<string, string>>;
  /** A batch is in the consumer's hands, or it does not ask. */
  readonly isConsumerBusy: boolean;
  readonly lines: number;
}

/** Of a container's records in this run: certainly acknowledged, and possibly. */
export type Acknowledged = readonly [atLeast: number, atMost: number];

export type JournalEntry =
  | readonly [
      type: "record",
      at: number,
      container: string,
      stream: string,
      timestamp: string,
      isTruncated: boolean,
      id: string,
      line: string,
    ]
  | readonly [type: "status", at: number, name: string, container: string, detail: unknown]
  | readonly [type: "sample", sample: Sample]
  | readonly [type: "save", acknowledged: Readonly<Record<string, Acknowledged>>]
  | readonly [type: "saved"]
  | readonly [type: "detach" | "attach", at: number, container: string]
  /** What must never happen: an unhandled rejection, say. */
  | readonly [type: "problem", at: number, text: string]
  | readonly [type: "note", at: number, text: string]
  | readonly [type: "closed", at: number];

/** What a run of a collector wrote; a line that a kill cut off is left out. */
export function readJournal(path: string): JournalEntry[] {
  const lines = readFileSync(path, "utf8").split("\n");
  lines.pop();
  return lines.map((line): JournalEntry => JSON.parse(line));
}

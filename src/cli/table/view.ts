import type { Fitness } from "../../index.ts";

/** A container in the table. */
export interface TableRow {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly lines: number;
  readonly linesPerSecond: number;
  readonly rotations: number;
  readonly turns: number;
  readonly gaps: number;
}

/** What the table shows. */
export interface TableView {
  /** The engine, or "demo". */
  readonly label: string;
  readonly health: Fitness;
  /** What is wrong, in sentences, the worst first. */
  readonly troubles: readonly string[];
  /** The busiest first. */
  readonly containers: readonly TableRow[];
  readonly streamsOpen: number;
  readonly streamsMax: number;
  readonly streamsWaiting: number;
  readonly lines: number;
  readonly linesPerSecond: number;
  readonly rotations: number;
  readonly reconnects: number;
  readonly gaps: number;
  readonly tasks: number;
  readonly sockets: number;
}

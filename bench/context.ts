import type { RealEngine } from "../test/support/real-engine/engine.ts";
import type { Section } from "./report.ts";

/** What a row of the benchmark is run with. */
export interface Context {
  readonly engine: RealEngine;
  /** For programs that are measured: nothing in it points at another engine. */
  readonly env: NodeJS.ProcessEnv;
  /** Only what a check needs, with few runs. */
  readonly fast: boolean;
  /** So many rounds, where the row's own number does not do. */
  readonly runs: number | undefined;
  readonly progress: (text: string) => void;
}

export interface Row {
  readonly number: number;
  /** Undefined: what it needs is not installed, as it says by `progress`. */
  readonly run: (context: Context) => Promise<Section | undefined>;
}

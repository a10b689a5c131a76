import type { ContainerFigures, Figures } from "./figures.ts";

/** Told of what is measured one by one; all else is read from `figures()`. */
export interface Observer {
  readonly sinkJoined?: (sink: string) => void;
  /** A rotation has ended with a new stream. */
  readonly rotated?: (engine: string, seconds: number) => void;
  /** A batch was taken, or given up: from its first attempt on. */
  readonly delivered?: (sink: string, seconds: number) => void;
  /** A container is not followed any more. */
  readonly left?: (last: ContainerFigures) => void;
}

/** What a pool shows to those who measure it. */
export interface Instruments {
  /** As they are now. */
  figures(): Figures;
  /** Returns what ends that. */
  observe(observer: Observer): () => void;
}

/** Where a pool has its instruments; the same in each build of this package. */
export const INSTRUMENTS: unique symbol = Symbol.for("dockspool.instruments");

/** A pool, as the entry points for metrics know it. */
export interface Instrumented {
  /** @internal */
  readonly [INSTRUMENTS]: Instruments;
}

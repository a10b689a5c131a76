import type { Act, ContainerKind, EngineFault } from "./plan.ts";

/** Where the end of a run, or of a file, may have cut a line in two. */
export interface Cut {
  readonly head: string;
  readonly tail: string;
  /** The tail's. */
  readonly timestamp: string;
}

/** One line that the engine's log had, in the log's order. */
export interface TrueLine {
  readonly stream: string;
  readonly timestamp: string;
  readonly line: string;
  /** When it was written, by the clock of `monotonicMs`. */
  readonly writtenAt: number;
  /** It stood where the log was damaged by hand, so that how it is read is not certain. */
  readonly isDamaged: boolean;
  /** Where it may come as two lines. */
  readonly cuts: readonly Cut[];
  /** When the engine threw it away; undefined: it has it still. */
  readonly droppedAt: number | undefined;
}

/** A container that there was in a run. */
export interface WorldContainer {
  readonly name: string;
  readonly id: string;
  readonly kind: ContainerKind | "flash";
  readonly createdAt: number;
  /** By hand: lines of it may be lost, and gaps must say so. */
  isDamaged: boolean;
  removedAt: number | undefined;
  /** When it began to run, and when it was stopped, by whatever is known of that. */
  readonly changes: (readonly [at: number, isUp: boolean])[];
}

/** Since when it ran at a moment; undefined: it did not. */
export function upSince({ changes }: WorldContainer, at: number): number | undefined {
  const last = changes.findLast(([when]) => when <= at);
  return last?.[1] === true ? last[0] : undefined;
}

export type ContainerAct = Exclude<
  Act,
  { kind: "rotate" | "detach" | "attach" | "collector closed" | "collector killed" }
>;

/** When something was so, by `monotonicMs()`. */
export interface Span {
  readonly from: number;
  to: number;
}

/** An engine with its containers, whose logs are known beside what the collector reads. */
export interface World extends AsyncDisposable {
  /** The engine's own word. */
  readonly version: string;
  /** Where the engine listens. */
  readonly socketPath: string;
  /** Where its files are; undefined: it has none. */
  readonly dataRoot: string | undefined;
  readonly containers: readonly WorldContainer[];
  /** When the engine had ended by itself, until it was there again. */
  readonly crashes: readonly Span[];
  /** By the name it had at first. */
  find(name: string): WorldContainer | undefined;
  do(act: ContainerAct): Promise<void>;
  /** Returns what ends it. */
  begin(fault: EngineFault): Promise<() => Promise<void>>;
  /** Starts every container that does not run. */
  startAll(): Promise<void>;
  /** Stops every container, so that their logs have an end. */
  stopAll(): Promise<void>;
  truth(container: WorldContainer): Promise<TrueLine[]>;
}

/** Milliseconds by a clock that all processes share and nobody sets. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

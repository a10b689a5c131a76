/** Phases of a container's stream, as series name them: "catching-up" is "catching_up". */
export const PHASES = [
  "idle",
  "locating",
  "waiting",
  "opening",
  "aligning",
  "catching_up",
  "following",
  "closing",
  "reconnecting",
  "stopped",
  "ended",
] as const;

/** How a log is read. */
export const VIA = ["engine", "files"] as const;

export type PhaseName = (typeof PHASES)[number];

/** What was read and delivered. */
export interface FlowFigures {
  /** Read, of the chosen streams. */
  readonly lines: { readonly stdout: number; readonly stderr: number };
  /** Text of those lines. */
  readonly bytes: number;
  /** Of those lines, taken and acknowledged. */
  readonly delivered: number;
  /** Places where lines are lost. */
  readonly gaps: number;
}

/** What a container's source has counted, and does now. */
export interface ContainerFigures extends FlowFigures {
  /** The key of its engine in `engines`, or "default". */
  readonly engine: string;
  readonly id: string;
  readonly name: string;
  readonly phase: PhaseName;
  /** How its log is read, or was last; undefined before its first stream. */
  readonly via?: (typeof VIA)[number] | undefined;
  /** Completed. */
  readonly rotations: number;
  /** Since its stream was opened, in seconds; 0 while none is open. */
  readonly streamAge: number;
  readonly reconnects: number;
  readonly stalls: number;
  /** How far what is delivered is behind what was written, in seconds. */
  readonly lag: number;
}

/** One engine of a pool. Its flow includes containers that are gone. */
export interface EngineFigures extends FlowFigures {
  readonly name: string;
}

/** So often, where the labels have these values. */
export interface Count<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

/** What a pool has counted, and does now: what a scrape reads. */
export interface Figures {
  readonly tasks: number;
  readonly sockets: number;
  readonly streamsOpen: number;
  readonly streamsMax: number;
  readonly streamsWaiting: number;
  readonly bufferBytes: number;
  readonly bufferLimitBytes: number;
  readonly engines: readonly EngineFigures[];
  readonly containers: readonly ContainerFigures[];
  /** Containers that wait for their lease. */
  readonly standby: readonly Count<"engine">[];
  /** Streams that failed; `reason`: the error's code. */
  readonly errors: readonly Count<"engine" | "reason">[];
  /** Containers that were removed before their log was known to be read to its end. */
  readonly cutShort: readonly Count<"engine">[];
  /** What engines told of containers. */
  readonly events: readonly Count<"engine" | "action">[];
  readonly batches: readonly Count<"sink" | "outcome">[];
  readonly retries: readonly Count<"sink">[];
  readonly saves: readonly Count<"outcome">[];
  /** Since when a position has waited to be saved, in seconds; 0 where none does. */
  readonly checkpointAge: number;
  /** 1 is healthy, 0.5 degraded, 0 unhealthy. */
  readonly health: readonly Count<"component">[];
  readonly isReady: boolean;
}

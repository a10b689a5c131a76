/** What a container's source has counted and does now. */
export interface ContainerFigures {
  /** The key of its engine in `engines`, or "default". */
  readonly engine: string;
  readonly id: string;
  readonly name: string;
  /** One of PHASES. */
  readonly phase: string;
  /** Completed. */
  readonly rotations: number;
  /** Since its stream was opened, in seconds; undefined while none is open. */
  readonly streamAge: number | undefined;
  readonly reconnects: number;
  readonly stalls: number;
  readonly gaps: number;
  /** Read, of each stream. */
  readonly lines: { readonly stdout: number; readonly stderr: number };
  /** Text of those lines. */
  readonly bytes: number;
  /** How far what is delivered is behind, in seconds by the engine's clock. */
  readonly lag: number;
}

/** So often, for each of these labels' values. */
export interface Count<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

/** What a pool has counted and does now: what a scrape reads. Totals include containers that are gone. */
export interface Figures {
  readonly tasks: number;
  readonly sockets: number;
  readonly streamsOpen: number;
  readonly streamsMax: number;
  readonly streamsWaiting: number;
  readonly bufferBytes: number;
  readonly bufferLimitBytes: number;
  readonly containers: readonly ContainerFigures[];
  /** Names of the pool's engines. */
  readonly engines: readonly string[];
  /** Log streams that failed; `reason`: the error's code. */
  readonly errors: readonly Count<"engine" | "reason">[];
  /** What the engines told of containers. */
  readonly events: readonly Count<"engine" | "action">[];
  readonly batches: readonly Count<"sink" | "outcome">[];
  readonly retries: readonly Count<"sink">[];
  readonly checkpointWrites: readonly Count<"outcome">[];
  /** Since positions were saved last, or needed no saving, in seconds; undefined where none are kept. */
  readonly checkpointAge: number | undefined;
  /** 1, 0.5 and 0: healthy, degraded, unhealthy. */
  readonly health: readonly Count<"component">[];
  readonly isReady: boolean;
}

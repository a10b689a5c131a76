/** Counted over all streams; of the current one, where it says so. */
export interface StreamStats {
  readonly generation: number;
  readonly rotations: number;
  readonly stalls: number;
  readonly gaps: number;
  /** Running now. */
  readonly tasks: number;
  readonly isReading: boolean;
  /** By `steadyNow()`. */
  readonly lastByteAt: number | undefined;
  /** When the current one is rotated at the latest, by `steadyNow()`. */
  readonly rotatesBy: number | undefined;
}

/** What is counted over all streams. Statistics of thousands are read at once: a spread of it takes several times as long. */
export interface StreamCounts {
  stalls: number;
  gaps: number;
  /** When bytes came last, by `steadyNow()`. */
  lastByteAt: number | undefined;
}

/** Counted over all streams; of the current one, where it says so. */
export interface StreamStats {
  readonly generation: number;
  readonly rotations: number;
  readonly stalls: number;
  readonly gaps: number;
  /** Running now. */
  readonly tasks: number;
  readonly isReading: boolean;
  /** Epoch milliseconds. */
  readonly lastByteAt: number | undefined;
  /** When the current one is rotated at the latest, in epoch milliseconds. */
  readonly rotatesBy: number | undefined;
}

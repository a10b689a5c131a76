/** How a batch ended: a sink took it, its `deadLetter` did, or the sink has given up. */
export interface BatchEnd {
  readonly sink: string;
  readonly outcome: "delivered" | "dead_letter" | "failed";
  readonly records: number;
  /** Calls of the sink. */
  readonly attempts: number;
  /** From its first call on, in milliseconds. */
  readonly ms: number;
  /** Of the last call; undefined where that was good. */
  readonly error: unknown;
}

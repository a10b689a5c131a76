/** One step on the way of a byte, alone. */
export interface Case {
  readonly name: string;
  /** What one of those that are counted is. */
  readonly unit: "line" | "entry" | "read" | "cursor";
  /** The bytes of the stream that it is about. */
  readonly reads: readonly Buffer[];
  /** Does it once and gives how many units there were. */
  readonly run: () => number;
  /** How many there must be. */
  readonly count: number;
  /** What does the same for everything there is: worth having only where this one takes far less time for a unit. */
  readonly against?: { readonly name: string; readonly limit: number };
}

export function bytesOf({ reads }: Pick<Case, "reads">): number {
  return reads.reduce((sum, { length }) => sum + length, 0);
}

import { Refusal } from "../refusal.ts";
import type { LogBatch } from "../../wire/records.ts";

/** Lines of a batch that a server has refused for good while it took the others. */
export interface RefusedLines {
  /** What was sent together. */
  readonly records: LogBatch;
  /** How many of them were refused, where the server says so; 0: none, and the message is a warning. */
  readonly lines: number | undefined;
  /** The server's words. */
  readonly message: string;
}

/** Tells a loss. @throws where nobody wants to be told: then the batch is given up, and the dead letter gets it. */
export function tellRefused(
  refused: RefusedLines,
  shown: string,
  onRefused: ((refused: RefusedLines) => void) | undefined,
): void {
  if (onRefused !== undefined) onRefused(refused);
  else if (refused.lines !== 0)
    throw new Refusal(`${shown} refused ${refused.lines ?? "some"} line(s): ${refused.message}`);
}

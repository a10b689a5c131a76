import { Refusal } from "../refusal.ts";
import type { LogBatch } from "../../wire/records.ts";
import type { HttpAnswer } from "./post.ts";

/** Lines of a batch that a server has refused for good while it took the others. */
export interface RefusedLines {
  /** What was sent together. */
  readonly records: LogBatch;
  /** How many of them were refused, where the server says so; 0: none, and the message is a warning. */
  readonly lines: number | undefined;
  /** The server's words. */
  readonly message: string;
}

/** Of a single line that is too large. False where it is none, or nobody wants to be told: then the batch is given up. */
export function isToldTooLarge(
  { status, body }: HttpAnswer,
  records: LogBatch,
  onRefused: ((refused: RefusedLines) => void) | undefined,
): boolean {
  if (status !== 413 || records.length > 1 || onRefused === undefined) return false;
  onRefused({ records, lines: records.length, message: body.trim() });
  return true;
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

import { show } from "../printable.ts";

/** What was typed can't be meant. Its message is a sentence for the one who typed it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Which option, what was given, what is allowed. */
export function wrongValue(option: string, given: string, allowed: string): UsageError {
  return new UsageError(`Option ${option} was given ${show(given)}; allowed: ${allowed}.`);
}

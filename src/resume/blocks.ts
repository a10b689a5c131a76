import type { LogStream } from "../wire/entry.ts";

/** A record of several lines that began before a place in the log, and may go on behind it. */
export interface OpenBlock {
  readonly stream: LogStream;
  /** Its first line's. */
  readonly timestamp: string;
  /** How many entries of the log, of any stream, came since it began, its first one included. */
  readonly entries: number;
  /** How many lines with its first line's stream, timestamp and content came before. */
  readonly occurrence: number;
}

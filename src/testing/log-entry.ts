import type { Text } from "./text-parts.ts";
import type { FakeStream } from "./types.ts";

/** What an engine keeps and sends as one frame: a line, or a part of one. */
export interface LogEntry {
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly stream: FakeStream;
  readonly text: Text;
  /** True where the line ends with it. */
  readonly ended: boolean;
  /** How many bytes of the same line came before. */
  readonly offset: number;
  /** When it was written, by `performance.now()`. */
  readonly writtenAt: number;
}

import type { ChainFile } from "./file-chain.ts";

/** The engine makes the log's first file before it starts the container's process. Times of files may be as much too early as this. */
const LEAST_START_NS = 20_000_000n;

/** The log's oldest file when it was opened, from its beginning on. */
export interface LogStart {
  /** How many there were. */
  readonly files: number;
  /** When this one was made. */
  readonly born: bigint;
}

export function startIn({ number, born }: ChainFile): LogStart {
  return { files: number + 1, born };
}

/**
 * How many files the log may have had so far, once the first entry is known: one, where the file is the log's first. Any other is made for the
 * entry that it begins with, and right behind that.
 */
export function filesSoFar({ files, born }: LogStart, first: string): number {
  const writtenMs = Date.parse(first);
  // A damaged one may be no time at all.
  if (Number.isNaN(writtenMs)) return files;
  const written = BigInt(writtenMs) * 1_000_000n;
  return born > 0n && written - born > LEAST_START_NS ? 1 : files;
}

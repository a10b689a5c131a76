import type { ContainerInfo, LogBatch } from "../wire/records.ts";

/** An attempt has failed, and another one follows. */
export interface Retry {
  readonly sink: string;
  readonly attempt: number;
  readonly delayMs: number;
  readonly error: unknown;
  readonly records: LogBatch;
}

/**
 * The containers that are told of a failed attempt: those of the batch at the first attempt and whenever their number has doubled,
 * else that of its first record. So each attempt is told, and a batch of 500 containers is no flood.
 */
export function containersToTell({ attempt, records }: Retry): readonly ContainerInfo[] {
  const isPowerOfTwo = Number.isInteger(Math.log2(attempt));
  const told = isPowerOfTwo ? records : records.slice(0, 1);
  return [...new Map(told.map(({ container }) => [container.id, container])).values()];
}

import { hash } from "node:crypto";
import type { Entry, LogStream } from "../wire/entry.ts";
import { textEdges } from "../wire/frame-entries.ts";
import type { TextEdges } from "../wire/frame-entries.ts";

/** 2^61 − 1, a prime. */
const PRIME = (1n << 61n) - 1n;
const BASE = 1_461_501_637_330_902_918n;
/** Of a longer text the beginning, the end and the length stand for the whole. */
const EDGE_BYTES = 1024;

/** Used anew for each: beside what is digested nothing is made for it. */
const scratch = Buffer.allocUnsafeSlow(2 * EDGE_BYTES + 64);

/** An entry without what its digest does not need. */
export interface EdgedEntry {
  readonly stream: LogStream;
  readonly timestamp: string;
  readonly ended: boolean;
  readonly edgesOnly: TextEdges;
}

/** Keeps nothing of the entry's chunk in memory. */
export function edgedEntry(entry: Entry): EdgedEntry {
  const { stream, timestamp, ended } = entry;
  const { length, parts } = textEdges(entry, EDGE_BYTES);
  const copied = parts.map((part) => latin1Of(part));
  return { stream, timestamp, ended, edgesOnly: { length, parts: copied } };
}

/** Identifies an entry's content, not its timestamp: stream, text, and whether the line ended there. */
export function entryDigest(entry: Entry | EdgedEntry): bigint {
  const { length, parts } = "edgesOnly" in entry ? entry.edgesOnly : textEdges(entry, EDGE_BYTES);
  let end = scratch.write(`${entry.stream} ${entry.ended ? 1 : 0} ${length} `, "latin1");
  for (const part of parts) end += put(part, end);
  const digest = hash("sha1", scratch.subarray(0, end), "hex");
  return BigInt(`0x${digest.slice(0, 16)}`) % PRIME;
}

function put(part: Buffer | string, at: number): number {
  return typeof part === "string" ? scratch.write(part, at, "latin1") : part.copy(scratch, at);
}

function latin1Of(part: Buffer | string): string {
  return scratch.toString("latin1", 0, put(part, 0));
}

/** The digest of a sequence with one more entry behind it. */
export function append(sequence: bigint, entry: bigint): bigint {
  return (sequence * BASE + entry) % PRIME;
}

/** The digest of two sequences, one behind the other. */
export function concat(first: bigint, second: bigint, secondCount: number): bigint {
  let factor = 1n;
  let square = BASE;
  for (let count = secondCount; count > 0; count = Math.floor(count / 2)) {
    if (count % 2 === 1) factor = (factor * square) % PRIME;
    square = (square * square) % PRIME;
  }
  return (first * factor + second) % PRIME;
}

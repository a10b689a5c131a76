import { hash } from "node:crypto";
import type { Entry } from "../wire/entry.ts";
import { textEdges } from "../wire/frame-entries.ts";

/** 2^61 − 1, a prime. */
const PRIME = (1n << 61n) - 1n;
const BASE = 1_461_501_637_330_902_918n;
/** Of a longer text the beginning, the end and the length stand for the whole. */
const EDGE_BYTES = 1024;

/** Identifies an entry's content, not its timestamp: stream, text, and whether the line ended there. */
export function entryDigest(entry: Entry): bigint {
  const { length, parts } = textEdges(entry, EDGE_BYTES);
  const head = Buffer.from(`${entry.stream} ${entry.ended ? 1 : 0} ${length} `, "latin1");
  return hash("sha1", Buffer.concat([head, ...parts]), "buffer").readBigUInt64BE() % PRIME;
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

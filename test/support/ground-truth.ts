import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

import { PartJoiner } from "./plain-reader.ts";
import type { PlainLine } from "./plain-reader.ts";

/**
 * Reads the files of the json-file driver themselves, oldest first, compressed ones included: the log with no engine
 * between. An unfinished JSON text at the very end is still being written and is left out.
 */
export async function readJsonLogs(
  paths: readonly string[],
  options: { readonly tty?: boolean } = {},
): Promise<PlainLine[]> {
  const joiner = new PartJoiner(options.tty ?? false);
  for (const path of paths) {
    let number = 0;
    for await (const text of jsonTexts(path)) {
      number += 1;
      const entry = parseEntry(text, `${path}:${number}`);
      joiner.add(entry.stream, entry.timestamp, Buffer.from(entry.log));
    }
  }
  return joiner.end();
}

async function* jsonTexts(path: string): AsyncGenerator<string> {
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  let source: Readable = file;
  if (path.endsWith(".gz")) {
    const gunzip = createGunzip();
    file.once("error", (error) => gunzip.destroy(error));
    source = file.pipe(gunzip);
  }
  source.setEncoding("utf8");
  try {
    let rest = "";
    for await (const chunk of source) {
      const texts = (rest + String(chunk)).split("\n");
      rest = texts.pop() ?? "";
      yield* texts;
    }
  } finally {
    source.destroy();
    file.destroy();
  }
}

interface Entry {
  readonly log: string;
  readonly stream: "stdout" | "stderr";
  readonly timestamp: string;
}

function parseEntry(text: string, place: string): Entry {
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null && "stream" in value && "time" in value) {
    const { stream, time } = value;
    const log = "log" in value ? value.log : "";
    const isStream = stream === "stdout" || stream === "stderr";
    if (typeof log === "string" && isStream && typeof time === "string") {
      return { log, stream, timestamp: withNineDigits(time) };
    }
  }
  throw new Error(`${place} is no entry of a log: ${text.slice(0, 200)}`);
}

/** The driver drops trailing zeros of the fraction, the engine sends them. */
function withNineDigits(time: string): string {
  const [seconds = "", fraction = ""] = time.replace(/Z$/, "").split(".");
  return `${seconds}.${fraction.padEnd(9, "0")}Z`;
}

/** What is compared of a line; the library's records have it too. */
export type ComparableLine = Pick<PlainLine, "stream" | "timestamp" | "line">;

export interface Comparison {
  /** Lines of the expected log that were received too few times. */
  readonly lost: number;
  /** Lines of the expected log that were received too many times. */
  readonly repeated: number;
  /** Lines received that the expected log does not hold at all. */
  readonly foreign: number;
  /** The fewest lines that would have to be moved to bring what both have into the expected order. */
  readonly reordered: number;
  /** The first place where both differ, with what stands around it; undefined where there is none. */
  readonly firstDifference: string | undefined;
}

/** What `compareLines` gives for equal logs. */
export const noDifference: Comparison = {
  lost: 0,
  repeated: 0,
  foreign: 0,
  reordered: 0,
  firstDifference: undefined,
};

/** Compares line by line: stream, timestamp, text and order. Linear; equal logs cost no memory. */
export function compareLines(
  expected: readonly ComparableLine[],
  received: readonly ComparableLine[],
): Comparison {
  let first = 0;
  while (isSame(expected[first], received[first])) {
    if (first === expected.length) return noDifference;
    first += 1;
  }
  let expectedEnd = expected.length;
  let receivedEnd = received.length;
  while (
    expectedEnd > first &&
    receivedEnd > first &&
    isSame(expected[expectedEnd - 1], received[receivedEnd - 1])
  ) {
    expectedEnd -= 1;
    receivedEnd -= 1;
  }
  const counts = compareMiddle(
    expected,
    expected.slice(first, expectedEnd),
    received.slice(first, receivedEnd),
  );
  return { ...counts, firstDifference: describeDifference(expected, received, first) };
}

function compareMiddle(
  expected: readonly ComparableLine[],
  middleExpected: readonly ComparableLine[],
  middleReceived: readonly ComparableLine[],
): Omit<Comparison, "firstDifference"> {
  // Where each line is expected; equal lines are taken in order.
  const places = new Map<string, number[]>();
  for (const [index, line] of middleExpected.entries()) {
    const key = keyOf(line);
    const list = places.get(key);
    if (list === undefined) places.set(key, [index]);
    else list.push(index);
  }
  const taken = new Map<string, number>();
  const surplus = new Map<string, number>();
  const order: number[] = [];
  for (const line of middleReceived) {
    const key = keyOf(line);
    const used = taken.get(key) ?? 0;
    const place = places.get(key)?.[used];
    if (place === undefined) {
      surplus.set(key, (surplus.get(key) ?? 0) + 1);
    } else {
      taken.set(key, used + 1);
      order.push(place);
    }
  }
  let extra = 0;
  for (const count of surplus.values()) extra += count;
  let repeated = 0;
  if (extra > 0) {
    for (const line of expected) {
      const key = keyOf(line);
      repeated += surplus.get(key) ?? 0;
      surplus.delete(key);
    }
  }
  return {
    lost: middleExpected.length - order.length,
    repeated,
    foreign: extra - repeated,
    reordered: order.length - longestRising(order),
  };
}

/** The length of the longest rising subsequence; linear for what is nearly in order. */
function longestRising(values: readonly number[]): number {
  const tails = new Int32Array(values.length);
  let length = 0;
  for (const value of values) {
    if (length === 0 || (tails[length - 1] ?? 0) < value) {
      tails[length] = value;
      length += 1;
      continue;
    }
    let low = 0;
    let high = length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((tails[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    tails[low] = value;
  }
  return length;
}

function isSame(a: ComparableLine | undefined, b: ComparableLine | undefined): boolean {
  return a?.timestamp === b?.timestamp && a?.line === b?.line && a?.stream === b?.stream;
}

function keyOf(line: ComparableLine): string {
  return `${line.timestamp} ${line.stream} ${line.line}`;
}

const CONTEXT_LINES = 3;
const SHOWN_CHARACTERS = 100;

function describeDifference(
  expected: readonly ComparableLine[],
  received: readonly ComparableLine[],
  at: number,
): string {
  const a = expected[at];
  const b = received[at];
  const column = a === undefined || b === undefined ? 0 : firstDifferentCharacter(a.line, b.line);
  return [
    `First difference at line ${at} (counted from 0): ${kindOf(a, b, column)}`,
    `expected (${expected.length} lines):`,
    ...around(expected, at, column),
    `received (${received.length} lines):`,
    ...around(received, at, column),
  ].join("\n");
}

function kindOf(
  a: ComparableLine | undefined,
  b: ComparableLine | undefined,
  column: number,
): string {
  if (a === undefined) return "more was received than expected.";
  if (b === undefined) return "what was received ends too early.";
  if (a.timestamp === b.timestamp && a.stream === b.stream) {
    return `the texts differ from character ${column} on (lengths ${a.line.length} and ${b.line.length}).`;
  }
  if (a.line === b.line) {
    return a.stream === b.stream ? "only the timestamps differ." : "the streams differ.";
  }
  return "another line.";
}

function firstDifferentCharacter(a: string, b: string): number {
  let index = 0;
  while (index < a.length && a[index] === b[index]) index += 1;
  return index;
}

function around(lines: readonly ComparableLine[], at: number, column: number): string[] {
  const shown: string[] = [];
  for (let index = Math.max(0, at - CONTEXT_LINES); index <= at + CONTEXT_LINES; index += 1) {
    const line = lines[index];
    const mark = index === at ? ">" : " ";
    if (line === undefined) {
      shown.push(`${mark} ${index} (the end)`);
      break;
    }
    const text = excerpt(line.line, index === at ? column : 0);
    shown.push(`${mark} ${index} ${line.timestamp} ${line.stream} ${text}`);
  }
  return shown;
}

/** Of a long text the part around `column`. */
function excerpt(text: string, column: number): string {
  const from = column < SHOWN_CHARACTERS ? 0 : column - 20;
  const piece = JSON.stringify(text.slice(from, from + SHOWN_CHARACTERS));
  const before = from > 0 ? "…" : "";
  const after = from + SHOWN_CHARACTERS < text.length ? "…" : "";
  return `${before}${piece}${after}`;
}

import type { LogStream } from "./entry.ts";

/** For each entry where its timestamp begins, where its text ends with two flags, and where its text begins. */
export const MARKS = 3;
export const FLAG_BITS = 2;
export const STDERR = 1;
export const ENDED = 2;

/** Of entries that are not marked as stderr's. */
export type UnmarkedStream = "stdout" | "tty";

/** What one stream has of some entries. */
export interface StreamSpan {
  readonly stream: LogStream;
  readonly first: number;
  readonly last: number;
}

/** The entry's second mark. */
export function textMark(end: number, isStderr: boolean, ended: boolean): number {
  return (end << FLAG_BITS) | (isStderr ? STDERR : 0) | (ended ? ENDED : 0);
}

/** Where in `marks` each stream's first and last entry are. */
export function streamsOf(marks: Int32Array, unmarked: UnmarkedStream = "stdout"): StreamSpan[] {
  const spans: StreamSpan[] = [];
  for (const stream of [unmarked, "stderr"] as const) {
    const flag = stream === "stderr" ? STDERR : 0;
    const isOf = (index: number): boolean => ((marks[index * MARKS + 1] ?? 0) & STDERR) === flag;
    const length = marks.length / MARKS;
    let first = 0;
    while (first < length && !isOf(first)) first++;
    if (first === length) continue;
    let last = length - 1;
    while (!isOf(last)) last--;
    spans.push({ stream, first, last });
  }
  return spans;
}

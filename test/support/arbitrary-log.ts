import fc from "fast-check";
import type { Entry } from "../../src/wire/entry.ts";

/** How a log's timestamps run. */
export type Clock = "fine" | "equal" | "coarse" | "backward";
export const clocks: readonly Clock[] = ["fine", "equal", "coarse", "backward"];

const START = Date.UTC(2026, 10, 23, 15, 58, 34);
/** Nanoseconds between entries: on a backward clock now and then less than nothing. */
const steps: Readonly<Record<Clock, fc.Arbitrary<number>>> = {
  fine: fc.integer({ min: 1, max: 5_000 }),
  equal: fc.constantFrom(0, 0, 1, 2),
  coarse: fc.integer({ min: 0, max: 400_000_000 }),
  backward: fc.constantFrom(1, 3, 700, 2_000, 2_000, -1, -700, -1_500),
};

function stamp(nanoseconds: number, clock: Clock): string {
  const seconds = new Date(START + Math.floor(nanoseconds / 1e9) * 1_000)
    .toISOString()
    .slice(0, 19);
  if (clock === "coarse") return `${seconds}Z`;
  return `${seconds}.${String(((nanoseconds % 1e9) + 1e9) % 1e9).padStart(9, "0")}Z`;
}

/** A log of two interleaved streams with few different texts, so that many of its lines are the same. */
export function arbitraryLog(clock: Clock, maxLength = 120): fc.Arbitrary<Entry[]> {
  const raw = fc.record({
    step: steps[clock],
    stream: fc.constantFrom("stdout" as const, "stderr" as const),
    text: fc.constantFrom("", "tick", "tick", "tock", "ä\r"),
    ended: fc.constantFrom(true, true, true, true, false),
  });
  return fc.array(raw, { maxLength }).map((entries) => {
    let now = 5_000_000;
    /** All parts of a line carry the first one's time. */
    const open = new Map<string, string>();
    return entries.map(({ step, stream, text, ended }) => {
      now = Math.max(0, now + step);
      const timestamp = open.get(stream) ?? stamp(now, clock);
      if (ended) open.delete(stream);
      else open.set(stream, timestamp);
      return { stream, timestamp, text: Buffer.from(text), ended };
    });
  });
}

/** Cuts a list at arbitrary places. */
export function inPieces<T>(list: readonly T[], cuts: readonly number[]): T[][] {
  const pieces: T[][] = [];
  let at = 0;
  for (const cut of cuts) {
    if (at >= list.length) break;
    const size = Math.max(1, cut);
    pieces.push(list.slice(at, at + size));
    at += size;
  }
  if (at < list.length) pieces.push(list.slice(at));
  return pieces;
}

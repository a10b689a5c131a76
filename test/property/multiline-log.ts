import fc from "fast-check";
import type { SourceOptions } from "../../src/index.ts";
import type { Entry } from "../../src/wire/entry.ts";
import { arbitraryLog } from "../support/arbitrary-log.ts";
import type { Clock } from "../support/arbitrary-log.ts";

/** Lines that begin a record, in `arbitraryTraces`. */
const START = /^E/;

const bounds = fc.record({
  maxLines: fc.constantFrom(1, 2, 3, 500),
  maxBytes: fc.constantFrom(1, 7, 20, 1_048_576),
});

/** Several lines to a record, in every way that the options allow; the time is out of the way. */
export const arbitraryMultiline: fc.Arbitrary<NonNullable<SourceOptions["multiline"]>> = fc
  .oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 3, arbitrary: bounds })
  .map((given) => ({ start: START, maxWaitMs: 2 ** 31 - 1, ...given }));

/** A log of traces of two streams: lines that begin one, lines that go on, many of them the same, some of them in parts. */
export function arbitraryTraces(clock: Clock, maxLength = 80): fc.Arbitrary<Entry[]> {
  const words = ["E", "E", " at", " at", " in €"];
  return fc
    .tuple(
      arbitraryLog(clock, maxLength),
      fc.infiniteStream(fc.constantFrom(...words, "x".repeat(30))),
    )
    .map(([entries, texts]) =>
      entries.map((entry) => ({ ...entry, text: Buffer.from(String(texts.next().value)) })),
    );
}

/** The same log with a pause of some seconds before each of some entries; parts of a line keep its time. */
export function withPauses(entries: readonly Entry[], pauses: readonly number[]): Entry[] {
  const open = new Map<string, string>();
  let pausedMs = 0;
  return entries.map((entry, index) => {
    if (pauses.includes(index)) pausedMs += 3_000;
    const [seconds = "", fraction] = entry.timestamp.slice(0, -1).split(".");
    const later = new Date(Date.parse(`${seconds}Z`) + pausedMs).toISOString().slice(0, 19);
    const own = fraction === undefined ? `${later}Z` : `${later}.${fraction}Z`;
    const timestamp = open.get(entry.stream) ?? own;
    if (entry.ended) open.delete(entry.stream);
    else open.set(entry.stream, timestamp);
    return { ...entry, timestamp };
  });
}

/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entry } from "../../src/wire/entry.ts";
import { LineAssembler } from "../../src/wire/lines.ts";
import type { LineOptions } from "../../src/wire/lines.ts";
import type { ContainerInfo, LineRecord } from "../../src/wire/records.ts";
import { wholeLines } from "../../src/wire/whole-lines.ts";
import { STAMP } from "../wire/bytes.ts";
import { arbitraryChunks, chunkOf, fastClocks } from "../wire/fast-entries.ts";
import type { Chunk } from "../wire/fast-entries.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 100, long: 1_000 });
const container: ContainerInfo = {
  id: "c".repeat(64),
  name: "web",
  image: "fake",
  labels: {},
  tty: false,
  logDriver: "json-file",
  engine: "default",
};

const arbitraryOptions: fc.Arbitrary<LineOptions> = fc.record({
  maxLineBytes: fc.constantFrom(3, 150, 1_048_576),
  encoding: fc.constantFrom("utf8" as const, "latin1" as const),
  joining: fc.constantFrom("by-timestamp" as const, "by-newline" as const),
});

/** What tells two records apart. */
function told(record: LineRecord): Record<string, unknown> {
  const { stream, timestamp, line, truncated, occurrence, id } = record;
  return { stream, timestamp, line, truncated, occurrence, id };
}

interface Assembled {
  readonly records: readonly Record<string, unknown>[];
  readonly cut: LineAssembler["cut"];
  readonly entries: number;
  /** How many chunks were taken as they stood. */
  readonly fast: number;
}

/** As a reader takes chunks; `records` are made when all chunks have come. */
function assembleChunks(chunks: readonly Chunk[], options: LineOptions): Assembled {
  const assembler = new LineAssembler(options);
  const made: (() => readonly LineRecord[])[] = [];
  let fast = 0;
  for (const { fast: entries } of chunks) {
    if (assembler.takesWhole(entries)) {
      fast++;
      assembler.passWhole(entries);
      made.push(() => wholeLines(entries, entries.length, container, options.encoding));
    } else {
      const records: LineRecord[] = [];
      for (const entry of entries) assembler.push(entry, container, records);
      made.push(() => records);
    }
  }
  const last: LineRecord[] = [];
  assembler.flush(container, last);
  const records = [...made.flatMap((make) => make()), ...last].map(told);
  return { records, cut: assembler.cut, entries: assembler.count, fast };
}

/** Entry by entry. */
function assemble(entries: readonly Entry[], options: LineOptions): Omit<Assembled, "fast"> {
  const assembler = new LineAssembler(options);
  const records: LineRecord[] = [];
  for (const entry of entries) assembler.push(entry, container, records);
  assembler.flush(container, records);
  return { records: records.map(told), cut: assembler.cut, entries: assembler.count };
}

describe.each(fastClocks)(
  "chunks that are taken as they stand, with a clock that is %s",
  (clock) => {
    it("make the records that their entries make one by one", () => {
      let fast = 0;
      fc.assert(
        fc.property(
          fc.constantFrom(1, 3, 1_000).chain((maxEntries) =>
            arbitraryChunks({
              clock,
              unendedOneIn: 200,
              maxChunks: 40,
              maxEntries: Math.min(maxEntries, 30),
            }),
          ),
          arbitraryOptions,
          (chunks, options) => {
            const made = assembleChunks(chunks, options);
            fast += made.fast;
            const expected = assemble(
              chunks.flatMap(({ plain }) => plain),
              options,
            );
            expect(made).toEqual({ ...expected, fast: made.fast });
          },
        ),
        { numRuns: RUNS },
      );
      expect(fast).toBeGreaterThan(0);
    });
  },
);

describe("a line that was there before, under the same timestamp,", () => {
  const options: LineOptions = { maxLineBytes: 100, encoding: "utf8", joining: "by-timestamp" };
  const at = (nanoseconds: number): string =>
    STAMP.replace("847851", String(nanoseconds).padStart(6, "0"));
  const line = (
    nanoseconds: number,
    text = "same",
    stream: "stdout" | "stderr" = "stdout",
  ): Entry => ({
    stream,
    timestamp: at(nanoseconds),
    text: Buffer.from(text),
    ended: true,
  });
  const rising = (count: number, from = 1): Entry[] =>
    Array.from({ length: count }, (_, index) => line(from + index));
  const cases: readonly (readonly [string, readonly Entry[][], number])[] = [
    ["in a chunk that was taken as it stood", [rising(5), [line(5)]], 1],
    ["in one of several such chunks", [rising(3), rising(3, 4), rising(3, 7), [line(2)]], 3],
    ["sixteen lines ago", [rising(16), [line(1)]], 1],
    [
      "in a chunk with lines of both streams",
      [[line(1), line(1, "same", "stderr"), line(2)], [line(1, "same", "stderr")]],
      1,
    ],
    ["in a chunk that was not", [[line(1), line(1)], rising(3, 2), [line(1)]], 1],
    ["in a large chunk", [[...rising(400), line(401, "x".repeat(100))], [line(400)]], 1],
    [
      "as bytes that are no UTF-8",
      [
        [{ ...line(1), text: Buffer.from([0xff]) }],
        [{ ...line(1), text: Buffer.from([0xff]) }],
        [{ ...line(1), text: Buffer.from([0xfe]) }],
      ],
      1,
    ],
  ];

  it.each(cases)("%s, is told from it", (_, lists, fast) => {
    const chunks = lists.map(chunkOf);
    const made = assembleChunks(chunks, options);
    expect(made).toEqual({ ...assemble(lists.flat(), options), fast });
    expect(new Set(made.records.map(({ id }) => id)).size).toBe(made.records.length);
  });
});

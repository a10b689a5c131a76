/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Cursor, LogRecord, SourceOptions } from "../../src/index.ts";
import type { Entry } from "../../src/wire/entry.ts";
import { clocks } from "../support/arbitrary-log.ts";
import { LogReading, known } from "../support/multiline-reading.ts";
import { arbitraryMultiline, arbitraryTraces, withPauses } from "./multiline-log.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 20, long: 600 });
const pieces = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 40 });

interface Stop {
  readonly records: readonly LogRecord[];
  readonly cursor: Cursor;
}

/** Delivers `count` records of a log that its container has ended, and says where the next process goes on. */
function readSome(
  log: readonly Entry[],
  cuts: readonly number[],
  options: SourceOptions,
  from?: Cursor,
  count = Infinity,
): Stop {
  const reading = new LogReading(options, from);
  reading.read(log, cuts);
  reading.end();
  const records = reading.take(count);
  return { records, cursor: reading.cursor };
}

const of = (stream: string, records: readonly LogRecord[]): LogRecord[] =>
  records.filter((record) => record.stream === stream);

/** The lines of one stream, however they were joined. */
const linesOf = (stream: string, records: readonly LogRecord[]): string[] =>
  of(stream, records).flatMap(({ line }) => line.split("\n"));

describe.each(clocks)("records of several lines, with a clock that is %s", (clock) => {
  const log = arbitraryTraces(clock);

  it("are those of an uninterrupted run, wherever another process goes on", () => {
    fc.assert(
      fc.property(log, arbitraryMultiline, pieces, pieces, (entries, multiline, first, second) => {
        const options = { multiline };
        const whole = known(readSome(entries, first, options).records);
        for (let count = 0; count <= whole.length; count++) {
          const before = readSome(entries, first, options, undefined, count);
          const after = readSome(entries, second, options, before.cursor);
          expect(known([...before.records, ...after.records])).toEqual(whole);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("are those of an uninterrupted run where the log grows between many processes", () => {
    const steps = fc.array(
      fc.record({ grow: fc.nat(30), take: fc.nat(4), cuts: pieces, ends: fc.boolean() }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(log, arbitraryMultiline, steps, (entries, multiline, processes) => {
        const options = { multiline };
        const records: LogRecord[] = [];
        let length = 0;
        let cursor: Cursor | undefined;
        for (const { grow, take, cuts } of processes) {
          length = Math.min(entries.length, length + grow);
          const reading = new LogReading(options, cursor);
          reading.read(entries.slice(0, length), cuts);
          reading.reading.close();
          records.push(...reading.take(take));
          ({ cursor } = reading);
        }
        records.push(...readSome(entries, [], options, cursor).records);
        expect(known(records)).toEqual(known(readSome(entries, [], options).records));
      }),
      { numRuns: RUNS },
    );
  });

  it("deliver every line once where joining is switched on and off between processes", () => {
    const steps = fc.array(
      fc.record({
        multiline: fc.option(arbitraryMultiline, { nil: undefined }),
        take: fc.nat(5),
        cuts: pieces,
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(log, steps, (entries, processes) => {
        const single = readSome(entries, [], {}).records;
        const records: LogRecord[] = [];
        let cursor: Cursor | undefined;
        for (const { multiline, take, cuts } of processes) {
          const part = readSome(entries, cuts, multiline ? { multiline } : {}, cursor, take);
          records.push(...part.records);
          ({ cursor } = part);
        }
        records.push(...readSome(entries, [], {}, cursor).records);
        for (const stream of ["stdout", "stderr"])
          expect(linesOf(stream, records)).toEqual(linesOf(stream, single));
        // A record is known by its first line.
        const ids = new Set(single.map(({ id }) => id));
        for (const { id } of records) expect(ids).toContain(id);
        expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
      }),
      { numRuns: RUNS },
    );
  });

  it("are whole in a stream that is read throughout, whatever else is chosen between", () => {
    const choices = fc.array(
      fc.record({
        streams: fc.constantFrom<("stdout" | "stderr")[]>(["stdout"], ["stdout", "stderr"]),
        take: fc.nat(5),
        cuts: pieces,
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(log, arbitraryMultiline, choices, (entries, multiline, processes) => {
        const whole = readSome(entries, [], { multiline }).records;
        const records: LogRecord[] = [];
        let cursor: Cursor | undefined;
        for (const { streams, take, cuts } of processes) {
          const part = readSome(entries, cuts, { multiline, streams }, cursor, take);
          records.push(...part.records);
          ({ cursor } = part);
        }
        records.push(...readSome(entries, [], { multiline }, cursor).records);
        expect(known(of("stdout", records))).toEqual(known(of("stdout", whole)));
        const others = linesOf("stderr", records);
        const left = linesOf("stderr", whole);
        // Passed over where it was not chosen, and never twice or in another order.
        for (const line of others) expect(left.splice(0, left.indexOf(line) + 1)).not.toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});

describe.each(["fine", "equal", "coarse"] as const)(
  "records that end for having waited, with a clock that is %s",
  (clock) => {
    it("are those of an uninterrupted run in each stream, wherever another process goes on", () => {
      const pauses = fc.array(fc.nat(80), { maxLength: 12 });
      fc.assert(
        fc.property(
          arbitraryTraces(clock),
          pauses,
          arbitraryMultiline,
          pieces,
          pieces,
          (traces, paused, bounds, first, second) => {
            const entries = withPauses(traces, paused);
            const options = { multiline: { ...bounds, maxWaitMs: 1_000 } };
            const whole = readSome(entries, first, options).records;
            for (let count = 0; count <= whole.length; count++) {
              const before = readSome(entries, second, options, undefined, count);
              const after = readSome(entries, first, options, before.cursor);
              const all = [...before.records, ...after.records];
              for (const stream of ["stdout", "stderr"])
                expect(known(of(stream, all))).toEqual(known(of(stream, whole)));
            }
          },
        ),
        { numRuns: RUNS },
      );
    });
  },
);

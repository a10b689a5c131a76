/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entries, Entry } from "../../src/wire/entry.ts";
import { FrameEntries } from "../../src/wire/frame-entries.ts";
import { LineAssembler } from "../../src/wire/lines.ts";
import type { LineOptions } from "../../src/wire/lines.ts";
import type { LineRecord } from "../../src/wire/records.ts";
import type { ContainerInfo } from "../../src/wire/records.ts";
import { TtyDecoder } from "../../src/wire/tty.ts";
import type { TtyOptions } from "../../src/wire/tty.ts";
import { wholeLines } from "../../src/wire/whole-lines.ts";
import { arbitraryCuts, readable } from "../wire/bytes.ts";
import { arbitraryReads, betweens, inSharedMemory } from "../wire/reads.ts";
import type { Read } from "../wire/reads.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 40, long: 400 });
const PART_BYTES = 16_384;
const START = Date.UTC(2026, 10, 23, 15, 58, 34);
const STARTED_AT = "2026-11-23T15:58:34.500000000Z";
/** Says the same, and is not the usual form: what is stamped so goes the slow way. */
const UNUSUAL = "+00:00 ";
const USUAL = "Z ";

const short: fc.Arbitrary<Buffer> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .constantFrom("\r", "tick\r", "tick\r", "a\rb\r", "\u00e4\u20ac\u{1f600}\r", "no return", "")
      .map((line) => Buffer.from(line)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("ff0d", "61c3620d", "c3").map((hex) => Buffer.from(hex, "hex")),
  },
);
const long: fc.Arbitrary<Buffer> = fc
  .constantFrom(16_382, 16_383, 16_384, 16_385, 33_000)
  .map((size) => Buffer.from(`${"x".repeat(size)}\r`));

/** As the engine sends them: each line, and each part of a long one, behind a timestamp. `endless`: one of so many has no end. */
function arbitraryLines(text: fc.Arbitrary<Buffer>, endless: number): fc.Arbitrary<Buffer[]> {
  const step = fc.constantFrom(1, 700, 9_000_000, 0, -700, -15_000_000);
  const line = fc.record({ step, text, end: fc.nat(endless) });
  return fc.array(line, { maxLength: 60 }).map((all) => {
    let now = 480_000_000;
    return all.map((one) => {
      now += one.step;
      const seconds = new Date(START + Math.floor(now / 1e9) * 1_000).toISOString().slice(0, 19);
      const stamp = Buffer.from(`${seconds}.${String(now % 1e9).padStart(9, "0")}${USUAL}`);
      const parts: Buffer[] = [];
      for (let at = 0; at === 0 || at < one.text.length; at += PART_BYTES)
        parts.push(stamp, one.text.subarray(at, at + PART_BYTES));
      return Buffer.concat([...parts, Buffer.from(one.end === 0 ? "" : "\n")]);
    });
  });
}

/** Behind a line of an earlier run that has no end the next one stands at once; long ones would be cut elsewhere with other timestamps. */
const lines: fc.Arbitrary<Buffer[]> = fc.oneof(
  arbitraryLines(fc.oneof({ weight: 9, arbitrary: short }, { weight: 1, arbitrary: long }), 1e9),
  arbitraryLines(short, 12),
);

const options: fc.Arbitrary<TtyOptions> = fc.record({
  startedAt: fc.constantFrom(undefined, STARTED_AT),
  gluesLines: fc.boolean(),
});

interface Run {
  readonly given: readonly Entries[];
  readonly fault: TtyDecoder["fault"];
  readonly isHolding: boolean;
}

function run(reads: readonly Read[], decoder: TtyDecoder, runs: boolean): Run {
  const given: Entries[] = [];
  inSharedMemory(reads, (bytes, spans) => void given.push(decoder.push(bytes, spans)));
  const { isHolding } = decoder;
  given.push(decoder.end(runs));
  return { given, fault: decoder.fault, isHolding };
}

/** By timestamps that say the same, in another form. */
function slowly(body: Buffer, decoder: TtyDecoder, runs: boolean): Run {
  const unusual = replaced(body, /(?<=\.\d{9})Z /g, UNUSUAL);
  const found = run([{ bytes: unusual, spans: [0, unusual.length] }], decoder, runs);
  const given = found.given.map((entries) =>
    Array.from(entries, (entry) => ({ ...entry, text: replaced(entry.text, UNUSUAL, USUAL) })),
  );
  return { ...found, given };
}

function replaced(bytes: Buffer, what: RegExp | string, by: string): Buffer {
  return Buffer.from(bytes.toString("latin1").replaceAll(what, by), "latin1");
}

const container: ContainerInfo = {
  id: "c".repeat(64),
  name: "web",
  image: "x",
  labels: {},
  tty: true,
  logDriver: "json-file",
  engine: "default",
};

/** By the quick way where that may be taken. */
function recordsOf(given: readonly Entries[], lineOptions: LineOptions): object[] {
  const assembler = new LineAssembler(lineOptions);
  const records: LineRecord[] = [];
  for (const entries of given) {
    if (entries instanceof FrameEntries && assembler.takesWhole(entries)) {
      assembler.passWhole(entries);
      records.push(...wholeLines(entries, entries.length, container, lineOptions.encoding));
      continue;
    }
    for (const entry of entries) assembler.push(entry, container, records);
  }
  assembler.flush(container, records);
  return records.map((record) => ({
    ...record.toJSON(),
    occurrence: record.occurrence,
    joined: record.joined("x", false).id,
  }));
}

const flat = (given: readonly Entries[]): Entry[] =>
  given.flatMap((entries) => Array.from(entries));

describe.each(betweens)("a terminal's lines with the peer's own bytes %s", (between) => {
  it("are the same, in any chunking, as those that are taken one by one", () => {
    let fast = 0;
    const log = arbitraryReads(lines, between, arbitraryCuts);
    const lineOptions: fc.Arbitrary<LineOptions> = fc.record({
      maxLineBytes: fc.constantFrom(3, 5, 1_048_576),
      encoding: fc.constantFrom("utf8", "latin1"),
      joining: fc.constant("by-timestamp"),
    });
    fc.assert(
      fc.property(log, options, fc.boolean(), lineOptions, ({ body, reads }, of, runs, asLines) => {
        const quick = run(reads, new TtyDecoder(of), runs);
        const slow = slowly(body, new TtyDecoder(of), runs);
        expect(flat(quick.given).map(readable)).toEqual(flat(slow.given).map(readable));
        expect(quick.fault).toEqual(slow.fault);
        expect(quick.isHolding).toBe(slow.isHolding);
        expect(recordsOf(quick.given, asLines)).toEqual(recordsOf(slow.given, asLines));
        if (quick.given.some((entries) => entries instanceof FrameEntries)) fast++;
      }),
      { numRuns: RUNS },
    );
    expect(fast).toBeGreaterThan(0);
  });
});

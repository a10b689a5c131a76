import fc from "fast-check";
import { expect, it } from "vitest";
import type { LogStream } from "../../src/wire/entry.ts";
import { MultilineJoiner } from "../../src/wire/multiline.ts";
import { LineRecord } from "../../src/wire/records.ts";

const container = {
  id: "ab".repeat(32),
  name: "web",
  image: "web:1",
  labels: {},
  tty: false,
  logDriver: "json-file",
  engine: "default",
} as const;
const TIMESTAMP = "2026-11-23T15:58:34.885847851Z";

interface Written {
  readonly stream: LogStream;
  readonly line: string;
}

const lines = fc.array(
  fc.record({
    stream: fc.constantFrom<LogStream>("stdout", "stderr"),
    line: fc.constantFrom("E", "E more", "", " at", " in €", "x".repeat(9)),
  }),
  { maxLength: 60 },
);
const bounds = fc.record({
  maxLines: fc.integer({ min: 1, max: 6 }),
  maxBytes: fc.integer({ min: 1, max: 30 }),
});

/** All records, those that are open at the end too. */
function join(written: readonly Written[], limits: { maxLines: number; maxBytes: number }) {
  const joiner = new MultilineJoiner({ start: /^E/, maxWaitMs: 1_000, ...limits });
  const records: (LineRecord | undefined)[] = [];
  for (const [firstEntry, { stream, line }] of written.entries()) {
    const content = Buffer.from(line);
    const record = new LineRecord(container, stream, TIMESTAMP, line, false, content, firstEntry);
    const { before, withIt } = joiner.push({ record, firstEntry });
    records.push(before, withIt);
  }
  for (const { record } of joiner.open) records.push(joiner.end(record.stream));
  return records.filter((record) => record !== undefined);
}

it("keeps every line, in each stream's order, no record is beyond a bound, and none could go on", () => {
  fc.assert(
    fc.property(lines, bounds, (written, { maxLines, maxBytes }) => {
      const records = join(written, { maxLines, maxBytes });
      for (const stream of ["stdout", "stderr"] as const) {
        const own = records.filter((record) => record.stream === stream);
        const parts = own.map(({ line }) => line.split("\n"));
        const expected = written.filter((line) => line.stream === stream);
        expect(parts.flat()).toEqual(expected.map(({ line }) => line));
        let before: readonly string[] | undefined;
        for (const [first = "", ...rest] of parts) {
          expect(rest.some((line) => line.startsWith("E"))).toBe(false);
          expect(rest.length + 1).toBeLessThanOrEqual(maxLines);
          const bytes = Buffer.byteLength(first + rest.join(""));
          expect(rest.length === 0 || bytes <= maxBytes).toBe(true);
          // What begins a record without a match had no room in the one before.
          const isForced =
            before === undefined ||
            before.length === maxLines ||
            Buffer.byteLength(before.join("") + first) > maxBytes;
          expect(first.startsWith("E") || isForced).toBe(true);
          before = [first, ...rest];
        }
      }
    }),
  );
});

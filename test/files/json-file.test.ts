/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { JsonFileDecoder } from "../../src/files/json-file.ts";
import type { Entry } from "../../src/wire/entry.ts";
import { wellFormedText } from "../support/any-text.ts";
import { propertyRuns } from "../support/size.ts";
import { arbitraryCuts, chunked } from "../wire/bytes.ts";
import type { Decoded } from "../wire/bytes.ts";
import { decodeFile } from "./decoded.ts";

const RUNS = propertyRuns({ short: 60, long: 2_000 });
const TIME = "2026-11-23T15:58:34.885847851Z";

interface Line {
  readonly log: string;
  readonly stream: "stdout" | "stderr";
  readonly time: string;
  readonly attrs: Readonly<Record<string, string>> | undefined;
}

/** As the engine writes a line (moby, `daemon/logger/jsonfilelog/jsonlog/jsonlogbytes.go`): `raw` stands for the log's text. */
function written({ log, stream, time, attrs }: Line, raw = escaped(log)): string {
  const noted = attrs === undefined ? "" : `,"attrs":${JSON.stringify(attrs)}`;
  return `{"log":"${raw}","stream":"${stream}"${noted},"time":"${time}"}\n`;
}

function escaped(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(
      /[<>&\u2028\u2029\ufffd]/g,
      (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
}

const arbitraryText = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("tick", "tock", "", "x".repeat(90)) },
  wellFormedText,
  fc.string({
    unit: fc.constantFrom("a", '"', "\\", "\u001b", "\r", "\0", "<", "ä", "😀", "\ufffd"),
  }),
  fc.integer({ min: 16_000, max: 17_000 }).map((size) => "y".repeat(size)),
);
const arbitraryTime = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .nat(999_999_999)
      .map((nanos) => `2026-11-23T15:58:34.${String(nanos).padStart(9, "0")}Z`),
  },
  fc.constantFrom(
    "2026-11-23T15:58:34Z",
    "2026-11-23T15:58:34.5Z",
    "2026-11-23T15:58:34.885Z",
    "2026-11-23T21:28:34.885+05:30",
  ),
);
const arbitraryLine: fc.Arbitrary<Line> = fc.record({
  log: fc
    .tuple(arbitraryText, fc.constantFrom("\n", "\n", "\n", ""))
    .map((parts) => parts.join("")),
  stream: fc.constantFrom("stdout", "stderr"),
  time: arbitraryTime,
  attrs: fc.option(fc.constantFrom({ tag: "x" }, { b: "}", a: '"\\' }), {
    nil: undefined,
    freq: 10,
  }),
});
const arbitraryLog = fc.array(arbitraryLine, { maxLength: 60 });

function expected({ log: all, stream, time: stamp }: Line): object {
  const ended = all.endsWith("\n");
  const fraction = /\.(\d+)/.exec(stamp)?.[1] ?? "";
  return {
    stream,
    timestamp: `2026-11-23T15:58:34.${fraction.padEnd(9, "0")}Z`,
    text: Buffer.from(ended ? all.slice(0, -1) : all).toString("latin1"),
    ended,
  };
}

function withoutEnd({ stream, timestamp, text, ended }: Decoded): Decoded {
  return { stream, timestamp, text, ended };
}

const decoder = (): JsonFileDecoder => new JsonFileDecoder({ tty: false, attributes: false });

describe("a json-file log", () => {
  it("is decoded as it was written, however it is cut", () => {
    fc.assert(
      fc.property(arbitraryLog, arbitraryCuts, (lines, cuts) => {
        const bytes = Buffer.from(lines.map((one) => written(one)).join(""));
        const { entries, holes } = decodeFile(decoder(), chunked(bytes, cuts));
        expect(entries.map(withoutEnd)).toEqual(lines.map(expected));
        expect(holes).toEqual([]);
        const ends = lines.map((_, index) =>
          Buffer.byteLength(
            lines
              .slice(0, index + 1)
              .map((one) => written(one))
              .join(""),
          ),
        );
        expect(entries.map(({ end }) => end)).toEqual(ends);
      }),
      { numRuns: RUNS },
    );
  });

  it("keeps every line that damage has left whole, and tells the rest as holes", () => {
    const damage = fc.record({
      at: fc.nat(),
      kind: fc.constantFrom("cut", "zeros", "garbage"),
      size: fc.integer({ min: 1, max: 300 }),
      seed: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    });
    fc.assert(
      fc.property(
        fc.array(arbitraryLine, { minLength: 1, maxLength: 30 }),
        damage,
        arbitraryCuts,
        (lines, { at, kind, size, seed }, cuts) => {
          const all = lines.map((one) => Buffer.from(written(one)));
          const bytes = Buffer.concat(all);
          const from = at % bytes.length;
          const filler =
            kind === "cut"
              ? Buffer.alloc(0)
              : kind === "zeros"
                ? Buffer.alloc(size)
                : Buffer.from(seed);
          const damaged = Buffer.concat([
            bytes.subarray(0, from),
            filler,
            bytes.subarray(from + size),
          ]);
          const { entries, holes, consumed } = decodeFile(decoder(), chunked(damaged, cuts));
          // What stands before the damage, and behind the first newline after it, is as it was.
          let end = 0;
          const before = lines.filter((_, index) => (end += all[index]?.length ?? 0) <= from);
          end = 0;
          const behind = lines.filter((_, index) => {
            const isBehind = end > from + size;
            end += all[index]?.length ?? 0;
            return isBehind;
          });
          const shown = entries.map(withoutEnd);
          expect(shown.slice(0, before.length)).toEqual(before.map(expected));
          expect(behind.length === 0 ? [] : shown.slice(-behind.length)).toEqual(
            behind.map(expected),
          );
          // Nothing is passed over in silence.
          const told = holes.reduce((sum, hole) => sum + hole.to - hole.from, 0);
          const lengths = [...entries.map((entry) => entry.end), ...holes.map((hole) => hole.to)];
          expect(Math.max(0, ...lengths)).toBe(consumed);
          expect(told).toBeLessThanOrEqual(damaged.length);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it("shows a line that stands right behind one that was cut", () => {
    const whole = written({ log: "second\n", stream: "stderr", time: TIME, attrs: undefined });
    const bytes = Buffer.from(`{"log":"first li${whole}`);
    const { entries, holes } = decodeFile(decoder(), [bytes]);
    expect(entries.map((entry) => entry.text)).toEqual(["second"]);
    expect(holes).toEqual([{ from: 0, to: 16 }]);
  });

  it("tells zeros of any length as one hole, and goes on behind them", () => {
    const whole = written({ log: "behind\n", stream: "stdout", time: TIME, attrs: undefined });
    const bytes = Buffer.concat([Buffer.alloc(3_000_000), Buffer.from(whole)]);
    const { entries, holes } = decodeFile(
      decoder(),
      chunked(bytes, [700_000, 700_000, 700_000, 700_000]),
    );
    expect(entries.map((entry) => entry.text)).toEqual(["behind"]);
    expect(holes.at(0)?.from).toBe(0);
    expect(holes.at(-1)?.to).toBe(3_000_000);
  });

  it.each([
    ["a control character", "a\u0001b\\n"],
    ["a raw tab", "a\tb\\n"],
    ["a quote that is not escaped", 'a"b\\n'],
    ["an escape that is none", "a\\xb\\n"],
    ["half a \\u", "a\\u12\\n"],
  ])("does not take a line with %s for one", (_, raw) => {
    const line = (log: string): string => `{"log":"${log}","stream":"stdout","time":"${TIME}"}\n`;
    const bytes = Buffer.from(line("sound\\n") + line(raw) + line("sound\\n"));
    const { order } = decodeFile(decoder(), [bytes]);
    expect(order).toEqual(["sound", "hole", "sound"]);
  });

  it("does not take bytes that are no UTF-8 for a line: the engine writes none", () => {
    const line = (log: string): Buffer =>
      Buffer.from(`{"log":"${log}\\n","stream":"stdout","time":"${TIME}"}\n`, "latin1");
    const { order } = decodeFile(decoder(), [
      Buffer.concat([line("sound"), line("\xc3("), line("sound")]),
    ]);
    expect(order).toEqual(["sound", "hole", "sound"]);
  });

  it("gives half a surrogate pair as U+FFFD", () => {
    const bytes = Buffer.from(
      `{"log":"\\ud83d|\\ude00|\\ud83d\\ude00\\n","stream":"stdout","time":"${TIME}"}\n`,
    );
    const { entries } = decodeFile(decoder(), [bytes]);
    expect(Buffer.from(entries[0]?.text ?? "", "latin1").toString()).toBe("\ufffd|\ufffd|😀");
  });

  it("holds a last line back until its newline is there", () => {
    const bytes = Buffer.from(
      written({ log: "a\n", stream: "stdout", time: TIME, attrs: undefined }),
    );
    const parts = decoder();
    expect(parts.decode(bytes.subarray(0, -1))).toEqual({ pieces: [], consumed: 0 });
    expect(parts.decode(bytes).consumed).toBe(bytes.length);
  });

  it("shows a terminal's lines as the API does: with their return, of one stream", () => {
    const bytes = Buffer.from(
      written({ log: "a\u001b[1mb\r\n", stream: "stdout", time: TIME, attrs: undefined }),
    );
    const terminal = new JsonFileDecoder({ tty: true, attributes: false });
    const { entries } = decodeFile(terminal, [bytes]);
    expect(entries).toEqual([
      { stream: "tty", timestamp: TIME, text: "a\u001b[1mb\r", ended: true, end: bytes.length },
    ]);
  });

  it("gives attributes in the API's order, where they are wanted", () => {
    const bytes = Buffer.from(
      written({ log: "a\n", stream: "stdout", time: TIME, attrs: { z: "1", a: "2" } }),
    );
    const attributed = new JsonFileDecoder({ tty: false, attributes: true });
    const [piece] = attributed.decode(bytes).pieces;
    const entry = piece?.type === "entries" ? piece.entries.at(0) : undefined;
    expect(Object.entries(entry?.attributes ?? {})).toEqual([
      ["a", "2"],
      ["z", "1"],
    ]);
  });

  it("gives each line its own attributes, however they change; equal ones are one object", () => {
    const arbitraryAttrs = fc.option(
      fc.oneof(
        {
          weight: 4,
          arbitrary: fc.constantFrom({ tag: "x" }, { tag: "xy" }, { b: "}", a: '"\\' }),
        },
        fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), {
          maxKeys: 3,
          noNullPrototype: true,
        }),
      ),
      { nil: undefined },
    );
    const log = fc.array(
      fc
        .tuple(arbitraryLine, arbitraryAttrs, fc.integer({ min: 1, max: 4 }))
        .map(([line, attrs, times]) => Array.from({ length: times }, () => ({ ...line, attrs }))),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(log, arbitraryCuts, fc.boolean(), (runs, cuts, tty) => {
        const lines = runs.flat();
        const bytes = Buffer.from(lines.map((one) => written(one)).join(""));
        const given: Entry[] = [];
        const attributed = new JsonFileDecoder({ tty, attributes: true });
        const { entries } = decodeFile(attributed, chunked(bytes, cuts), (entry) =>
          given.push(entry),
        );
        const bare = new JsonFileDecoder({ tty, attributes: false });
        expect(entries).toEqual(decodeFile(bare, chunked(bytes, cuts)).entries);
        expect(given.map(({ attributes }) => attributes)).toEqual(
          lines.map(({ attrs }) => attrs ?? {}),
        );
        const isSameAsBefore = (index: number): boolean =>
          JSON.stringify(lines[index]?.attrs) === JSON.stringify(lines[index - 1]?.attrs);
        for (const [index, { attributes }] of given.entries())
          if (index > 0 && isSameAsBefore(index))
            expect(attributes).toBe(given[index - 1]?.attributes);
      }),
      { numRuns: RUNS },
    );
  });

  it("parses the same attributes once, however many lines have them", () => {
    const line = written({ log: "a\n", stream: "stdout", time: TIME, attrs: { tag: "x" } });
    const parse = vi.spyOn(JSON, "parse");
    onTestFinished(() => parse.mockRestore());
    const attributed = new JsonFileDecoder({ tty: false, attributes: true });
    const { pieces } = attributed.decode(Buffer.from(line.repeat(1_000)));
    expect(parse).toHaveBeenCalledTimes(1);
    expect(pieces).toHaveLength(1);
  });
});

/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { K8sFileDecoder } from "../../src/files/k8s-file.ts";
import type { K8sOptions } from "../../src/files/k8s-file.ts";
import { propertyRuns } from "../support/size.ts";
import { arbitraryCuts, chunked } from "../wire/bytes.ts";
import type { Decoded } from "../wire/bytes.ts";
import { arbitraryDamage, damaged } from "./damage.ts";
import { decodeFile } from "./decoded.ts";

const RUNS = propertyRuns({ short: 60, long: 2_000 });

interface Line {
  readonly stream: "stdout" | "stderr";
  readonly nanos: number;
  readonly parts: readonly Buffer[];
}

const stampOf = (nanos: number, zone: string): string =>
  `2026-11-23T15:58:34.${String(nanos).padStart(9, "0")}${zone}`;

/** As conmon writes it, `ctr_logging.c`. */
function written({ stream, nanos, parts }: Line): Buffer {
  return Buffer.concat(
    parts.flatMap((part, index) => {
      const tag = index === parts.length - 1 ? "F" : "P";
      const head = `${stampOf(Math.min(999_999_999, nanos + index), "+00:00")} ${stream} ${tag} `;
      return [Buffer.from(head), part, Buffer.from("\n")];
    }),
  );
}

const expected = ({ stream, nanos, parts }: Line): Decoded => {
  const text = Buffer.concat(parts).toString("latin1");
  return { stream, timestamp: stampOf(nanos, "Z"), text, ended: true };
};

const arbitraryPart = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes.filter((byte) => byte > 10))),
  fc.constantFrom("", "tick", "ä€😀", "stdout F x", "a\rb").map((text) => Buffer.from(text)),
  fc.integer({ min: 7_000, max: 8_192 }).map((size) => Buffer.alloc(size, "x")),
);

const arbitraryLines: fc.Arbitrary<Line[]> = fc.array(
  fc.record({
    stream: fc.constantFrom("stdout", "stderr"),
    nanos: fc.nat(999_999_999),
    parts: fc.oneof(
      { weight: 5, arbitrary: arbitraryPart.map((part) => [part]) },
      { weight: 1, arbitrary: fc.array(arbitraryPart, { minLength: 1, maxLength: 4 }) },
    ),
  }),
  { minLength: 1, maxLength: 40 },
);

const options: K8sOptions = { tty: false, attributes: false, wholeSeconds: false };
const decoder = (): K8sFileDecoder => new K8sFileDecoder(options);

const withoutEnd = ({ stream, timestamp, text, ended }: Decoded): Decoded => {
  return { stream, timestamp, text, ended };
};

describe("a k8s-file log", () => {
  it("is decoded as it was written, its parts joined, however it is cut", () => {
    fc.assert(
      fc.property(arbitraryLines, arbitraryCuts, (lines, cuts) => {
        const all = lines.map(written);
        const { entries, holes } = decodeFile(decoder(), chunked(Buffer.concat(all), cuts));
        expect(entries.map(withoutEnd)).toEqual(lines.map(expected));
        expect(holes).toEqual([]);
        let end = 0;
        expect(entries.map((entry) => entry.end)).toEqual(all.map(({ length }) => (end += length)));
      }),
      { numRuns: RUNS },
    );
  });

  it("keeps every line that damage has left whole", () => {
    fc.assert(
      fc.property(arbitraryLines, arbitraryDamage, arbitraryCuts, (lines, damage, cuts) => {
        const { bytes, before, behind } = damaged(lines.map(written), damage);
        const { entries } = decodeFile(decoder(), chunked(bytes, cuts));
        const shown = entries.map(withoutEnd);
        expect(shown.slice(0, before)).toEqual(lines.slice(0, before).map(expected));
        // The line behind may go on with a part whose end is lost.
        const last = lines.slice(lines.length - behind).map(expected);
        const later = behind < 2 ? [] : shown.slice(1 - behind);
        const unmixed = last.slice(1).filter((line) => !isAfterPart(shown, line));
        for (const line of unmixed) expect(later).toContainEqual(line);
      }),
      { numRuns: RUNS },
    );
  });

  it("shows a line behind zeros that a power cut has left within another, and tells the hole", () => {
    const line = (text: string): string => `${stampOf(5, "+00:00")} stdout F ${text}\n`;
    const bytes = Buffer.from(`${line("a")}${stampOf(5, "+00:00")} stdout F b\0\0\0${line("c")}`);
    const { order } = decodeFile(decoder(), [bytes]);
    expect(order).toEqual(["a", "hole", "c"]);
  });

  it("brings times to UTC, and to whole seconds where the API tells no more", () => {
    const bytes = Buffer.from(
      `${stampOf(5, "+05:30")} stdout F a\n${stampOf(5, "-01:00")} stderr F b\n`,
    );
    const stamps = (whole: boolean): string[] =>
      decodeFile(new K8sFileDecoder({ ...options, wholeSeconds: whole }), [bytes]).entries.map(
        ({ timestamp }) => timestamp,
      );
    expect(stamps(false)).toEqual([
      "2026-11-23T10:28:34.000000005Z",
      "2026-11-23T16:58:34.000000005Z",
    ]);
    expect(stamps(true)).toEqual(["2026-11-23T10:28:34Z", "2026-11-23T16:58:34Z"]);
  });

  it("gives the parts of a line without its end once nothing more can come", () => {
    const parts = decoder();
    const bytes = Buffer.from(`${stampOf(5, "Z")} stdout P abc\n`);
    expect(parts.decode(bytes)).toEqual({ pieces: [], consumed: bytes.length });
    expect(parts.isHolding).toBe(true);
    expect(parts.remains().map(({ text, ended }) => `${text.toString()} ${ended}`)).toEqual([
      "abc false",
    ]);
  });
});

/** A part that damage has left open takes in what its stream writes next. */
function isAfterPart(shown: readonly Decoded[], line: Decoded): boolean {
  return shown.some(({ text, timestamp }) => {
    // The part may have been empty.
    const isAnother = text !== line.text || timestamp !== line.timestamp;
    return isAnother && text.endsWith(line.text);
  });
}

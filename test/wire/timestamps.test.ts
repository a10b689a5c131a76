import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { epochNanoseconds } from "../../src/index.ts";
import {
  coarsen,
  compareTimestamps,
  fractionDigits,
  isNanosecondUtc,
  toUtc,
} from "../../src/wire/timestamps.ts";
import { thrown } from "../support/fake-follow.ts";

const MAX_SECONDS = Math.floor(Date.UTC(2200, 0) / 1000);
const time = fc.record({
  seconds: fc.integer({ min: 0, max: MAX_SECONDS }),
  fraction: fc.string({
    unit: fc.constantFrom("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
    maxLength: 9,
  }),
});

function utc({ seconds, fraction }: { seconds: number; fraction: string }): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction === "" ? "" : `.${fraction}`}Z`;
}

function nanoseconds({ seconds, fraction }: { seconds: number; fraction: string }): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
}

describe("a timestamp", () => {
  it("with an offset is brought to UTC and keeps its digits", () => {
    fc.assert(
      fc.property(time, fc.integer({ min: -14 * 60, max: 14 * 60 }), (at, minutes) => {
        const sign = minutes < 0 ? "-" : "+";
        const size = Math.abs(minutes);
        const zone = `${sign}${String(Math.floor(size / 60)).padStart(2, "0")}:${String(size % 60).padStart(2, "0")}`;
        const local = utc({ ...at, seconds: at.seconds + minutes * 60 + 86_400 }).replace(
          "Z",
          zone,
        );
        expect(toUtc(local)).toBe(utc({ ...at, seconds: at.seconds + 86_400 }));
      }),
    );
  });

  it("of the first years is of those, and one before them is none", () => {
    expect(toUtc("0001-01-01T00:00:00+00:00")).toBe("0001-01-01T00:00:00Z");
    expect(toUtc("0099-03-01T00:00:00.5+01:00")).toBe("0099-02-28T23:00:00.5Z");
    expect(epochNanoseconds("0001-01-01T00:00:00Z")).toBe(-62_135_596_800_000_000_000n);
    expect(toUtc("0000-01-01T00:00:00+23:59")).toBeUndefined();
    expect(toUtc("9999-12-31T23:59:59-00:01")).toBeUndefined();
  });

  it.each(["0p0000000Z", "0\u001b0000000Z"])("of nanoseconds has digits alone: %j", (end) => {
    expect(isNanosecondUtc(`2026-11-23T15:58:35.${"0".repeat(9)}Z`)).toBe(true);
    expect(isNanosecondUtc(`2026-11-23T15:58:35.${end}`)).toBe(false);
  });

  it("in UTC stays as it is", () => {
    fc.assert(
      fc.property(time, (at) => {
        expect(toUtc(utc(at))).toBe(utc(at));
      }),
    );
  });

  it("is its nanoseconds since 1970, with any number of digits", () => {
    fc.assert(
      fc.property(time, (at) => {
        expect(epochNanoseconds(utc(at))).toBe(nanoseconds(at));
      }),
    );
  });

  it("compares as its nanoseconds do", () => {
    fc.assert(
      fc.property(time, time, fc.boolean(), (left, right, same) => {
        const other = same ? { ...right, seconds: left.seconds } : right;
        const difference = nanoseconds(left) - nanoseconds(other);
        expect(Math.sign(compareTimestamps(utc(left), utc(other)))).toBe(
          difference < 0n ? -1 : difference > 0n ? 1 : 0,
        );
      }),
    );
  });

  it("coarsens to the digits asked for", () => {
    fc.assert(
      fc.property(time, fc.integer({ min: 0, max: 9 }), (at, digits) => {
        const coarse = coarsen(utc(at), digits);
        expect(fractionDigits(coarse)).toBe(Math.min(digits, at.fraction.length));
        expect(coarse).toBe(utc({ ...at, fraction: at.fraction.slice(0, digits) }));
      }),
    );
  });

  it.each([
    "",
    "yesterday",
    "2026-11-23",
    "2026-11-23T15:58:34",
    "2026-11-23 15:58:34Z",
    "2026-02-30T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-11-23T24:00:00Z",
    "2026-11-23T15:60:00Z",
    "2026-11-23T15:58:34.Z",
    "2026-11-23T15:58:34.1234567890Z",
    "2026-11-23T15:58:34+5:30",
    "2026-11-23T15:58:34+24:00",
    "２026-11-23T15:58:34Z",
  ])("is none where it is %j", (text) => {
    expect(toUtc(text)).toBeUndefined();
    expect(thrown(() => epochNanoseconds(text), "INVALID_OPTION").message).toContain("RFC 3339");
  });

  it.each([[5n], [Symbol("s")], [null], [undefined], [new Date()], [Object.create(null)]])(
    "is none where it is no text: %s",
    (wrong: unknown) => {
      const error = thrown(() => epochNanoseconds(wrong as never), "INVALID_OPTION");
      expect(error.message).toContain("RFC 3339");
    },
  );

  it("of a leap day is one", () => {
    expect(epochNanoseconds("2028-02-29T00:00:00.5Z")).toBe(1_835_395_200_500_000_000n);
  });
});

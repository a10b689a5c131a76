/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Aligner, RemnantAligner } from "../../src/resume/aligner.ts";
import { fromCursor, toCursor } from "../../src/resume/cursor.ts";
import { LOG_START, reach } from "../../src/resume/position.ts";
import type { Position } from "../../src/resume/position.ts";
import { Trail } from "../../src/resume/trail.ts";
import type { Entry } from "../../src/wire/entry.ts";
import { coarsen } from "../../src/wire/timestamps.ts";
import { arbitraryLog, clocks, inPieces } from "../support/arbitrary-log.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 300, long: 3_000 });
const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 40 });
const share = fc.double({ min: 0, max: 1, noNaN: true });

/** Reads `entries` in pieces and says where the reader is then. */
function readAll(
  entries: readonly Entry[],
  pieces: readonly number[],
  start: Position | undefined,
): Position | undefined {
  const trail = new Trail("by-timestamp", start);
  for (const piece of inPieces(entries, pieces)) trail.add(piece);
  return trail.position;
}

/** Where the aligner says that new entries begin; undefined where it does not find the place. */
function align(
  target: Position,
  reread: readonly Entry[],
  pieces: readonly number[],
  fromLogStart: boolean,
): number | undefined {
  const aligner = new Aligner(target, fromLogStart);
  let at = 0;
  if (aligner.matched) return 0;
  for (const piece of inPieces(reread, pieces)) {
    const from = aligner.push(piece);
    if (aligner.matched) return at + from;
    at += piece.length;
  }
  return undefined;
}

describe.each(clocks)("a place in a log with a clock that is %s", (clock) => {
  const log = arbitraryLog(clock);

  it("is found again exactly in any reread from the log's start", () => {
    fc.assert(
      fc.property(log, share, cuts, cuts, (entries, where, readPieces, rereadPieces) => {
        const place = Math.floor(where * entries.length);
        const target = readAll(entries.slice(0, place), readPieces, LOG_START);
        if (target === undefined) throw new Error("a log read from its start has a place");
        expect(align(target, entries, rereadPieces, true)).toBe(place);
      }),
      { numRuns: RUNS },
    );
  });

  it("is never found in another place, whatever part of the log's end is reread", () => {
    fc.assert(
      fc.property(
        log,
        share,
        share,
        cuts,
        cuts,
        (entries, where, shown, readPieces, rereadPieces) => {
          const place = Math.floor(where * entries.length);
          const target = readAll(entries.slice(0, place), readPieces, LOG_START);
          if (target === undefined || target.whole) return;
          const from = Math.floor(shown * entries.length);
          const found = align(target, entries.slice(from), rereadPieces, false);
          if (found !== undefined) expect(from + found).toBe(place);
          if (from < place - reach(target)) expect(found).toBeDefined();
        },
      ),
      { numRuns: RUNS },
    );
  });

  it("is the same place for a reader that began in the middle", () => {
    fc.assert(
      fc.property(log, share, share, cuts, (entries, begun, where, readPieces) => {
        const begin = Math.floor(begun * entries.length);
        const place = begin + Math.floor(where * (entries.length - begin));
        const target = readAll(entries.slice(begin, place), readPieces, undefined);
        if (target === undefined) return;
        const found = align(target, entries.slice(begin), [], false);
        if (found !== undefined) expect(begin + found).toBe(place);
      }),
      { numRuns: RUNS },
    );
  });

  it("is found or missed, never mistaken, after the engine threw away the log's beginning", () => {
    fc.assert(
      fc.property(log, share, share, cuts, (entries, where, thrown, readPieces) => {
        const place = Math.floor(where * entries.length);
        const target = readAll(entries.slice(0, place), readPieces, LOG_START);
        if (target === undefined || target.groups.length === 0) return;
        const from = Math.floor(thrown * entries.length);
        const left = entries.slice(from);
        const remnant = new RemnantAligner(target);
        remnant.push(left);
        const found = align(target, left, [], true) ?? remnant.behind;
        if (found === undefined || from + found === place) return;
        // Where what is left reads like what stood before the place, nobody can tell them apart.
        expect(left.slice(0, found)).toEqual(entries.slice(place - found, place));
      }),
      { numRuns: RUNS },
    );
  });

  it("survives being written as a cursor", () => {
    fc.assert(
      fc.property(log, cuts, fc.boolean(), (entries, pieces, isLeft) => {
        const last = entries.length - 1;
        const read = entries.map((entry, index) =>
          isLeft && index === last && entry.text.length > 0
            ? Object.assign({}, entry, { leftSince: 1 })
            : entry,
        );
        const target = readAll(read, pieces, LOG_START);
        if (target === undefined) throw new Error("a log read from its start has a place");
        const cursor: unknown = JSON.parse(JSON.stringify(toCursor("c", target)));
        expect(fromCursor(cursor as never, "c")).toEqual(target);
      }),
      { numRuns: RUNS },
    );
  });
});

describe("a place noted with nanoseconds", () => {
  it("is found, or missed, in a log that an older engine shows with whole seconds", () => {
    fc.assert(
      fc.property(arbitraryLog("coarse"), share, cuts, (entries, where, pieces) => {
        const fine = entries.map((entry, index) => ({
          ...entry,
          timestamp: entry.timestamp.replace("Z", `.${String(index * 7).padStart(9, "0")}Z`),
        }));
        const place = Math.floor(where * entries.length);
        const target = readAll(fine.slice(0, place), pieces, LOG_START);
        if (target === undefined) throw new Error("a log read from its start has a place");
        const coarse = fine.map((entry) => ({ ...entry, timestamp: coarsen(entry.timestamp, 0) }));
        const found = align(target, coarse, [], true);
        if (found !== undefined) expect(found).toBe(place);
      }),
      { numRuns: RUNS },
    );
  });

  it("and the other way round", () => {
    fc.assert(
      fc.property(arbitraryLog("coarse"), share, cuts, (entries, where, pieces) => {
        const place = Math.floor(where * entries.length);
        const target = readAll(entries.slice(0, place), pieces, LOG_START);
        if (target === undefined) throw new Error("a log read from its start has a place");
        const fine = entries.map((entry, index) => ({
          ...entry,
          timestamp: entry.timestamp.replace("Z", `.${String(index * 7).padStart(9, "0")}Z`),
        }));
        expect(align(target, fine, [], true)).toBe(place);
      }),
      { numRuns: RUNS },
    );
  });
});

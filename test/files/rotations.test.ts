/** @module-tag long */
import { statSync, truncateSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { watchDoubts } from "../../src/files/folder-watch.ts";
import type { LogFileReader } from "../../src/files/log-files.ts";
import { propertyRuns } from "../support/size.ts";
import { WrittenLog, readOn } from "./written-log.ts";

const RUNS = propertyRuns({ short: 20, long: 400 });

/** A full file has so many at the least: it may be filled within a moment. */
const SMALL_BYTES = 1_000;

type Act =
  | { readonly kind: "write"; readonly lines: number }
  | {
      readonly kind:
        | "rotate"
        | "begin compression"
        | "compress"
        | "read on"
        | "read on, told"
        | "reopen"
        | "empty";
    }
  /** "fill": so many files, before anybody can look. */
  | { readonly kind: "read" | "fill"; readonly times: number };

const act = (
  kinds: readonly Exclude<Act, { lines: number } | { times: number }>["kind"][],
  timed: readonly ("read" | "fill")[] = ["read"],
): fc.Arbitrary<Act> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("write" as const),
        lines: fc.integer({ min: 1, max: 40 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom(...kinds) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom(...timed),
        times: fc.integer({ min: 1, max: 7 }),
      }),
    },
  );

/** What was shown, and how often files were begun anew at most while nothing was read. */
interface Played {
  readonly shown: readonly string[];
  readonly mostRotations: number;
}

async function play(log: WrittenLog, acts: readonly Act[]): Promise<Played> {
  const shown: string[] = [];
  let reader: LogFileReader = await log.open();
  let isPlain = false;
  let rotations = 0;
  let mostRotations = 0;
  const readAll = async (): Promise<void> => {
    shown.push(...(await readOn(reader)).shown);
    rotations = 0;
  };
  try {
    for (const one of acts) {
      switch (one.kind) {
        case "write":
          log.write(one.lines);
          break;
        case "rotate":
          // The engine begins a new file where one is full.
          if (statSync(log.path).size === 0) break;
          log.rotate();
          isPlain = true;
          mostRotations = Math.max(mostRotations, ++rotations);
          break;
        case "fill":
          for (let time = 0; time < one.times; time++) {
            log.write(2);
            log.rotate();
          }
          isPlain = true;
          break;
        case "begin compression":
          if (isPlain) log.beginCompression();
          break;
        case "compress":
          if (isPlain) log.compress();
          isPlain = false;
          break;
        case "empty":
          truncateSync(log.path, 0);
          break;
        case "read on":
          await readAll();
          break;
        case "read on, told":
          reader.changed();
          await readAll();
          // It was all that a look at the whole folder finds.
          expect((await readOn(reader)).shown).toEqual([]);
          break;
        case "read":
          for (let time = 0; time < one.times; time++) {
            const news = await reader.next();
            if (news.type === "hole") shown.push(news.cause);
            if (news.type === "entries")
              shown.push(...Array.from(news.entries, ({ text }) => text.toString()));
          }
          break;
        case "reopen":
          await reader.close();
          reader = await log.open();
          shown.length = 0;
          mostRotations = 0;
          await readAll();
          break;
      }
    }
    await readAll();
  } finally {
    await reader.close();
  }
  return { shown, mostRotations };
}

/** Each line stands where it was written, none twice, and where some are missing a hole is told. */
function expectInOrder(shown: readonly string[], written: readonly string[]): void {
  let expected = Number(shown.find((one) => /^\d/.test(one)) ?? 0);
  let isHole = false;
  for (const one of shown) {
    if (!/^\d/.test(one)) {
      isHole = true;
      continue;
    }
    const number = Number(one);
    if (isHole) expect(number).toBeGreaterThanOrEqual(expected);
    else expect(number).toBe(expected);
    isHole = false;
    expected = number + 1;
  }
  if (!isHole) expect(expected).toBe(written.length);
}

/** A hole beside which nothing is missing. */
function isFalse(one: string, shown: readonly string[], at: number, written: number): boolean {
  if (/^\d/.test(one)) return false;
  const before = shown[at - 1];
  const behind = Number(shown[at + 1] ?? written);
  return before !== undefined && behind === Number(before) + 1;
}

describe("a log whose files are rotated", () => {
  it.each([2, 3, 5])("is read whole, or its holes are told, with %d files", async (files) => {
    const acts = fc.array(
      act([
        "rotate",
        "rotate",
        "begin compression",
        "compress",
        "compress",
        "read on",
        "read on, told",
        "reopen",
      ]),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(acts, async (list) => {
        await using log = await WrittenLog.create(files);
        const { shown, mostRotations } = await play(log, list);
        expectInOrder(shown, log.texts);
        // What was not deleted is shown.
        if (mostRotations < files) expect(shown.filter((one) => !/^\d/.test(one))).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it.each([2, 3, 5])("has no hole that is told and is none, with %d small files", async (files) => {
    const acts = fc.array(
      act(["rotate", "begin compression", "compress", "read on", "reopen"], ["read", "fill"]),
      { maxLength: 40 },
    );
    let judged = 0;
    await fc.assert(
      fc.asyncProperty(acts, async (list) => {
        await using log = await WrittenLog.create(files, SMALL_BYTES);
        const doubts = watchDoubts();
        const { shown } = await play(log, list);
        expectInOrder(shown, log.texts);
        // The machine was busy for so long that events may have been lost.
        if (watchDoubts() > doubts) return;
        judged++;
        expect(shown.filter((one, at) => isFalse(one, shown, at, log.texts.length))).toEqual([]);
      }),
      { numRuns: RUNS },
    );
    expect(judged).toBeGreaterThan(0);
  });

  it("is read whole, or its holes are told, where it is also emptied by hand", async () => {
    const acts = fc.array(act(["rotate", "compress", "read on", "read on, told", "empty"]), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(acts, async (list) => {
        await using log = await WrittenLog.create(3);
        const { shown } = await play(log, list);
        const numbers = shown.filter((one) => /^\d/.test(one)).map(Number);
        expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
        expect(new Set(numbers).size).toBe(numbers.length);
      }),
      { numRuns: RUNS },
    );
  });
});

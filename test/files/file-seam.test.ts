/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FileSeam } from "../../src/files/file-seam.ts";
import { openLogFiles } from "../../src/files/open-log-files.ts";
import type { Entry } from "../../src/wire/entry.ts";
import { propertyRuns } from "../support/size.ts";
import { WrittenLog, readOn } from "./written-log.ts";

const FILE_BYTES = 8_000;
/** An engine that writes as fast as any takes so long for a file. */
const FILE_NS = FILE_BYTES / 8;

interface Written {
  readonly stream: "stdout" | "stderr";
  readonly bytes: number;
  /** How much longer it takes than the fastest engine. */
  readonly slowNs: number;
  /** When its time is taken: between the end of the stream's line before (0) and its own write (1). */
  readonly taken: number;
}

function stamped(stream: "stdout" | "stderr", atNs: number, ended = true): Entry {
  const timestamp = `2026-11-23T15:58:34.${String(atNs).padStart(9, "0")}Z`;
  return { stream, timestamp, text: Buffer.from("x"), ended };
}

/** One writes at a time, and each stream's next time is taken once its line before is written; full files are followed by new ones. */
function write(lines: readonly Written[]): Entry[][] {
  const files: Entry[][] = [[]];
  const free = new Map<string, number>();
  let now = 0;
  let size = 0;
  for (const { stream, bytes, slowNs, taken } of lines) {
    if (size >= FILE_BYTES) {
      files.push([]);
      size = 0;
    }
    const from = free.get(stream) ?? 0;
    files.at(-1)?.push(stamped(stream, Math.floor(from + taken * (now - from))));
    now += Math.ceil(bytes / 8) + slowNs;
    size += bytes;
    free.set(stream, now);
  }
  return files;
}

const streamsIn = (entries: readonly Entry[]): Set<string> =>
  new Set(entries.map(({ stream }) => stream));

/** Whether a file seems to be missing between these two. */
function isBroken(before: readonly Entry[], behind: readonly Entry[]): boolean {
  const seam = new FileSeam(FILE_BYTES);
  seam.read(before);
  seam.enter(true);
  return seam.isBroken(behind);
}

describe("the seam of two files", () => {
  const line = fc.record({
    stream: fc.constantFrom("stdout" as const, "stdout" as const, "stderr" as const),
    bytes: fc.integer({ min: 60, max: 3_000 }),
    slowNs: fc.constantFrom(0, 0, 1, 50, 5_000),
    taken: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  it("is broken wherever a file is missing, whose streams are in those beside it", () => {
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 10, maxLength: 80 }),
        fc.integer({ min: 2, max: 4 }),
        (lines, step) => {
          const files = write(lines);
          for (const [index, before] of files.entries()) {
            const behind = files[index + step];
            if (behind === undefined) break;
            const missing = files.slice(index + 1, index + step).flat();
            const known = new Set([...streamsIn(before), ...streamsIn(behind)]);
            if ([...streamsIn(missing)].some((stream) => !known.has(stream))) continue;
            expect(isBroken(before, behind)).toBe(true);
          }
        },
      ),
      { numRuns: propertyRuns({ short: 200, long: 5_000 }) },
    );
  });

  it("is whole where nothing is missing, and one stream writes without a pause", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 60, max: 3_000 }), { minLength: 10, maxLength: 80 }),
        (sizes) => {
          const own = { stream: "stdout", slowNs: 0, taken: 0 } as const;
          const files = write(sizes.map((bytes) => ({ ...own, bytes })));
          for (const [index, behind] of files.slice(1).entries())
            expect(isBroken(files[index] ?? [], behind)).toBe(false);
        },
      ),
      { numRuns: propertyRuns({ short: 200, long: 5_000 }) },
    );
  });

  it.each([
    ["as long as a file takes", [stamped("stdout", 1)], [stamped("stdout", 1 + FILE_NS)]],
    ["a clock that stands still", [stamped("stdout", 1)], [stamped("stdout", 1)]],
    ["a clock that was set back", [stamped("stdout", 2)], [stamped("stdout", 1)]],
    ["another stream", [stamped("stdout", 1)], [stamped("stderr", 2)]],
    ["a part of a line behind it", [stamped("stdout", 1)], [stamped("stdout", 2, false)]],
    ["a part of a line before it", [stamped("stdout", 1, false)], [stamped("stdout", 2)]],
    ["nothing before it", [], [stamped("stdout", 2)]],
  ])("is broken with %s", (_, before, behind) => {
    expect(isBroken(before, behind)).toBe(true);
  });

  it("is broken once, and only where files may be missing", () => {
    const seam = new FileSeam(FILE_BYTES);
    seam.read([stamped("stdout", 1)]);
    seam.enter(false);
    expect(seam.isBroken([stamped("stdout", 5_000)])).toBe(false);
    seam.enter(true);
    expect([seam.isBroken(), seam.isBroken()]).toEqual([true, false]);
  });
});

describe("a file that the engine has deleted before its next one was known", () => {
  // A file of that size takes 2 ms, and the log's lines are 1 ms apart.
  it.each([
    { rotations: 3, fileBytes: 16_000_000, isTold: false },
    { rotations: 4, fileBytes: 16_000_000, isTold: true },
    { rotations: 3, fileBytes: undefined, isTold: true },
  ])(
    "by $rotations log rotations, of $fileBytes bytes: a hole is told: $isTold",
    async ({ rotations, fileBytes, isTold }) => {
      await using log = await WrittenLog.create(3);
      log.write(5);
      await using reader = await openLogFiles({ ...log.location, fileBytes }, { type: "start" });
      await reader?.next();
      for (let rotation = 1; rotation <= rotations; rotation++) {
        await log.rotateLater(1);
        // What it is deleted by is not told by times then.
        if (rotation === rotations - 1) log.compress();
      }
      const missing = rotations === 4 ? log.texts.slice(5, 10) : [];
      const { shown } = reader === undefined ? { shown: [] } : await readOn(reader);
      const sound = log.texts.slice(5).filter((text) => !missing.includes(text));
      expect(shown).toEqual(isTold ? ["deleted", ...sound] : sound);
    },
  );
});

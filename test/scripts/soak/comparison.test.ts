import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compareDigests } from "../../../scripts/soak/comparison.ts";
import { digestOf, Journal } from "../../../scripts/soak/journal.ts";
import { noDifference } from "../../support/ground-truth.ts";
import type { ComparableLine } from "../../support/ground-truth.ts";

function logOf(count: number): ComparableLine[] {
  return Array.from({ length: count }, (_, index) => ({
    stream: index % 3 === 0 ? "stderr" : "stdout",
    timestamp: `2026-11-28T10:00:00.${String(index).padStart(9, "0")}Z`,
    line: `line ${index}`,
  }));
}

describe("a log, and the digests of the lines that came", () => {
  test("do not differ where all lines came in their order", () => {
    const log = logOf(1_000);
    expect(compareDigests(log, log.map(digestOf))).toEqual(noDifference);
  });

  test("differ by a line lost, repeated, moved or changed, which is named", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 98 }), (at) => {
        const log = logOf(100);
        const came = log.map(digestOf);
        const digest = came[at] ?? 0;
        const next = came[at + 1] ?? 0;
        const first = new RegExp(`First difference at line ${at} `);
        const lost = compareDigests(log, came.toSpliced(at, 1));
        expect(lost).toMatchObject({ lost: 1, repeated: 0, foreign: 0, reordered: 0 });
        expect(lost.firstDifference).toMatch(first);
        const repeated = compareDigests(log, came.toSpliced(at, 0, digest));
        expect(repeated).toMatchObject({ lost: 0, repeated: 1, foreign: 0, reordered: 0 });
        const moved = compareDigests(log, came.toSpliced(at, 2, next, digest));
        expect(moved).toMatchObject({ lost: 0, repeated: 0, foreign: 0, reordered: 1 });
        expect(moved.firstDifference).toMatch(first);
        const changed = compareDigests(log, came.with(at, digest ^ 1));
        expect(changed).toMatchObject({ lost: 1, repeated: 0, foreign: 1, reordered: 0 });
        expect(changed.firstDifference).toMatch(/not in the log; its digest is/);
      }),
    );
  });

  test("differ where the stream or the timestamp differs", () => {
    const [line] = logOf(1);
    if (line === undefined) throw new Error("There is one.");
    const other = { ...line, stream: "stdout" } as const;
    const later = { ...line, timestamp: "2026-11-28T10:00:01.000000000Z" };
    expect(new Set([line, other, later].map(digestOf)).size).toBe(3);
  });
});

describe("a journal", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dp-journal-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("gives the digests of each container in their order, however many came", async () => {
    const journal = new Journal(join(folder, "journal"));
    try {
      const log = logOf(8_500);
      for (const [index, line] of log.entries()) journal.add(index % 3, line);
      for (const container of [0, 1, 2]) {
        const expected = log.filter((_, index) => index % 3 === container).map(digestOf);
        expect(await journal.read(container)).toEqual(expected);
      }
      expect(await journal.read(3)).toEqual([]);
    } finally {
      journal.close();
    }
  });
});

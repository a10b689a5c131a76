/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LOG_START } from "../../src/resume/position.ts";
import { Trail } from "../../src/resume/trail.ts";
import { Batch } from "../../src/queue/batch.ts";
import type { Lines } from "../../src/queue/batch.ts";
import { LineRecord } from "../../src/wire/records.ts";
import type { ContainerInfo } from "../../src/wire/records.ts";
import type { Entries, Entry } from "../../src/wire/entry.ts";
import { wholeLines } from "../../src/wire/whole-lines.ts";
import { arbitraryChunks, fastClocks } from "../wire/fast-entries.ts";
import type { Chunk } from "../wire/fast-entries.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 30, long: 600 });
const container: ContainerInfo = {
  id: "c".repeat(64),
  name: "web",
  image: "fake",
  labels: {},
  tty: false,
  logDriver: "json-file",
  engine: "default",
};

/** How a chunk is handed on: as it came, or as records that were made one by one. */
interface Handed {
  readonly chunk: Chunk;
  readonly isFast: boolean;
  /** Some that come with it stay on their own. */
  readonly isApart: boolean;
}

function linesOf({ chunk, isFast }: Handed): Lines {
  const { fast, plain } = chunk;
  if (isFast)
    return { make: (count) => wholeLines(fast, count, container, "utf8"), count: fast.length };
  return {
    records: plain.map(
      ({ stream, timestamp, text }) =>
        new LineRecord(container, stream, timestamp, text.toString(), false, text, 0),
    ),
    ends: plain.map((_, index) => index + 1),
  };
}

/** A reader's batches, joined where they may be. */
function batchesOf(handed: readonly Handed[], trail: Trail): Batch[] {
  const batches: Batch[] = [];
  for (const one of handed) {
    const entries: Entries = one.isFast ? one.chunk.fast : [...one.chunk.plain];
    const before = trail.clone();
    trail.add(entries);
    const batch = new Batch(linesOf(one), { entries, trail, before, bytes: 1 });
    const last = batches.at(-1);
    if (one.isApart || last?.join(batch, Infinity) !== true) batches.push(batch);
  }
  return batches;
}

describe.each(fastClocks)(
  "the place behind each record of batches, with a clock that is %s",
  (clock) => {
    const chunks = arbitraryChunks({ clock, unendedOneIn: Infinity, maxChunks: 8, maxEntries: 14 });

    it.each(["the log's start", "somewhere in the log"])(
      "is that of a reader of one entry after the other, from %s",
      (where) => {
        const newTrail = (): Trail =>
          new Trail("by-timestamp", where === "the log's start" ? LOG_START : undefined);
        fc.assert(
          fc.property(
            chunks,
            fc.array(fc.record({ isFast: fc.boolean(), isApart: fc.nat(3).map((n) => n === 0) })),
            (list, ways) => {
              const handed = list.map((chunk, index) => ({
                chunk,
                isFast: ways[index]?.isFast ?? true,
                isApart: ways[index]?.isApart ?? false,
              }));
              const one = newTrail();
              const batches = batchesOf(handed, newTrail());
              const entries: Entry[] = list.flatMap(({ plain }) => plain);
              let at = 0;
              for (const batch of batches) {
                expect(batch.before.position).toEqual(one.position);
                expect(batch.first?.line).toBe(entries[at]?.text.toString());
                for (const [index, record] of batch.records.entries()) {
                  const entry = entries[at++];
                  if (entry !== undefined) one.add([entry]);
                  expect(record.line).toBe(entry?.text.toString());
                  expect(record.timestamp).toBe(entry?.timestamp);
                  expect(batch.behind(index).position).toEqual(one.position);
                }
              }
              expect(at).toBe(entries.length);
            },
          ),
          { numRuns: RUNS },
        );
      },
    );

    it("is the same whatever chunks a reader added, also with lines that were left without an end", () => {
      const unended = arbitraryChunks({ clock, unendedOneIn: 4, maxChunks: 25, maxEntries: 14 });
      fc.assert(
        fc.property(unended, (list) => {
          const one = new Trail("by-timestamp", LOG_START);
          const all = new Trail("by-timestamp", LOG_START);
          for (const { fast, plain } of list) {
            for (const entry of plain) one.add([entry]);
            all.add(fast);
          }
          expect(all.position).toEqual(one.position);
        }),
        { numRuns: RUNS },
      );
    });
  },
);

describe("batches", () => {
  it("are not joined where something was read between them", () => {
    fc.assert(
      fc.property(arbitraryChunks({ clock: "fine", unendedOneIn: Infinity }), (list) => {
        const handed = list.map((chunk) => ({ chunk, isFast: true, isApart: false }));
        const [batch, ...rest] = batchesOf(handed, new Trail("by-timestamp", LOG_START));
        expect(rest).toEqual([]);
        if (batch === undefined) return;
        batch.passed++;
        const [next] = batchesOf(handed, new Trail("by-timestamp", LOG_START));
        expect(next !== undefined && batch.join(next, Infinity)).toBe(false);
      }),
      { numRuns: RUNS },
    );
  });
});

/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entry } from "../../src/wire/entry.ts";
import { textBytes } from "../../src/wire/frame-entries.ts";
import type { FrameEntries } from "../../src/wire/frame-entries.ts";
import { STAMP, readable } from "../wire/bytes.ts";
import { arbitraryChunks, chunkOf, fastClocks } from "../wire/fast-entries.ts";
import type { Chunk } from "../wire/fast-entries.ts";
import { heapBytes } from "../support/heap.ts";
import { propertyRuns } from "../support/size.ts";

const RUNS = propertyRuns({ short: 20, long: 600 });

/** What is made of entries, over and over. */
type Act =
  | { readonly kind: "slice"; readonly from: number; readonly to: number | undefined }
  | { readonly kind: "excerpt"; readonly from: number }
  | { readonly kind: "pick"; readonly seeds: readonly number[] };

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant("slice" as const),
    from: fc.nat(40),
    to: fc.option(fc.nat(40), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant("excerpt" as const), from: fc.nat(40) }),
  fc.record({ kind: fc.constant("pick" as const), seeds: fc.array(fc.nat(), { maxLength: 12 }) }),
);

function apply({ fast, plain }: Chunk, made: Act): Chunk {
  if (made.kind === "slice") {
    const to = made.to === undefined ? undefined : Math.max(made.to, made.from);
    return { fast: fast.slice(made.from, to), plain: plain.slice(made.from, to) };
  }
  if (made.kind === "excerpt") {
    const from = Math.min(made.from, plain.length);
    return { fast: fast.excerpt(from), plain: plain.slice(from) };
  }
  const some = new Set(made.seeds.map((seed) => seed % Math.max(1, plain.length)));
  const indices = plain.length === 0 ? [] : [...some].toSorted((a, b) => a - b);
  return { fast: fast.pick(indices), plain: indices.flatMap((index) => plain[index] ?? []) };
}

function expectSame({ fast, plain }: Chunk): void {
  const expected = plain.map(readable);
  const indices = plain.map((_, index) => index);
  expect(Array.from(fast, readable)).toEqual(expected);
  expect(fast.length).toBe(plain.length);
  expect(fast.stderrCount).toBe(plain.filter(({ stream }) => stream === "stderr").length);
  const around = Array.from({ length: 2 * plain.length + 3 }, (_, at) => at - plain.length - 1);
  expect(around.map((index) => fast.at(index)).map((entry) => entry && readable(entry))).toEqual(
    around.map((index) => expected.at(index)),
  );
  const apart = indices.map((index) => ({
    stream: fast.stream(index),
    timestamp: fast.timestamp(index),
    text: fast.latin1(index),
    ended: fast.ended(index),
  }));
  expect(apart).toEqual(expected);
  expect(indices.map((index) => fast.at(index)?.timestamp)).toEqual(
    plain.map(({ timestamp }) => timestamp),
  );
  expect(indices.map((index) => fast.utf8(index))).toEqual(
    plain.map(({ text }) => text.toString()),
  );
  expect(indices.map((index) => fast.text(index).toString("hex"))).toEqual(
    plain.map(({ text }) => text.toString("hex")),
  );
  expect(textBytes(fast)).toBe(plain.reduce((sum, { text }) => sum + text.length, 0));
}

function isRising(plain: readonly Entry[]): boolean {
  const newest = new Map<string, string>();
  return plain.every(({ stream, timestamp }) => {
    const before = newest.get(stream);
    newest.set(stream, timestamp);
    return before === undefined || timestamp > before;
  });
}

describe.each(fastClocks)("the entries of a chunk, with a clock that is %s", (clock) => {
  const chunks = arbitraryChunks({ clock, unendedOneIn: 5 });

  it("are those that an array of them has, whatever is cut out of them", () => {
    fc.assert(
      fc.property(chunks, fc.array(act, { maxLength: 4 }), (list, acts) => {
        for (const chunk of list) {
          let left = chunk;
          expectSame(left);
          for (const made of acts) {
            left = apply(left, made);
            expectSame(left);
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("are known together as they are one by one", () => {
    fc.assert(
      fc.property(chunks, fc.array(act, { maxLength: 3 }), (list, acts) => {
        for (const chunk of list) {
          const { isWhole, isRising: rises, longest } = chunk.fast.summary;
          expect(isWhole).toBe(chunk.plain.every(({ ended }) => ended));
          expect(rises).toBe(isRising(chunk.plain));
          expect(longest).toBe(Math.max(...chunk.plain.map(({ text }) => text.length)));
          let left = chunk;
          for (const made of acts) {
            left = apply(left, made);
            // What holds for all of them is still said of some.
            if (left.fast.summary.isWhole)
              expect(left.plain.every(({ ended }) => ended)).toBe(true);
            if (left.fast.summary.isRising) expect(isRising(left.plain)).toBe(true);
            for (const { text } of left.plain)
              expect(text.length).toBeLessThanOrEqual(left.fast.summary.longest);
            expect(left.fast.summary.streams).toEqual(
              (["stdout", "stderr"] as const).flatMap((stream) => {
                const own = left.plain.flatMap((entry, at) =>
                  entry.stream === stream ? [at] : [],
                );
                const [first] = own;
                const last = own.at(-1);
                return first === undefined || last === undefined ? [] : [{ stream, first, last }];
              }),
            );
          }
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe("entries that are all ASCII", () => {
  it.each([0, 95, 96, 150, 223, 224, 20_000])(
    "are known to be so, though the frame of a text of %d bytes is not",
    (size) => {
      const entry = {
        stream: "stdout",
        timestamp: STAMP,
        text: Buffer.alloc(size, "x"),
        ended: true,
      } as const;
      expect(chunkOf([entry, entry]).fast.isAscii).toBe(true);
      expect(chunkOf([entry, { ...entry, text: Buffer.from("ä") }]).fast.isAscii).toBe(false);
    },
  );
});

describe("some entries of a large chunk", () => {
  const CHUNKS = 100;
  /** More than an excerpt may keep for the sake of some entries. */
  const CHUNK_ENTRIES = 600;

  const kinds: Readonly<Record<string, (fast: FrameEntries) => unknown>> = {
    "picked, one of them": (fast) => fast.pick([300]),
    "picked, three of them": (fast) => fast.pick([1, 300, 599]),
    "excerpted, the last": (fast) => fast.excerpt(CHUNK_ENTRIES - 1),
    "excerpted, the last ten": (fast) => fast.excerpt(CHUNK_ENTRIES - 10),
    "known by a timestamp": (fast) => fast.at(300)?.timestamp,
  };

  it("do not keep the chunk in memory, however they are kept", async () => {
    const entries = Array.from({ length: CHUNK_ENTRIES }, () => ({
      stream: "stdout" as const,
      timestamp: STAMP,
      text: Buffer.alloc(70, "x"),
      ended: true,
    }));
    const kept: unknown[] = [];
    for (const keep of Object.values(kinds)) kept.push(keep(chunkOf(entries).fast));
    let before = await heapBytes();
    for (const [kind, keep] of Object.entries(kinds)) {
      for (let chunk = 0; chunk < CHUNKS; chunk++) kept.push(keep(chunkOf(entries).fast));
      const now = await heapBytes();
      expect({ kind, keepsChunks: (now - before) / CHUNKS >= 8 * 1024 }).toEqual({
        kind,
        keepsChunks: false,
      });
      before = now;
    }
    expect(kept).toHaveLength(Object.keys(kinds).length * (CHUNKS + 1));
  });
});

import { describe, expect, it } from "vitest";
import { heapBytes } from "../support/heap.ts";
import { RecentLines } from "../../src/wire/recent-lines.ts";

const SECOND = "2026-11-23T15:58:34Z";

describe("lines of one timestamp", () => {
  it("that are equal get different numbers, however many others there are, and the same ones when read again", () => {
    const numbers = (): Map<string, number[]> => {
      const recent = new RecentLines();
      const given = new Map<string, number[]>();
      for (let index = 0; index < 20_000; index++) {
        const line = `line ${index % 7_000}`;
        const number = recent.occurrence(SECOND, Buffer.from(line));
        given.set(line, [...(given.get(line) ?? []), number]);
      }
      return given;
    };
    const first = numbers();
    for (const given of first.values()) expect(new Set(given).size).toBe(given.length);
    expect(numbers()).toEqual(first);
  });

  it("are counted exactly while few are different", () => {
    const recent = new RecentLines();
    const numbers = Array.from({ length: 300 }, (_, index) =>
      recent.occurrence(SECOND, Buffer.from(`${index % 60}`)),
    );
    expect(numbers).toEqual(Array.from({ length: 300 }, (_, index) => Math.floor(index / 60)));
  });
});

it("are no more memory, however many different ones have one timestamp", async () => {
  const recent = new RecentLines();
  const add = (from: number): void => {
    for (let index = from; index < from + 50_000; index++)
      recent.occurrence(SECOND, Buffer.from(`line ${index}`));
  };
  add(0);
  const before = await heapBytes();
  add(50_000);
  expect((await heapBytes()) - before).toBeLessThan(2_000_000);
  expect(recent.isNew(SECOND)).toBe(false);
});

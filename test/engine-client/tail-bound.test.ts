import { describe, expect, test } from "vitest";

import { TailBounds } from "../../src/engine/tail-bound.ts";
import type { TailBound } from "../../src/engine/tail-bound.ts";
import { traitsOf } from "../../src/engine/traits.ts";
import type { Entry } from "../../src/wire/entry.ts";

const OLD = { server: "Docker/20.10.24 (linux)" };

/** 2026-11-29T00:00:00Z. */
const NOW = Date.UTC(2026, 10, 29);
/** The engine is back, and what is written from then on is later than what ended it. */
const LATER = NOW + 3_000;

function bound(driver = "local", headers: Record<string, string> = OLD): TailBound {
  return new TailBounds().of({ info: { id: "a", logDriver: driver }, traits: traitsOf(headers) });
}

function entries(count: number, at: number): Entry[] {
  const timestamp = new Date(at).toISOString().replace("Z", "000000Z");
  return Array.from({ length: count }, () => ({
    stream: "stdout",
    timestamp,
    text: Buffer.from("x"),
    ended: true,
  }));
}

describe("a tail that was not shown whole", () => {
  test.each([
    ["json-file", OLD],
    ["local", { server: "Docker/28.5.2 (linux)" }],
    ["local", { "libpod-api-version": "5.8.6" }],
  ] as const)("is nothing to be careful with: %s of %j", (driver, headers) => {
    const tails = bound(driver, headers);
    tails.failed(100, 0, NOW);
    tails.sawDamage(NOW);
    expect(tails.allows(1_000)).toBe(true);
  });

  test("is asked for no more before the whole log was read", () => {
    const tails = bound();
    tails.failed(100, 0, NOW);
    expect([1, 2, 100].map((tail) => tails.allows(tail))).toEqual([true, false, false]);
    tails.readWhole(500, NOW);
    expect(tails.allows(100)).toBe(true);
  });

  test("of a short log is none, however often", () => {
    const tails = bound();
    for (let round = 0; round < 5; round++) {
      tails.failed(100, 40, NOW);
      tails.readWhole(40, NOW);
      expect(tails.allows(100)).toBe(true);
    }
    expect(tails.takeNews()).toBe(false);
  });

  test("twice, with no tail as long in between, is asked for no more until as much stands behind", () => {
    const tails = bound();
    for (let loss = 0; loss < 2; loss++) {
      tails.failed(100, 0, NOW);
      tails.readWhole(500, NOW);
    }
    expect([1, 2].map((tail) => tails.allows(tail))).toEqual([true, false]);
    expect(tails.takeNews()).toBe(true);
    expect(tails.takeNews()).toBe(false);
    tails.came(entries(99, LATER));
    expect([99, 100].map((tail) => tails.allows(tail))).toEqual([true, false]);
    tails.came(entries(1, LATER));
    expect(tails.allows(100)).toBe(true);
  });

  test("is forgotten once a tail as long, and as much more as came since, was shown", () => {
    const tails = bound();
    for (let outage = 0; outage < 5; outage++) {
      tails.failed(100, 0, NOW);
      tails.readWhole(500, NOW);
      tails.came(entries(10, LATER));
      tails.shown(110);
    }
    expect(tails.allows(1_000)).toBe(true);
    tails.failed(100, 0, NOW);
    tails.readWhole(500, NOW);
    tails.came(entries(10, LATER));
    tails.shown(99);
    tails.failed(100, 0, NOW);
    tails.readWhole(500, NOW);
    expect(tails.allows(2)).toBe(false);
  });
});

test("a read that was closed before anything came makes the next one a whole one, however often", () => {
  const tails = bound();
  for (let rotation = 1; rotation <= 5; rotation++) {
    tails.closed(50);
    expect(tails.allows(50)).toBe(false);
    tails.readWhole(1_000 * rotation, NOW);
    expect(tails.allows(50)).toBe(true);
  }
  expect(tails.takeNews()).toBe(false);
});

test("a loss while no more is asked for than was shown since is nobody's fault", () => {
  const tails = bound();
  for (let outage = 0; outage < 5; outage++) {
    tails.failed(1_000, 0, NOW);
    tails.readWhole(5_000, NOW);
    tails.shown(100);
    tails.came(entries(10, LATER));
    tails.failed(110, 0, NOW);
    tails.readWhole(5_000, NOW);
    expect(tails.allows(1_000)).toBe(true);
    tails.shown(1_000);
  }
  expect(tails.takeNews()).toBe(false);
});

describe("behind damage", () => {
  test("only what was written since may be asked for", () => {
    const tails = bound();
    tails.sawDamage(NOW);
    tails.came(entries(50, NOW + 1_000));
    expect([1, 2].map((tail) => tails.allows(tail))).toEqual([true, false]);
    tails.came(entries(50, LATER));
    expect([50, 51].map((tail) => tails.allows(tail))).toEqual([true, false]);
    // A whole log has the damage still.
    tails.sawDamage(LATER);
    tails.readWhole(5, LATER);
    expect([50, 51].map((tail) => tails.allows(tail))).toEqual([true, false]);
  });

  test("another tail that fails makes all of it doubtful again", () => {
    const tails = bound();
    tails.sawDamage(NOW);
    tails.came(entries(50, LATER));
    tails.failed(50, 0, LATER);
    expect([1, 2].map((tail) => tails.allows(tail))).toEqual([true, false]);
  });

  test("the last entry is not asked for where that has failed, until a new one was heard of", () => {
    const tails = bound();
    tails.sawDamage(NOW);
    tails.failed(1, 0, NOW);
    expect(tails.hidesEnd).toBe(true);
    tails.heard();
    expect(tails.hidesEnd).toBe(false);
    expect([1, 2].map((tail) => tails.allows(tail))).toEqual([true, false]);
  });
});

test("what is known of a log is known to each of its readers, and forgotten once it is sound", () => {
  const bounds = new TailBounds();
  const log = { info: { id: "a", logDriver: "local" }, traits: traitsOf(OLD) };
  bounds.of(log).failed(100, 0, NOW);
  expect(bounds.of(log).allows(2)).toBe(false);
  expect(bounds.of({ ...log, info: { ...log.info, id: "b" } }).allows(2)).toBe(true);
  bounds.of(log).readWhole(0, NOW);
  expect(bounds.of(log).allows(2)).toBe(true);
});

import { beforeEach, describe, expect, it } from "vitest";
import { Lag } from "../../src/stream/lag.ts";
import { SkipGuard } from "../../src/stream/skip-guard.ts";
import type { Entry } from "../../src/wire/entry.ts";

const FILE_BYTES = 20_000;
const BEGUN = Date.parse("2026-11-24T00:00:00Z");

/** An entry that is stamped so many milliseconds behind the beginning. */
function entry(ms: number): Entry {
  const timestamp = new Date(BEGUN + ms).toISOString();
  return { stream: "stdout", timestamp, text: Buffer.alloc(110), ended: true };
}

function steady(from: number, to: number, everyMs = 10): Entry[] {
  return Array.from({ length: (to - from) / everyMs }, (_, index) => entry(from + index * everyMs));
}

describe("a follow of a log whose files last a second", () => {
  let guard: SkipGuard;
  beforeEach(() => {
    // 200 bytes in 10 ms: a file of 20,000 is full after a second.
    const lag = new Lag(FILE_BYTES);
    for (let ms = 0; ms < 1_000; ms += 100) lag.measure(steady(ms, ms + 100), 0);
    guard = new SkipGuard(lag);
    guard.begin();
    guard.opened(BEGUN + 1_000);
  });

  it("is doubted where a file is missing behind its opening", () => {
    expect(guard.firstDoubtful(steady(0, 900))).toBe(90);
    expect(guard.firstDoubtful([entry(1_900), entry(1_910)])).toBe(0);
  });

  it("is doubted from that line on, also where it came with others", () => {
    expect(guard.firstDoubtful([...steady(800, 900), entry(1_900), entry(1_910)])).toBe(10);
  });

  it("is trusted where it goes on in time, and from then on", () => {
    expect(guard.firstDoubtful(steady(500, 1_200))).toBe(70);
    expect(guard.firstDoubtful([entry(9_000)])).toBe(1);
    guard.begin();
    guard.opened(BEGUN + 9_500);
    expect(guard.firstDoubtful([entry(9_000), entry(12_000)])).toBe(1);
  });

  it("is not doubted for pauses of the past, which its tail shows", () => {
    expect(guard.firstDoubtful([entry(-60_000), entry(-30_000), ...steady(0, 990)])).toBe(101);
  });
});

it("a log that is hardly written fills no file in a pause", () => {
  const lag = new Lag(FILE_BYTES);
  for (let ms = 0; ms < 60_000; ms += 5_000) lag.measure([entry(ms)], 0);
  const guard = new SkipGuard(lag);
  guard.begin();
  guard.opened(BEGUN + 60_000);
  expect(guard.firstDoubtful([entry(55_000), entry(75_000)])).toBe(2);
});

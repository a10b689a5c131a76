import { afterEach, describe, expect, it, vi } from "vitest";
import { EngineClock } from "../../../src/engine/engine-clock.ts";
import { Moment } from "../../../src/pool/discovery/moment.ts";

const DATE = Date.parse("2026-11-29T08:00:00Z");

let nowMs = 0;
/** By how many milliseconds time goes on behind each look at a clock, the next one first; 0 once none is left. */
let waitsMs: number[] = [];

function passes(): void {
  nowMs += waitsMs.shift() ?? 0;
}

/** Of an engine with this machine's clock. */
function moment(): Moment {
  vi.spyOn(Date, "now").mockImplementation(() => {
    const date = DATE + nowMs;
    passes();
    return date;
  });
  vi.spyOn(performance, "now").mockImplementation(() => {
    const steady = nowMs;
    passes();
    return steady;
  });
  return new Moment({
    clock: new EngineClock(),
    identify: () => Promise.reject(new Error("asked")),
  });
}

afterEach(() => {
  vi.restoreAllMocks();
  nowMs = 0;
  waitsMs = [];
});

/** Behind which of its looks at clocks the process has to wait. */
const looks = [1, 2, 3, 4];

function waitBehind(look: number): void {
  waitsMs = [...Array.from({ length: look - 1 }, () => 0), 300];
}

describe("a moment", () => {
  it.each(looks)("is when it was made, where its process has to wait then (look %d)", (look) => {
    waitBehind(look);
    const made = moment();
    const latest = DATE + nowMs;
    nowMs += 10_000;
    expect(made.at).toBeGreaterThanOrEqual(DATE);
    expect(made.at).toBeLessThanOrEqual(latest);
  });

  it.each(looks)("stays where its process has to wait while it is asked (look %d)", (look) => {
    const made = moment();
    nowMs += 10_000;
    waitBehind(look);
    expect(made.at).toBe(DATE);
    expect(made.at).toBe(DATE);
  });
});

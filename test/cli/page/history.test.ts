import { describe, expect, it } from "vitest";
import type { PoolStats } from "../../../src/index.ts";
import { History } from "../../../src/cli/page/history.ts";
import type { Reading } from "../../../src/cli/page/history.ts";

function reading(second: number, lines: number, rotations = 0): Reading {
  const stats: PoolStats = {
    containers: 1,
    streamsOpen: 1,
    streamsMax: 128,
    streamsWaiting: 0,
    longestWaitMs: 0,
    turns: 1,
    tasks: 1,
    sockets: 1,
    rotations,
    lines,
    gaps: 0,
    reconnects: 0,
    bufferedBytes: 0,
  };
  return { at: 1_000_000 + second * 1_000, stats, delivered: lines, lag: 0, bufferLimit: 1 };
}

describe("the charts' history", () => {
  it("tells lines a second, of which there are none while nothing comes", () => {
    const history = new History();
    expect(history.add(reading(0, 100)).read).toBe(0);
    expect(history.add(reading(2, 150)).read).toBe(25);
    expect(history.add(reading(3, 150)).read).toBe(0);
  });

  it("makes nothing of a clock that was set back", () => {
    const history = new History();
    history.add(reading(10, 100));
    expect(history.add(reading(5, 200)).read).toBe(0);
  });

  it("counts the rotations of the last minute", () => {
    const history = new History();
    for (let second = 0; second <= 90; second++) history.add(reading(second, 0, second * 2));
    expect(history.last?.rotations).toBe(120);
  });

  it("keeps five minutes", () => {
    const history = new History();
    for (let second = 0; second < 1_000; second++) history.add(reading(second, second));
    expect(history.samples).toHaveLength(301);
  });
});

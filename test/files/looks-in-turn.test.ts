import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LooksInTurn } from "../../src/files/looks-in-turn.ts";

const EVERY_MS = 20;

describe("looks at many things", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it("are as many in a second for a thousand as for a few, and reach each", () => {
    const seen = new Map<number, number>();
    const looks = new LooksInTurn(EVERY_MS);
    const all = Array.from({ length: 1_000 }, (_, at) => () => {
      seen.set(at, (seen.get(at) ?? 0) + 1);
      return true;
    });
    for (const look of all) looks.add(look);
    const count = (): number => [...seen.values()].reduce((sum, times) => sum + times, 0);
    vi.advanceTimersByTime(1_000);
    expect(count()).toBe(200);
    vi.advanceTimersByTime(4_000);
    expect([...seen.values()]).toEqual(all.map(() => 1));
    for (const look of all.slice(1)) looks.delete(look);
    const before = count();
    vi.advanceTimersByTime(1_000);
    expect(count() - before).toBe(50);
  });

  it("end when there is nothing left to look at, and begin anew", () => {
    const looks = new LooksInTurn(EVERY_MS);
    let left = 3;
    const look = (): boolean => --left > 0;
    looks.add(look);
    vi.advanceTimersByTime(1_000);
    expect(left).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    left = 2;
    looks.add(look);
    looks.delete(() => true);
    vi.advanceTimersByTime(1_000);
    expect(left).toBe(0);
  });
});

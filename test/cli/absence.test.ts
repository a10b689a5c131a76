import { describe, expect, test } from "vitest";
import { Absence } from "../../src/cli/absence.ts";
import type { Health, PoolStatus } from "../../src/index.ts";

const lost: PoolStatus = { type: "engine", engine: "default", state: "disconnected" };
const back: PoolStatus = { type: "engine", engine: "default", state: "connected" };

function health(attempt: number): () => Health {
  const detail = `attempt ${attempt} failed: no socket`;
  return () => ({
    status: "unhealthy",
    ready: false,
    components: { "engine:default": { status: "unhealthy", detail, since: 0 } },
  });
}

describe("an engine that is away", () => {
  test("is told once, is one line that counts, and is told to be back", () => {
    const absence = new Absence();
    expect(absence.of(back, 0)).toBeUndefined();
    expect(absence.line(health(1), 0)).toBeUndefined();
    expect(absence.of(lost, 1_000)?.text).toMatch("can't be reached");
    expect(absence.line(health(3), 6_000)).toBe(
      "The engine is away for 5 s: attempt 3 failed: no socket",
    );
    expect(absence.of(back, 61_000)?.text).toBe("The engine is back after 60 s.");
    expect(absence.line(health(3), 62_000)).toBeUndefined();
  });

  test("is told again ever more seldom", () => {
    const absence = new Absence();
    absence.of(lost, 0);
    const told: number[] = [];
    for (let now = 0; now <= 1_800_000; now += 1_000)
      if (absence.reminder(health(9), now) !== undefined) told.push(now / 1_000);
    expect(told).toEqual([10, 30, 70, 150, 310, 610, 910, 1_210, 1_510]);
  });
});

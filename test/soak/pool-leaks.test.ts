import { expect, test } from "vitest";

import { noDifference } from "../support/ground-truth.ts";
import { awaitTurns, rotateRounds, workAndLook } from "../support/pool-leaks.ts";
import { describeLongWithEngine } from "../support/real-engine.ts";
import { NEVER, twoWriters } from "../support/writers.ts";

const CONTAINERS = 50;
const BURSTS = twoWriters({ lines: 20, pauseMs: 300 }, NEVER);
/** Far below what a line of each rotation or turn would take. */
const HEAP_SLACK_BYTES = 1_500_000;
const DEADLINE_MS = 30_000;

describeLongWithEngine("a pool of 50 containers that write all the while", (engine) => {
  test("is after 3,000 turns over 8 streams as it was before, and has all lines", async () => {
    const outcome = await workAndLook("3,000 turns", engine, {
      containers: CONTAINERS,
      maxStreams: 8,
      script: BURSTS,
      // Files need no turns.
      options: { read: "engine", timeSliceMs: 100, rotation: { everyMs: 50 } },
      warmUp: (following, ids) => awaitTurns(following, ids, 300),
      work: (following, ids) => awaitTurns(following, ids, 3_000),
      deadlineMs: DEADLINE_MS,
    });
    expect(outcome.comparison).toMatchObject(noDifference);
    expect(outcome.grown).toEqual([]);
    expect(outcome.grownAtEnd).toEqual([]);
    expect(outcome.heapGrowthBytes).toBeLessThan(HEAP_SLACK_BYTES);
    expect(outcome.following.times("source gap")).toBe(0);
    expect(outcome.proxy.mostReadersOfOne).toBe(1);
    expect(outcome.proxy.connections).toBe(0);
    expect(outcome.turns).toBeGreaterThanOrEqual(3_000);
    expect(outcome.proxy.total.maxReaders).toBe(8);
  });
});

describeLongWithEngine("a leak put in on purpose", (engine) => {
  test("is found: 20 KB kept by each rotation", async () => {
    const kept: string[] = [];
    const outcome = await workAndLook("20 KB kept by each rotation", engine, {
      containers: 4,
      maxStreams: 4,
      script: BURSTS,
      warmUp: (following, ids) => rotateRounds(following, ids, 6),
      work: async (following, ids) => {
        for (let round = 0; round < 25; round++) {
          await rotateRounds(following, ids, 1);
          for (const id of ids) kept.push(Buffer.alloc(20_000, id).toString("latin1"));
        }
      },
      deadlineMs: DEADLINE_MS,
    });
    // The capture itself is all right, so that counting lines alone would not have shown it.
    expect(outcome.comparison).toMatchObject(noDifference);
    expect(outcome.heapGrowthBytes).toBeGreaterThan(HEAP_SLACK_BYTES);
    expect(kept.length).toBe(100);
  });
});

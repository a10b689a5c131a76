import { expect, test } from "vitest";

import { noDifference } from "../support/ground-truth.ts";
import { pause } from "../support/pause.ts";
import { awaitTurns, rotateRounds, workAndLook } from "../support/pool-leaks.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import { sizes, twoSizes } from "../support/size.ts";

/** Some hundred lines a second on two streams. */
const STEADY =
  `(i=0; while :; do echo error $i; i=$((i+1)); ${pause(50)}; done) >&2 & ` +
  `i=0; while :; do echo line $i; i=$((i+1)); ${pause(10)}; done`;
/** Far below what one buffer, or one line, of each rotation or turn would take. */
const HEAP_SLACK_BYTES = 1_000_000;
const DEADLINE_MS = 20_000;
const ROUNDS = sizes({ short: 10, long: 30 });
const TURNS = sizes({ short: 150, long: 300 });

describeWithEngine("a pool whose containers write all the while", (engine) => {
  test("is after hundreds of rotations as it was before, and has all lines", twoSizes, async () => {
    const outcome = await workAndLook(`${ROUNDS} × 10 rotations in a pool`, engine, {
      containers: 10,
      maxStreams: 16,
      script: STEADY,
      warmUp: (following, ids) => rotateRounds(following, ids, 5),
      work: (following, ids) => rotateRounds(following, ids, ROUNDS),
      deadlineMs: DEADLINE_MS,
    });
    expect(outcome.comparison).toMatchObject(noDifference);
    expect(outcome.rotations).toBe(ROUNDS * 10);
    expect(outcome.grown).toEqual([]);
    expect(outcome.grownAtEnd).toEqual([]);
    expect(outcome.heapGrowthBytes).toBeLessThan(HEAP_SLACK_BYTES);
    expect(outcome.following.times("source gap")).toBe(0);
    expect(outcome.proxy.mostReadersOfOne).toBe(1);
    expect(outcome.proxy.connections).toBe(0);
  });

  test(
    "is after hundreds of turns over 4 streams as it was before, and has all lines",
    twoSizes,
    async () => {
      const outcome = await workAndLook(`${TURNS} turns in a pool`, engine, {
        containers: sizes({ short: 12, long: 20 }),
        maxStreams: 4,
        script: STEADY,
        // Files need no turns.
        options: { read: "engine", timeSliceMs: 50 },
        warmUp: (following, ids) => awaitTurns(following, ids, 50),
        work: (following, ids) => awaitTurns(following, ids, TURNS),
        deadlineMs: DEADLINE_MS,
      });
      expect(outcome.comparison).toMatchObject(noDifference);
      expect(outcome.turns).toBeGreaterThanOrEqual(TURNS);
      expect(outcome.grown).toEqual([]);
      expect(outcome.grownAtEnd).toEqual([]);
      expect(outcome.heapGrowthBytes).toBeLessThan(HEAP_SLACK_BYTES);
      expect(outcome.following.times("source gap")).toBe(0);
      expect(outcome.proxy.total.maxReaders).toBe(4);
      expect(outcome.proxy.mostReadersOfOne).toBe(1);
      expect(outcome.proxy.connections).toBe(0);
    },
  );
});

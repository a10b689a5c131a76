import { expect, test } from "vitest";

import { chosenRead } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import { poolUnderLoad } from "../support/pool-load.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import { sizes, twoSizes } from "../support/size.ts";

const CONTAINERS = sizes({ short: 20, long: 50 });
const readsFiles = chosenRead().read !== undefined;
const STREAMS = sizes({ short: 6, long: 16 });
/** Events, the short questions that are on their way at once, and what is just being closed. */
const OTHER_CONNECTIONS = 16;

describeWithEngine(
  "containers that write to both streams, over a third as many streams",
  (engine) => {
    test("come line by line while the pool rotates every second", twoSizes, async () => {
      const outcome = await poolUnderLoad(`${CONTAINERS} containers, ${STREAMS} streams`, engine, {
        containers: CONTAINERS,
        maxStreams: STREAMS,
        writeMs: sizes({ short: 4_000, long: 10_000 }),
        pace: { lines: 50, pauseMs: 400 },
      });
      const { comparison, following, ids, proxy } = outcome;
      expect(comparison).toMatchObject(noDifference);
      expect(comparison.written).toBeGreaterThan(CONTAINERS * 200);
      expect(outcome.failedRotations).toEqual([]);
      expect(outcome.reopened).toBeGreaterThan(STREAMS);
      for (const type of ["source gap", "source rotation-failed", "source engine-error", "skipped"])
        expect([type, following.times(type)]).toEqual([type, 0]);
      // Counted at the socket: follows and reads together.
      // What is read from files needs none.
      if (readsFiles) expect(proxy.total.maxReaders).toBeLessThanOrEqual(STREAMS);
      else expect(proxy.total.maxReaders).toBe(STREAMS);
      expect(proxy.mostReadersOfOne).toBe(1);
      expect(proxy.maxConnections).toBeLessThanOrEqual(STREAMS + OTHER_CONNECTIONS);
      for (const id of ids) expect(proxy.counts(id)).toMatchObject({ follows: 0, reads: 0 });
      expect(proxy.connections).toBe(0);
    });
  },
);

describeWithEngine("a pool whose connections are all cut again and again", (engine) => {
  test("loses no line and repeats none", twoSizes, async () => {
    const outcome = await poolUnderLoad("cut every 400 ms, 4 streams", engine, {
      containers: sizes({ short: 8, long: 12 }),
      maxStreams: 4,
      writeMs: sizes({ short: 3_000, long: 5_000 }),
      pace: { lines: 50, pauseMs: 300 },
      cutEveryMs: 400,
      options: { timeSliceMs: 200, source: { reconnect: { minDelayMs: 20, maxDelayMs: 500 } } },
    });
    const { comparison, following, proxy } = outcome;
    expect(comparison).toMatchObject(noDifference);
    // Files are not cut.
    if (!readsFiles) expect(following.times("source reconnecting")).toBeGreaterThan(0);
    expect(following.times("source gap")).toBe(0);
    expect(following.seen("detached").every(({ reason }) => reason.kind === "closed")).toBe(true);
    expect(proxy.total.maxReaders).toBeLessThanOrEqual(4);
    expect(proxy.mostReadersOfOne).toBe(1);
    expect(proxy.connections).toBe(0);
  });
});

import { expect, test } from "vitest";

import type { CountingProxy } from "../support/counting-proxy.ts";
import { chosenRead } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import { poolUnderLoad } from "../support/pool-load.ts";
import { describeLongWithEngine } from "../support/real-engine.ts";

const CONTAINERS = 50;
const STREAMS = 16;
const readsFiles = chosenRead().read !== undefined;

/** All at once; what is read from files needs none. */
function expectStreams({ total: { maxReaders } }: CountingProxy, most: number): void {
  if (readsFiles) expect(maxReaders).toBeLessThanOrEqual(most);
  else expect(maxReaders).toBe(most);
}

describeLongWithEngine("60 seconds of 50 containers over 16 streams", (engine) => {
  test("lose no line and repeat none while the pool rotates every second", async () => {
    const outcome = await poolUnderLoad("60 s, 50 containers, 16 streams", engine, {
      containers: CONTAINERS,
      maxStreams: STREAMS,
      writeMs: 60_000,
      pace: { lines: 50, pauseMs: 300 },
    });
    const { comparison, following, proxy } = outcome;
    expect(comparison).toMatchObject(noDifference);
    expect(outcome.failedRotations).toEqual([]);
    expect(following.times("source gap")).toBe(0);
    expect(following.times("source rotation-failed")).toBe(0);
    expectStreams(proxy, STREAMS);
    expect(proxy.mostReadersOfOne).toBe(1);
    expect(proxy.connections).toBe(0);
  });

  test("lose no line and repeat none with half as many streams and slices of 200 ms", async () => {
    const outcome = await poolUnderLoad("30 s, 50 containers, 8 streams", engine, {
      containers: CONTAINERS,
      maxStreams: 8,
      writeMs: 30_000,
      pace: { lines: 50, pauseMs: 300 },
      options: { timeSliceMs: 200, bufferBytes: 1_000_000 },
    });
    const { comparison, following, proxy } = outcome;
    expect(comparison).toMatchObject(noDifference);
    expect(following.times("source gap")).toBe(0);
    expectStreams(proxy, 8);
    expect(proxy.mostReadersOfOne).toBe(1);
  });

  test("lose no line and repeat none while all connections are cut again and again", async () => {
    const outcome = await poolUnderLoad("cut every 700 ms, 30 containers, 8 streams", engine, {
      containers: 30,
      maxStreams: 8,
      writeMs: 30_000,
      pace: { lines: 50, pauseMs: 300 },
      cutEveryMs: 700,
      options: { timeSliceMs: 300, source: { reconnect: { minDelayMs: 20, maxDelayMs: 500 } } },
    });
    const { comparison, following, proxy } = outcome;
    expect(comparison).toMatchObject(noDifference);
    expect(following.times("source gap")).toBe(0);
    expect(following.seen("detached").every(({ reason }) => reason.kind === "closed")).toBe(true);
    expect(proxy.total.maxReaders).toBeLessThanOrEqual(8);
    expect(proxy.mostReadersOfOne).toBe(1);
  });

  test("lose no line and repeat none with a slow consumer and little memory", async () => {
    const BUFFER_BYTES = 300_000;
    // Slower than what is written, a line or some at a time.
    const outcome = await poolUnderLoad("slow consumer, 30 containers, 8 streams", engine, {
      containers: 30,
      maxStreams: 8,
      writeMs: 20_000,
      pace: { lines: 20, pauseMs: 1_000 },
      handle: () => new Promise((resolve) => setTimeout(resolve, 1)),
      options: { timeSliceMs: 300, bufferBytes: BUFFER_BYTES },
    });
    const { comparison, following, proxy } = outcome;
    expect(comparison).toMatchObject(noDifference);
    expect(following.times("source gap")).toBe(0);
    // Each stream may hold a chunk more.
    expect(outcome.mostBufferedBytes).toBeLessThan(BUFFER_BYTES + 8 * 200_000);
    expect(proxy.total.maxReaders).toBeLessThanOrEqual(8);
    expect(proxy.mostReadersOfOne).toBe(1);
  });

  test("lose no line and repeat none while the engine rotates its own log files", async () => {
    const outcome = await poolUnderLoad("log files of 200 KB, 30 containers, 8 streams", engine, {
      containers: 30,
      maxStreams: 8,
      writeMs: 30_000,
      pace: { lines: 50, pauseMs: 300 },
      logOptions: { "max-size": "200k", "max-file": "500" },
      options: { timeSliceMs: 300 },
    });
    const { comparison, following, proxy } = outcome;
    expect(comparison).toMatchObject(noDifference);
    expect(following.times("source gap")).toBe(0);
    expectStreams(proxy, 8);
    expect(proxy.mostReadersOfOne).toBe(1);
  });
});

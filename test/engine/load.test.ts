import { expect, onTestFinished, test } from "vitest";

import { CountingProxy } from "../support/counting-proxy.ts";
import { compared, follow, jsonLog, rotateWhile, run, whileRunning } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import type { RealEngine } from "../support/real-engine.ts";

/** Numbered lines, every 200th of them of 40 KB; each writer says who it is. */
function writer(name: string, lines: number): string {
  const program = [
    "BEGIN {",
    "  pad = \"0123456789abcdef\"; while (length(pad) < 40000) pad = pad pad;",
    `  for (i = 0; i < ${lines}; i++)`,
    `    print "${name}", i, substr(pad, 1 + i % 16, i % 200 == 7 ? 40000 : 20 + i % 60)`,
    "}",
  ].join("");
  return `awk '${program}'`;
}

/** Writes to both streams at once, as fast as the engine takes it. */
function twoWriters(lines: number): string {
  return `${writer("out", lines)} & ${writer("err", lines)} >&2 & wait`;
}

async function proxyBefore(engine: RealEngine): Promise<CountingProxy> {
  const proxy = await CountingProxy.start(engine.socketPath);
  onTestFinished(async () => {
    await proxy.close();
  });
  return proxy;
}

function figuresOf(proxy: CountingProxy, id: string): Record<string, number> {
  const { maxFollows, maxReaders, totalFollows, totalReads } = proxy.counts(id);
  const { maxConnections } = proxy;
  return { maxFollows, maxReaders, totalFollows, totalReads, maxConnections };
}

describeWithEngine("two writers at full speed with lines of 40 KB between", (engine) => {
  test("come line by line over rotations back to back, with one reader at the engine", async () => {
    const proxy = await proxyBefore(engine);
    const id = await run(engine, { script: twoWriters(400_000) });
    const following = follow(proxy.socketPath, id);
    const load = whileRunning(engine, id);
    const { completed, withLines } = await rotateWhile(following, () => load.running);
    await following.untilStatus("stopped");
    await following.source.close();
    const log = await jsonLog(engine, id);
    const comparison = compared("load", log, following, {
      underLoad: completed.length,
      underLoadWithLines: withLines,
      ...figuresOf(proxy, id),
    });
    expect(log.length).toBe(800_000);
    expect(comparison).toEqual(noDifference);
    expect(completed.length).toBeGreaterThanOrEqual(100);
    expect(withLines).toBeGreaterThanOrEqual(100);
    expect(following.of("gap")).toEqual([]);
    expect(proxy.counts(id)).toMatchObject({ follows: 0, reads: 0, maxFollows: 1, maxReaders: 1 });
    expect(proxy.connections).toBe(0);
  });

  test("come line by line on a terminal", async () => {
    const proxy = await proxyBefore(engine);
    const id = await run(engine, { script: twoWriters(150_000), tty: true });
    const following = follow(proxy.socketPath, id);
    const load = whileRunning(engine, id);
    const { completed, withLines } = await rotateWhile(following, () => load.running);
    await following.untilStatus("stopped");
    await following.source.close();
    const comparison = compared("load on a terminal", await jsonLog(engine, id, true), following, {
      underLoad: completed.length,
      underLoadWithLines: withLines,
      ...figuresOf(proxy, id),
    });
    expect(comparison).toEqual(noDifference);
    expect(completed.length).toBeGreaterThanOrEqual(100);
    expect(following.of("gap")).toEqual([]);
    expect(proxy.counts(id)).toMatchObject({ follows: 0, reads: 0, maxFollows: 1, maxReaders: 1 });
  });

  test("come line by line while the source rotates by itself", async () => {
    const proxy = await proxyBefore(engine);
    const id = await run(engine, { script: twoWriters(200_000) });
    const following = follow(proxy.socketPath, id, { rotateEveryMs: 20 });
    const load = whileRunning(engine, id);
    await load.ended;
    const rotated = following.of("rotated").length;
    await following.untilStatus("stopped");
    await following.source.close();
    const comparison = compared("load, rotateEveryMs", await jsonLog(engine, id), following, {
      underLoad: rotated,
      ...figuresOf(proxy, id),
    });
    expect(comparison).toEqual(noDifference);
    expect(rotated).toBeGreaterThanOrEqual(10);
    expect(following.of("rotation-failed")).toEqual([]);
    expect(following.of("gap")).toEqual([]);
    expect(proxy.counts(id)).toMatchObject({ follows: 0, reads: 0, maxFollows: 1, maxReaders: 1 });
  });
});

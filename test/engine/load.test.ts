import { expect, onTestFinished, test } from "vitest";

import { CountingProxy } from "../support/counting-proxy.ts";
import { compared, follow, jsonLog, rotateWhile, run, whileRunning } from "../support/follow.ts";
import type { Following, Rotations } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import type { Comparison } from "../support/ground-truth.ts";
import { describeWithEngine } from "../support/real-engine.ts";

/** Numbered lines, every 1,000th of them of 40 KB; each writer says who it is. */
function writer(name: string, lines: number): string {
  const program = [
    "BEGIN {",
    '  pad = "0123456789abcdef"; while (length(pad) < 40000) pad = pad pad;',
    `  for (i = 0; i < ${lines}; i++)`,
    `    print "${name}", i, substr(pad, 1 + i % 16, i % 1000 == 7 ? 40000 : 20 + i % 60)`,
    "}",
  ].join("");
  return `awk '${program}'`;
}

/** Writes to both streams at once, as fast as the engine takes it. */
function twoWriters(lines: number): string {
  return `${writer("out", lines)} & ${writer("err", lines)} >&2 & wait`;
}

describeWithEngine("two writers at full speed with lines of 40 KB between", (engine) => {
  interface Load {
    readonly lines: number;
    readonly tty?: boolean;
    readonly rotateEveryMs?: number;
    readonly rotate: (following: Following, running: () => boolean) => Promise<Rotations>;
  }
  interface Outcome extends Rotations {
    readonly comparison: Comparison;
    readonly written: number;
  }

  /** Runs the writers, rotates while they write, and compares what came with the engine's log. */
  async function expectExact(name: string, { lines, tty = false, rotateEveryMs, rotate }: Load): Promise<Outcome> {
    const proxy = await CountingProxy.start(engine.socketPath);
    onTestFinished(async () => {
      await proxy.close();
    });
    const id = await run(engine, { script: twoWriters(lines), tty });
    const following = follow(
      proxy.socketPath,
      id,
      rotateEveryMs === undefined ? {} : { rotateEveryMs },
    );
    await following.untilCount(1);
    const load = whileRunning(engine, id);
    const rotations = await rotate(following, () => load.running);
    await load.ended;
    const lag = following.lines.length;
    await following.untilStopped();
    await following.source.close();
    const log = await jsonLog(engine, id, tty);
    const counts = proxy.counts(id);
    const comparison = compared(name, log, following, {
      "rotations while the writers wrote": rotations.completed.length,
      "of them with lines": rotations.withLines,
      "received when the writers ended": lag,
      "follows at the engine": counts.totalFollows,
      "plain reads": counts.totalReads,
      "follows at once": counts.maxFollows,
      "connections at once": proxy.maxConnections,
    });
    expect(comparison).toEqual(noDifference);
    expect(following.of("gap")).toEqual([]);
    expect(following.of("rotation-failed")).toEqual([]);
    expect(counts).toMatchObject({ follows: 0, reads: 0, maxFollows: 1, maxReaders: 1 });
    expect(proxy.connections).toBe(0);
    return { ...rotations, comparison, written: log.length };
  }

  test("come line by line over rotations, with one reader at the engine", async () => {
    const outcome = await expectExact("load", {
      lines: 300_000,
      rotate: (following, running) => rotateWhile(following, "lines", running),
    });
    expect(outcome.written).toBe(600_000);
    expect(outcome.withLines).toBeGreaterThanOrEqual(100);
  });

  test("come line by line on a terminal", async () => {
    const outcome = await expectExact("load on a terminal", {
      lines: 150_000,
      tty: true,
      rotate: (following, running) => rotateWhile(following, "lines", running),
    });
    expect(outcome.withLines).toBeGreaterThanOrEqual(100);
  });

  test("come line by line while the source rotates by itself", async () => {
    const outcome = await expectExact("load, rotateEveryMs: 50", {
      lines: 150_000,
      rotateEveryMs: 50,
      rotate: async (following, running) => {
        await following.until("the end of the load", () => !running());
        const completed = following.of("rotated").map(({ rotation }) => rotation);
        return { completed, withLines: Number.NaN };
      },
    });
    expect(outcome.completed.length).toBeGreaterThanOrEqual(10);
  });

  test("go on coming while rotations follow each other without a pause", async () => {
    const outcome = await expectExact("load, rotations back to back", {
      lines: 100_000,
      rotate: (following, running) => rotateWhile(following, "nothing", running),
    });
    expect(outcome.withLines).toBeGreaterThanOrEqual(20);
  });
});

import { expect, onTestFinished, test } from "vitest";

import type { Rotation } from "../../src/index.ts";
import { CountingProxy } from "../support/counting-proxy.ts";
import { compared, follow, jsonLog, rotateWhile, run, whileRunning } from "../support/follow.ts";
import type { Following, Rotations } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import type { Comparison } from "../support/ground-truth.ts";
import { describeWithEngine } from "../support/real-engine.ts";

/** As fast as the engine takes it: faster than anyone reads, so that a follow falls behind more and more. */
const FLOOD = "";
/** The same in bursts, with breaks in which a follow comes up again. */
const BURSTS = 'if (i % 1000 == 999) { fflush(); system("usleep 60000") }';

/** Numbered lines, every 500th of them of 40 KB; each writer says who it is. */
function writer(name: string, lines: number, pace: string): string {
  const program = [
    "BEGIN {",
    '  pad = "0123456789abcdef"; while (length(pad) < 40000) pad = pad pad;',
    `  for (i = 0; i < ${lines}; i++) {`,
    `    print "${name}", i, substr(pad, 1 + i % 16, i % 500 == 7 ? 40000 : 20 + i % 60); ${pace}`,
    "  }",
    "}",
  ].join("");
  return `awk '${program}'`;
}

/** Writes to both streams at once. */
function twoWriters(lines: number, pace: string): string {
  return `${writer("out", lines, pace)} & ${writer("err", lines, pace)} >&2 & wait`;
}

describeWithEngine("two writers at full speed with lines of 40 KB between", (engine) => {
  interface Load {
    /** Of each writer. */
    readonly lines: number;
    readonly pace: string;
    readonly tty?: boolean;
    readonly rotateEveryMs?: number;
    readonly rotate: (following: Following, running: () => boolean) => Promise<Rotations>;
  }
  interface Outcome extends Rotations {
    readonly comparison: Comparison;
    readonly written: number;
  }

  /** Runs the writers, rotates while they write, and compares what came with the engine's log. */
  async function expectExact(
    name: string,
    { lines, pace, tty = false, rotateEveryMs, rotate }: Load,
  ): Promise<Outcome> {
    const proxy = await CountingProxy.start(engine.socketPath);
    onTestFinished(async () => {
      await proxy.close();
    });
    const id = await run(engine, { script: twoWriters(lines, pace), tty });
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

  const afterLines: Load["rotate"] = (following, running) =>
    rotateWhile(following, "lines", running);
  const backToBack: Load["rotate"] = (following, running) =>
    rotateWhile(following, "nothing", running);

  test("come line by line over rotations, with one reader at the engine", async () => {
    const lines = 150_000;
    const outcome = await expectExact("bursts", { lines, pace: BURSTS, rotate: afterLines });
    expect(outcome.written).toBe(2 * lines);
    expect(outcome.withLines).toBeGreaterThanOrEqual(100);
  });

  test("come line by line on a terminal", async () => {
    const load: Load = { lines: 80_000, pace: BURSTS, tty: true, rotate: afterLines };
    const outcome = await expectExact("bursts on a terminal", load);
    expect(outcome.withLines).toBeGreaterThanOrEqual(50);
  });

  test("come line by line while the source rotates by itself", async () => {
    const outcome = await expectExact("bursts, rotateEveryMs: 50", {
      lines: 60_000,
      pace: BURSTS,
      rotateEveryMs: 50,
      rotate: async (following, running) => {
        const completed: Rotation[] = [];
        following.source.on("status", (status) => {
          if (status.type === "rotated" && running()) completed.push(status.rotation);
        });
        await following.until("the end of the load", () => !running());
        return { completed, withLines: Number.NaN };
      },
    });
    expect(outcome.completed.length).toBeGreaterThanOrEqual(30);
  });

  test("go on coming while rotations follow each other without a pause", async () => {
    const load: Load = { lines: 75_000, pace: BURSTS, rotate: backToBack };
    const outcome = await expectExact("bursts, rotations back to back", load);
    expect(outcome.withLines).toBeGreaterThanOrEqual(50);
  });

  test("come line by line, and go on coming, when no one can keep up with the writers", async () => {
    const load: Load = { lines: 200_000, pace: FLOOD, rotate: afterLines };
    const outcome = await expectExact("flood", load);
    // Each finds its place hundreds of thousands of lines before the log's end, while the engine is at its limit.
    expect(outcome.withLines).toBeGreaterThanOrEqual(1);
  });
});

import { expect, onTestFinished, test } from "vitest";

import type { Rotation } from "../../src/index.ts";
import { CountingProxy } from "../support/counting-proxy.ts";
import {
  LONGEST_LOAD_MS,
  chosenRead,
  compared,
  follow,
  jsonLog,
  rotateWhile,
  run,
  whileRunning,
} from "../support/follow.ts";
import type { Following, Rotations } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import { burstWriter } from "../support/writers.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import { sizes, twoSizes } from "../support/size.ts";

const readsFiles = chosenRead().read !== undefined;
/** What a writer writes at full speed when it is told to. */
const BURST_LINES = 1_000;

const writer = (name: string): string => burstWriter(name, BURST_LINES, 500);

/** Writes a burst to both streams at once with each SIGUSR1, until SIGTERM. */
const BURSTS = [
  "mkfifo /tmp/out /tmp/err",
  "exec 8<>/tmp/out 9<>/tmp/err",
  `${writer("out")} </tmp/out 8>&- 9>&- &`,
  `${writer("err")} </tmp/err >&2 8>&- 9>&- &`,
  "trap 'echo >&8; echo >&9' USR1",
  "trap 'exec 8>&- 9>&-' TERM",
  "echo ready",
  // Each signal ends a wait.
  "until wait; do :; done",
].join("\n");

describeWithEngine("two writers at full speed with lines of 40 KB between", (engine) => {
  interface Load {
    readonly script: string;
    readonly tty?: boolean;
    readonly rotateEveryMs?: number;
    readonly rotate: (following: Following, running: () => boolean) => Promise<Rotations>;
    /** Runs beside, and has the writers end. Resolves with how many lines they write. */
    readonly write: (following: Following, id: string) => Promise<number>;
  }
  interface Outcome extends Rotations {
    readonly written: number;
  }

  /** Runs the writers, rotates while they write, and compares what came with the engine's log. */
  async function expectExact(
    name: string,
    { script, tty = false, rotateEveryMs, rotate, write }: Load,
  ): Promise<Outcome> {
    const proxy = await CountingProxy.start(engine.socketPath);
    onTestFinished(async () => {
      await proxy.close();
    });
    const id = await run(engine, { script, tty });
    const following = follow(
      proxy.socketPath,
      id,
      rotateEveryMs === undefined ? {} : { rotateEveryMs },
    );
    await following.untilCount(1);
    const load = whileRunning(engine, id);
    const [rotations, written] = await Promise.all([
      rotate(following, () => load.running),
      write(following, id),
    ]);
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
    expect(log).toHaveLength(written);
    expect(following.of("gap")).toEqual([]);
    expect(following.of("rotation-failed")).toEqual([]);
    // Of files a plain read shows whose they are.
    const maxFollows = readsFiles ? 0 : 1;
    expect(counts).toMatchObject({ follows: 0, reads: 0, maxFollows, maxReaders: 1 });
    expect(proxy.connections).toBe(0);
    return { ...rotations, written };
  }

  /**
   * So many bursts at the least, and on until so many rotations are completed; the next one when the last one begins to come, so
   * that a follow comes up again however slow the machine is.
   */
  function bursts(least: number, rotations: number): Pick<Load, "script" | "write"> {
    const write: Load["write"] = async (following, id) => {
      // Behind "ready".
      let lines = 1;
      for (let count = 0; count < least || following.of("rotated").length < rotations; count++) {
        const before = lines;
        lines += 2 * BURST_LINES;
        await engine.kill(id, "SIGUSR1");
        await following.until("a burst", () => following.lines.length > before, LONGEST_LOAD_MS);
      }
      await engine.kill(id, "SIGTERM");
      return lines;
    };
    return { script: BURSTS, write };
  }

  /** As fast as the engine takes it: faster than anyone reads, so that a follow falls behind more and more. */
  function flood(count: number): Pick<Load, "script" | "write"> {
    const all = `yes | head -n ${count}`;
    const script = `${all} | ${writer("out")} & ${all} | ${writer("err")} >&2 & wait`;
    return { script, write: () => Promise.resolve(count * 2 * BURST_LINES) };
  }

  const afterLines: Load["rotate"] = (following, running) =>
    rotateWhile(following, "lines", running);
  const backToBack: Load["rotate"] = (following, running) =>
    rotateWhile(following, "nothing", running);

  test("come line by line over rotations, with one reader at the engine", twoSizes, async () => {
    const count = sizes({ short: 15, long: 100 });
    const load: Load = { ...bursts(count, count + 10), rotate: afterLines };
    const outcome = await expectExact("bursts", load);
    expect(outcome.written).toBeGreaterThan(count * 2 * BURST_LINES);
    expect(outcome.withLines).toBeGreaterThanOrEqual(count);
  });

  test("come line by line on a terminal", twoSizes, async () => {
    const count = sizes({ short: 10, long: 50 });
    const load: Load = { ...bursts(count, count + 10), tty: true, rotate: afterLines };
    const outcome = await expectExact("bursts on a terminal", load);
    expect(outcome.withLines).toBeGreaterThanOrEqual(count);
  });

  test("come line by line while the source rotates by itself", twoSizes, async () => {
    const count = sizes({ short: 10, long: 40 });
    const outcome = await expectExact("bursts, rotateEveryMs: 50", {
      ...bursts(count, count),
      rotateEveryMs: 50,
      rotate: async (following, running) => {
        const completed: Rotation[] = [];
        following.source.on("status", (status) => {
          if (status.type === "rotated" && running()) completed.push(status.rotation);
        });
        await following.until("the end of the load", () => !running(), LONGEST_LOAD_MS);
        return { completed, withLines: Number.NaN };
      },
    });
    expect(outcome.completed.length).toBeGreaterThanOrEqual((count * 3) / 4);
  });

  test("go on coming while rotations follow each other without a pause", twoSizes, async () => {
    const count = sizes({ short: 8, long: 50 });
    const load: Load = { ...bursts(count, 2 * count), rotate: backToBack };
    const outcome = await expectExact("bursts, rotations back to back", load);
    expect(outcome.withLines).toBeGreaterThanOrEqual(count);
  });

  test(
    "come line by line, and go on coming, when no one can keep up with the writers",
    twoSizes,
    async () => {
      const load: Load = { ...flood(sizes({ short: 200, long: 300 })), rotate: afterLines };
      const outcome = await expectExact("flood", load);
      // Each finds its place hundreds of thousands of lines before the log's end, while the engine is at its limit.
      expect(outcome.withLines).toBeGreaterThanOrEqual(1);
    },
  );
});

import { expect, test } from "vitest";

import { compared } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import { followWhole, numbered } from "../support/numbered-log.ts";
import { readLog } from "../support/plain-reader.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import type { RunOptions } from "../support/real-engine.ts";
import { remoteOptions } from "../support/remote-logs.ts";
import { longOnly, sizes, twoSizes } from "../support/size.ts";

type Remote = Pick<RunOptions, "driver" | "options">;

async function remote(driver: "syslog" | "fluentd"): Promise<Remote> {
  return { driver, options: await remoteOptions(driver) };
}

/**
 * The log of a driver that sends it elsewhere is read from a cache of the engine's own, whose files are full at 20 MB: in the
 * long form there are several.
 */
describeWithEngine("the cache of a driver that sends logs elsewhere", (engine) => {
  const LINES = sizes({ short: 20_000, long: 400_000 });

  async function expectExact(name: string, given: Remote, burst: number): Promise<void> {
    const script = numbered(LINES, burst);
    // The cache is not read from files. At full speed the engine loses some lines on their way into it.
    const { id, following, rotations } = await followWhole(engine, { script, ...given }, LINES, {
      read: "engine",
      isKept: false,
    });
    const kept = await readLog(engine.ownSocketPath, id, { tty: false });
    const comparison = compared(name, kept, following, { rotations, written: LINES });
    expect(comparison).toMatchObject({ repeated: 0, foreign: 0, reordered: 0 });
    expect(following.lines.at(-1)?.line).toBe(kept.at(-1)?.line);
    if (following.of("gap").length === 0) expect(comparison).toEqual(noDifference);
  }

  test("syslog, written steadily: exact, or each hole is a reported gap", twoSizes, async () => {
    await expectExact("syslog", await remote("syslog"), 400);
  });

  test(
    "syslog, written at full speed: exact, or each hole is a reported gap",
    longOnly,
    async () => {
      await expectExact("syslog at full speed", await remote("syslog"), LINES);
    },
  );

  test("fluentd, written steadily: exact, or each hole is a reported gap", longOnly, async () => {
    await expectExact("fluentd", await remote("fluentd"), 400);
  });
});

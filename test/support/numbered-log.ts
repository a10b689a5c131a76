import { expect } from "vitest";

import { create, follow, report, rotateWhile, whileRunning } from "./follow.ts";
import type { FollowOptions, Following } from "./follow.ts";
import type { RealEngine, RunOptions } from "./real-engine.ts";

/** Lines of about 100 bytes with these numbers, which the script may have to count. */
export function printed(from: number | string, to: number | string): string {
  const pad = "x".repeat(85);
  return `awk -v from=${from} -v to=${to} 'BEGIN { for (i = from; i < to; i++) print "line", i, "${pad}" }'`;
}

/** Lines "line 0" to "line n-1", in bursts of `burst` with a pause between. */
export function numbered(lines: number, burst: number = lines, pauseMs: number = 20): string {
  const print = printed("$i", `$((i+${burst}))`);
  return `i=0; while [ $i -lt ${lines} ]; do ${print}; i=$((i+${burst})); usleep ${pauseMs * 1_000}; done`;
}

interface Run {
  /** Numbers of the lines on both sides of a hole; -1 before the first line. */
  readonly after: number;
  readonly before: number;
  readonly afterTimestamp: string;
  readonly beforeTimestamp: string;
}

/** The holes in the numbers that came. What came must be in order, and nothing twice. */
function holesIn(following: Following): Run[] {
  const holes: Run[] = [];
  let last = -1;
  let lastTimestamp = "";
  for (const { line, timestamp } of following.lines) {
    const number = Number(line.split(" ")[1]);
    if (number <= last) throw new Error(`Line ${number} came after line ${last}.`);
    if (number > last + 1) {
      holes.push({
        after: last,
        before: number,
        afterTimestamp: lastTimestamp,
        beforeTimestamp: timestamp,
      });
    }
    last = number;
    lastTimestamp = timestamp;
  }
  return holes;
}

/**
 * Every hole lies in a reported gap, which names the lines at its edges; every reported gap is a hole. Where the engine
 * has no more than the end of the log when reading begins, what is missing before that is no gap.
 */
export function expectExplained(name: string, following: Following, written: number): number {
  const holes = holesIn(following).filter(({ after }) => after !== -1);
  const missing = holes.reduce((sum, { after, before }) => sum + before - after - 1, 0);
  // What may be missing there is told as well.
  const first = following.lines[0]?.timestamp;
  const gaps = following.of("gap").filter(({ before }) => before !== first);
  report(name, {
    written,
    received: following.lines.length,
    rotations: following.source.stats.rotations,
    gaps: gaps.length,
    holes: holes.length,
    missing,
  });
  expect(gaps.map(({ after, before }) => ({ after, before }))).toEqual(
    holes.map(({ afterTimestamp, beforeTimestamp }) => ({
      after: afterTimestamp,
      before: beforeTimestamp,
    })),
  );
  expect(following.source.stats.gaps).toBe(following.of("gap").length);
  return missing;
}

/** Follows a container from before its start to its stop, and waits for its last line. */
export async function followWhole(
  engine: RealEngine,
  options: RunOptions,
  lines: number,
  {
    handle,
    read,
    rotate = handle === undefined,
    isKept = true,
  }: {
    handle?: (batch: readonly unknown[]) => Promise<void>;
    /** Default: as `DOCKSPOOL_READ` says. */
    read?: FollowOptions["read"];
    rotate?: boolean;
    /** False: the engine may lose lines on their way into its log, the last ones as well. */
    isKept?: boolean;
  } = {},
): Promise<{ readonly id: string; readonly following: Following; readonly rotations: number }> {
  const id = await create(engine, options);
  const following = follow(engine.socketPath, id, {
    ...(handle !== undefined && { handle }),
    ...(read !== undefined && { read }),
  });
  await following.untilStopped();
  await engine.start(id);
  const load = whileRunning(engine, id);
  await following.untilCount(1);
  const rotations = rotate ? await rotateWhile(following, "lines", () => load.running) : undefined;
  await load.ended;
  await following.untilStopped(2);
  if (isKept) expect(following.lines.at(-1)?.line).toMatch(new RegExp(`^line ${lines - 1} `));
  return { id, following, rotations: rotations?.completed.length ?? 0 };
}

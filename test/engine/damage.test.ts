import { setTimeout as wait } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import { compared, create, follow, jsonLog, report, run } from "../support/follow.ts";
import type { Following } from "../support/follow.ts";
import {
  appendHalfRecord,
  damageRecord,
  damages,
  emptyLog,
  evenOut,
} from "../support/damaged-log.ts";
import type { Damage } from "../support/damaged-log.ts";
import { noDifference } from "../support/ground-truth.ts";
import { readLog } from "../support/plain-reader.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import type { RealEngine } from "../support/real-engine.ts";
import { longOnly, sizes, twoSizes } from "../support/size.ts";
import { expectTold, numberOf } from "../support/told-holes.ts";

const BURST = 100;

/** Numbered lines: 100 at each start and at each SIGUSR1, numbered on over the container's runs. */
const BURSTS =
  `burst() { n=$(cat /tmp/n 2>/dev/null || echo 0); echo $((n+${BURST})) > /tmp/n; ` +
  `awk -v a=$n 'BEGIN { for (i = a; i < a + ${BURST}; i++) print "line", i }'; }; ` +
  `trap burst USR1; trap exit TERM; burst; while :; do sleep 600 & wait; done`;

/** Looks for what comes soon, instead of after half a minute. */
const EAGER = { stallProbeMs: 1_000, reconnect: { minDelayMs: 50, maxDelayMs: 500 } };

async function burst(engine: RealEngine, id: string): Promise<void> {
  await engine.kill(id, "SIGUSR1");
}

async function logPath(engine: RealEngine, id: string): Promise<string> {
  const [path, ...others] = await engine.jsonLogPaths(id);
  if (path === undefined || others.length > 0) throw new Error("One log file was expected.");
  return path;
}

async function majorOf(engine: RealEngine): Promise<number> {
  return Number((await engine.info()).ServerVersion.split(".")[0]);
}

/**
 * What an engine's reads show that come to damage: Docker 26 has dropped some of what stands before it, another part each time; 28
 * shows all up to it. Docker before 23 goes on behind it, and says nothing of what it has left out, which tails show.
 */
async function readsOf(engine: RealEngine): Promise<"dropped" | "exact"> {
  const major = await majorOf(engine);
  return major < 23 || major >= 28 ? "exact" : "dropped";
}

/** The numbers that did not come before the last one that did. What came is in order, and nothing twice. */
function missingIn(following: Following): number[] {
  const missing: number[] = [];
  let next = 0;
  for (const record of following.lines) {
    const number = numberOf(record);
    if (number < next) throw new Error(`Line ${number} came after line ${next - 1}.`);
    for (; next < number; next++) missing.push(next);
    next = number + 1;
  }
  return missing;
}

/** What can be had of the log is there, but for the damaged lines; a gap tells of them. */
async function expectAllBut(
  damaged: readonly number[],
  engine: RealEngine,
  following: Following,
): Promise<void> {
  const missing = missingIn(following);
  const reads = await readsOf(engine);
  expectTold(following);
  if (reads === "exact") expect(missing).toEqual(damaged);
  else expect(missing).toEqual(expect.arrayContaining([...damaged]));
}

/** What the engine shows to a plain reader has come: of a running container, Docker before 23 leaves out more without a word. */
async function expectAllThatIsShown(
  engine: RealEngine,
  id: string,
  following: Following,
): Promise<void> {
  const came = new Set(following.lines.map(numberOf));
  const inFull = await readLog(engine.ownSocketPath, id, { tty: false });
  expect(inFull.filter((line) => !came.has(numberOf(line)))).toEqual([]);
}

function shown(following: Following, missing: readonly number[]): Record<string, unknown> {
  return {
    received: following.lines.length,
    missing: missing.length > 8 ? `${missing.slice(0, 8).join(" ")} …` : missing.join(" "),
    gaps: following.of("gap").length,
  };
}

describeWithEngine("a json-file log with a damaged record", (engine) => {
  describe.each(sizes<Damage[]>({ short: ["NULs"], long: [...damages] }))("(%s)", (damage) => {
    const places = sizes({ short: [[50]], long: [[0], [1], [50], [98], [0, 50, 51, 70]] });

    test.each(places)("of a stopped container is read past it: %j", twoSizes, async (...at) => {
      const id = await run(engine, { script: BURSTS });
      const first = follow(engine.socketPath, id);
      await first.untilCount(BURST);
      await engine.stop(id);
      const path = await logPath(engine, id);
      for (const line of at) await damageRecord(path, `line ${line}`, damage);
      const following = follow(engine.socketPath, id, { follow: false });
      expect(await following.done).toEqual({ kind: "finished" });
      const missing = missingIn(following);
      report(`stopped, ${damage} at ${at.join(" ")}`, shown(following, missing));
      expect(following.lines.at(-1)?.line).toBe(`line ${BURST - 1}`);
      await expectAllBut(at, engine, following);
    });
  });

  test.each(sizes({ short: [150], long: [0, 150, 298] }))(
    "that was read before is no hole: followed on over rotations, and by its cursor (line %d)",
    twoSizes,
    async (at) => {
      const id = await run(engine, { script: BURSTS });
      const following = follow(engine.socketPath, id, EAGER);
      for (let count = BURST; count < 300; count += BURST) {
        await following.untilCount(count);
        await burst(engine, id);
      }
      await following.untilCount(300);
      await damageRecord(await logPath(engine, id), `line ${at}`, "NULs");
      for (let round = 1; round <= 3; round++) {
        await following.source.rotate();
        await burst(engine, id);
        await following.untilCount(300 + round * BURST);
      }
      report(`read before, at ${at}`, shown(following, missingIn(following)));
      expect(missingIn(following)).toEqual([]);
      await following.source.close();
      const { cursor } = following.source;
      if (cursor === undefined) throw new Error("There is no cursor.");
      await burst(engine, id);
      const resumed = follow(engine.socketPath, id, { ...EAGER, resume: cursor });
      await resumed.untilCount(BURST);
      expect(resumed.lines.map(numberOf)).toEqual(
        Array.from({ length: BURST }, (_, index) => 600 + index),
      );
      expect(following.lines.length + resumed.lines.length).toBe(700);
    },
  );

  test("that runs is read past it from the log's start, and followed on", twoSizes, async () => {
    const id = await run(engine, { script: BURSTS });
    const before = follow(engine.socketPath, id);
    await before.untilCount(BURST);
    await burst(engine, id);
    await before.untilCount(2 * BURST);
    await damageRecord(await logPath(engine, id), "line 50", "NULs");
    const following = follow(engine.socketPath, id, EAGER);
    await following.untilLine("line 199");
    await burst(engine, id);
    await following.untilLine("line 299");
    await following.source.rotate();
    await burst(engine, id);
    await following.untilLine("line 399");
    const missing = missingIn(following);
    report("running", shown(following, missing));
    const isSilent = (await majorOf(engine)) < 23 && following.source.stats.via !== "files";
    if (isSilent) await expectAllThatIsShown(engine, id, following);
    else await expectAllBut([50], engine, following);
  });

  test("half a line as after a power cut, then the next run: all of that comes but the line that was joined to it", async () => {
    const id = await run(engine, { script: BURSTS });
    const following = follow(engine.socketPath, id, EAGER);
    await following.untilCount(BURST);
    await engine.stop(id);
    await following.untilStopped();
    await appendHalfRecord(await logPath(engine, id));
    await engine.start(id);
    await following.untilLine("line 199");
    await burst(engine, id);
    await following.untilLine("line 299");
    const missing = missingIn(following);
    report("half a line, then a run", shown(following, missing));
    const isByFiles = following.source.stats.via === "files";
    if (!isByFiles && following.of("gap").length === 0 && (await majorOf(engine)) < 23) {
      // It had read the half before, or its follow goes on behind the damage, without a word: where one of its blocks of 512 bytes
      // happens to begin with a record. Of a container that runs that can't be told.
      expect(missing).toEqual(missing.map((_, index) => BURST + index));
      expect(missing.length).toBeLessThan(BURST);
    } else {
      // What was joined to it is there in the file, and in a follow that had read the half before.
      if (missing.length > 0) await expectAllBut([100], engine, following);
      expect(following.of("gap")).toHaveLength(missing.length > 0 || isByFiles ? 1 : 0);
    }
    await engine.rm(id);
    expect(await following.done).toMatchObject({ kind: "removed" });
  });

  test.each([[[50]], [[0]], [[20, 60, 61]]])(
    "behind which reads of Docker before 23 go on: what they leave out comes (%j)",
    async (at) => {
      const id = await run(engine, { script: BURSTS });
      const before = follow(engine.socketPath, id);
      await before.untilCount(BURST);
      await engine.stop(id);
      const path = await logPath(engine, id);
      await evenOut(path);
      for (const line of at) await damageRecord(path, `line ${line} `, "NULs");
      const following = follow(engine.socketPath, id);
      await following.untilStopped();
      expect(following.lines.at(-1)?.line).toMatch(/^line 99 /);
      await expectAllBut(at, engine, following);
      await engine.rm(id);
      expect(await following.done).toEqual({ kind: "removed", complete: true });
    },
  );

  test("at its very end: a removal is not called complete", async () => {
    const id = await run(engine, { script: BURSTS });
    const before = follow(engine.socketPath, id);
    await before.untilCount(BURST);
    await engine.stop(id);
    await damageRecord(await logPath(engine, id), "line 99", "NULs");
    const following = follow(engine.socketPath, id);
    await following.untilStopped();
    if ((await readsOf(engine)) !== "dropped") await following.untilCount(99);
    await engine.rm(id);
    expect(await following.done).toEqual({ kind: "removed", complete: false });
    expect(missingIn(following)).toEqual([]);
    expect(following.of("gap")).toEqual([
      { type: "gap", after: following.lines.at(-1)?.timestamp },
    ]);
  });

  test("in the middle: a removal is complete, behind a gap that was told", async () => {
    const id = await run(engine, { script: BURSTS });
    const before = follow(engine.socketPath, id);
    await before.untilCount(BURST);
    await engine.stop(id);
    await damageRecord(await logPath(engine, id), "line 50", "half a line");
    const following = follow(engine.socketPath, id);
    await following.untilStopped();
    await engine.rm(id);
    const reason = await following.done;
    report("removed", {
      ...shown(following, missingIn(following)),
      reason: JSON.stringify(reason),
    });
    expect(following.lines.at(-1)?.line).toBe("line 99");
    const [missing, reads] = [missingIn(following), await readsOf(engine)];
    expect(missing).toContain(50);
    if (reads === "exact") expect(missing).toEqual([50]);
    expectTold(following);
  });
});

describeWithEngine("a json-file log that was emptied by hand while it was followed", (engine) => {
  /** So much that is idle uses in two seconds. */
  const IDLE_SECONDS = 0.6;

  async function expectInPeace(what: string): Promise<void> {
    const before = engine.cpuSeconds();
    await wait(2_000);
    const used = engine.cpuSeconds() - before;
    report(what, { "engine's CPU seconds of 2": used });
    expect(used).toBeLessThan(IDLE_SECONDS);
  }

  test(
    "goes on within seconds, over rotations before and after, and leaves the engine in peace",
    twoSizes,
    async () => {
      const id = await run(engine, { script: BURSTS });
      const following = follow(engine.socketPath, id, EAGER);
      await following.untilCount(BURST);
      const bursts = sizes({ short: 3, long: 30 });
      for (let round = 2; round <= bursts; round++) {
        await burst(engine, id);
        await following.untilCount(round * BURST);
      }
      await following.source.rotate();
      const path = await logPath(engine, id);
      await emptyLog(path);
      for (let round = 1; round <= 3; round++) {
        await burst(engine, id);
        const begun = performance.now();
        await following.untilLine(`line ${(bursts + round) * BURST - 1}`);
        report(`emptied, burst ${round}`, { ms: Math.round(performance.now() - begun) });
        await following.source.rotate();
      }
      expect(missingIn(following)).toEqual([]);
      const gaps = following.of("gap").length;
      report("emptied", { gaps, lines: following.lines.length });
      // The follow of Docker before 23 goes on by itself.
      if ((await majorOf(engine)) >= 23) expect(gaps).toBeGreaterThan(0);
      expect(gaps).toBeLessThan(5);
      await expectInPeace("followed on");
      await following.source.close();
      await expectInPeace("closed");
    },
  );

  test("also where nothing is written until it has been rotated", longOnly, async () => {
    const id = await run(engine, { script: BURSTS });
    const following = follow(engine.socketPath, id, EAGER);
    await following.untilCount(BURST);
    await emptyLog(await logPath(engine, id));
    await following.source.rotate();
    await burst(engine, id);
    await following.untilLine(`line ${2 * BURST - 1}`);
    expect(missingIn(following)).toEqual([]);
    await expectInPeace("rotated when empty");
  });
});

/** Lines of 30 to 60 KB on a terminal, redrawn by "\r", of characters of three bytes. */
const REDRAWS = 500;
const BARS =
  `bar() { awk -v n=$1 'BEGIN { for (i = 0; i < n; i++) printf "x"; for (i = 0; i < ${REDRAWS}; i++) { ` +
  `printf "\\r%d ", n; for (j = 0; j < i % 61; j++) printf "█"; printf "░ %d%%", i } print " done" }'; }; ` +
  `i=0; while [ $i -lt COUNT ]; do bar $i; echo "short $i €"; i=$((i+1)); done`;

function barOf(number: number): string {
  const redraws = Array.from(
    { length: REDRAWS },
    (_, index) => `\r${number} ${"█".repeat(index % 61)}░ ${index}%`,
  );
  return `${"x".repeat(number)}${redraws.join("")} done`;
}

describeWithEngine("a terminal with progress bars", (engine) => {
  const COUNT = sizes({ short: 6, long: 60 });
  const script = BARS.replace("COUNT", String(COUNT));
  const printed = Array.from({ length: COUNT }, (_, index) => [
    barOf(index),
    `short ${index} €`,
  ]).flat();

  async function followBars(driver: string): Promise<{ id: string; following: Following }> {
    const id = await create(engine, { script, driver, tty: true });
    const following = follow(engine.socketPath, id);
    await following.untilStopped();
    await engine.start(id);
    await following.untilCount(2);
    await following.source.rotate();
    await engine.wait(id);
    await following.untilStopped(2);
    return { id, following };
  }

  test("is exact over rotations, cut characters included", twoSizes, async () => {
    const { id, following } = await followBars("json-file");
    const log = await jsonLog(engine, id, true);
    const cut = log.filter(({ line }) => line.includes("\u{fffd}")).length;
    expect(log.length).toBe(printed.length);
    expect(cut).toBeGreaterThan(0);
    expect(compared("progress bars", log, following, { "with cut characters": cut })).toEqual(
      noDifference,
    );
    const again = follow(engine.socketPath, id, { follow: false });
    await again.done;
    expect(compared("progress bars, read at once", log, again)).toEqual(noDifference);
    expect(following.of("gap")).toEqual([]);
  });

  test(
    "is exact over rotations by the local driver, which cuts no characters",
    twoSizes,
    async () => {
      const { id, following } = await followBars("local");
      report("progress bars, local", { lines: following.lines.length });
      expect(following.lines.map(({ line }) => line)).toEqual(printed);
      const again = follow(engine.socketPath, id, { follow: false });
      await again.done;
      expect(again.lines).toEqual(following.lines);
      expect(following.of("gap")).toEqual([]);
    },
  );
});

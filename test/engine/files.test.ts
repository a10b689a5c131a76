import { join } from "node:path";
import { truncateSync } from "node:fs";

import { describe, expect, onTestFinished, test } from "vitest";

import { StreamPool } from "../../src/index.ts";
import type { Cursor, LogRecord } from "../../src/index.ts";
import { watchDoubts } from "../../src/files/folder-watch.ts";
import { descriptorsBelow } from "../files/written-log.ts";
import { crashContainers } from "../support/crash-containers.ts";
import { CrashRuns, crashSeed, moments, randomFrom, untilMoment } from "../support/crash-run.ts";
import {
  compared,
  create,
  follow,
  report,
  rotateWhile,
  run,
  whileRunning,
} from "../support/follow.ts";
import type { FollowOptions, Following } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import { expectExplained, numbered, printed } from "../support/numbered-log.ts";
import { pause } from "../support/pause.ts";
import { runAll } from "../support/pool-following.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import type { RealEngine } from "../support/real-engine.ts";
import { readLog } from "../support/plain-reader.ts";
import { longOnly, sizes, twoSizes } from "../support/size.ts";
import { numberOf } from "../support/told-holes.ts";

const drivers = [
  { driver: "json-file", options: {} },
  { driver: "json-file", options: { "max-size": "50k", "max-file": "3", compress: "true" } },
  { driver: "local", options: { "max-size": "50k", "max-file": "3" } },
] as const;
/** Keeps all that the test writes: what is missing then was missed. */
const KEPT = { "max-file": "99" };

function fromFiles(engine: RealEngine, id: string, options: FollowOptions = {}): Following {
  return follow(engine.socketPath, id, {
    read: "files",
    files: { root: join(engine.directory, "data") },
    ...options,
  });
}

function numbersOf(following: Following): number[] {
  return following.lines.map(numberOf);
}

function plainLines(engine: RealEngine, id: string): ReturnType<typeof readLog> {
  return readLog(engine.ownSocketPath, id, { tty: false });
}

/** Every hole lies in a gap that names the lines at its edges. */
function expectTold(following: Following): void {
  const edges = new Set(following.of("gap").map(({ after, before }) => `${after} ${before ?? ""}`));
  const numbers = numbersOf(following);
  for (const [at, number] of numbers.entries()) {
    const before = numbers[at - 1] ?? number - 1;
    if (number <= before) throw new Error(`Line ${number} came after line ${before}.`);
    const edge = `${following.lines[at - 1]?.timestamp ?? ""} ${following.lines[at]?.timestamp ?? ""}`;
    if (number > before + 1) expect(edges).toContain(edge);
  }
}

interface Holes {
  readonly gaps: number;
  /** Of both streams: holes that no gap tells of. */
  readonly untold: readonly string[];
  /** Gaps in which no line is missing. */
  readonly empty: number;
}

/** Each stream's lines are numbered from 0. */
function holesOf(following: Following): Holes {
  const gaps = following.of("gap");
  const last = new Map<string, { number: number; timestamp: string }>();
  const holes: { readonly from: string; readonly to: string }[] = [];
  for (const record of following.lines) {
    const { stream, timestamp } = record;
    const before = last.get(stream) ?? { number: -1, timestamp: "" };
    const number = numberOf(record);
    if (number <= before.number) throw new Error(`Line ${number} of ${stream} came twice.`);
    if (number > before.number + 1) holes.push({ from: before.timestamp, to: timestamp });
    last.set(stream, { number, timestamp });
  }
  const isIn = (hole: (typeof holes)[number], { after, before }: (typeof gaps)[number]): boolean =>
    (after ?? "") < hole.to && (before ?? "~") > hole.from;
  return {
    gaps: gaps.length,
    untold: holes
      .filter((hole) => !gaps.some((gap) => isIn(hole, gap)))
      .map(({ from, to }) => `${from} to ${to}`),
    empty: gaps.filter((gap) => !holes.some((hole) => isIn(hole, gap))).length,
  };
}

/** Without and with pauses. */
const FAST_LINES = sizes({ short: 20_000, long: 100_000 });
/** A file may be renamed all the time while its place is looked for. */
const MOST_EMPTY = 0.1;
const ROUNDS = sizes({ short: 6, long: 15 });
const LINES = sizes({ short: 2_000, long: 8_000 });
const ROTATIONS = sizes({ short: 3, long: 100 });

describeWithEngine("a log that is read from the engine's files", (engine) => {
  describe.each(sizes({ short: drivers.slice(1, 2), long: [...drivers] }))(
    "$driver with $options",
    ({ driver, options }) => {
      const isRotated = "max-size" in options;
      const kept = isRotated ? { ...options, ...KEPT } : {};

      test("is whole over rotations of both kinds while it is written", twoSizes, async () => {
        // Some files a second.
        const script = numbered(LINES, 50);
        const id = await create(engine, { script, driver, options: kept });
        const following = fromFiles(engine, id);
        await following.untilStopped();
        await engine.start(id);
        const load = whileRunning(engine, id);
        await following.untilCount(1);
        await rotateWhile(following, "lines", () => load.running);
        await load.ended;
        await following.untilStopped(2);
        expect(following.source.stats.via).toBe("files");
        const missing = expectExplained(`${driver} from files`, following, LINES);
        expect({ missing, lines: following.lines.length }).toEqual({ missing: 0, lines: LINES });
        if (isRotated) return;
        compared("the engine's own words", await plainLines(engine, id), following);
      });

      test(
        "has all of its lines, or gaps that are the holes, at full speed",
        twoSizes,
        async () => {
          const script = numbered(FAST_LINES);
          const id = await create(engine, { script, driver, options });
          const following = fromFiles(engine, id);
          await following.untilStopped();
          await engine.start(id);
          await engine.wait(id);
          await following.untilStopped(2);
          // Behind a file that was deleted before it was read to its end some may be missing, or not.
          if (isRotated) expectTold(following);
          else expect(expectExplained(`${driver} at full speed`, following, FAST_LINES)).toBe(0);
          expect(numbersOf(following).at(-1)).toBe(FAST_LINES - 1);
          // The engine may have thrown away the first lines before the start was heard of.
          const [first] = following.lines;
          const isTold = following.of("gap").some(({ before }) => before === first?.timestamp);
          expect(numbersOf(following)[0] === 0 || isTold).toBe(true);
        },
      );

      test("has one cursor for both ways, whichever is next", twoSizes, async () => {
        const script = numbered(ROUNDS * 100, 50);
        const id = await run(engine, { script, driver, options: kept });
        const ways = ["files", "engine"] as const;
        const numbers: number[] = [];
        let resume: Cursor | undefined;
        for (let round = 0; round < 40 && numbers.at(-1) !== ROUNDS * 100 - 1; round++) {
          const following = fromFiles(engine, id, {
            read: ways[round % 2] ?? "engine",
            ...(resume && { resume }),
          });
          await following.until("some lines, or the end", () => {
            const isStopped = following.of("stopped").length > 0 && following.hasAllRead;
            return following.lines.length >= 100 || isStopped;
          });
          await following.source.close();
          await following.done;
          resume = following.source.cursor ?? resume;
          expect(following.of("gap")).toEqual([]);
          // Of a batch that was left the cursor stands before it.
          const position = following.source.stats.delivered;
          numbers.push(...numbersOf(following).slice(0, position));
        }
        expect(numbers).toEqual(Array.from({ length: ROUNDS * 100 }, (_, at) => at));
      });
    },
  );

  test(
    "has gaps that are the holes where two streams fill small files at full speed",
    twoSizes,
    async () => {
      const options = { "max-size": "100k", "max-file": "3" };
      const half = FAST_LINES / 2;
      const script = `${printed(0, half)} >&2 & ${printed(0, half)}; wait`;
      const id = await create(engine, { script, options });
      const following = fromFiles(engine, id);
      await following.untilStopped();
      const doubts = watchDoubts();
      await engine.start(id);
      await engine.wait(id);
      await following.untilStopped(2);
      const { gaps, untold, empty } = holesOf(following);
      report("two streams at full speed", { gaps, empty });
      expect(untold).toEqual([]);
      // Where the machine was busy with something else for long, its word alone is not enough.
      if (watchDoubts() === doubts) expect(empty).toBeLessThanOrEqual(gaps * MOST_EMPTY);
    },
  );

  test(
    "loses no line of files that the engine deletes while they are held open",
    twoSizes,
    async () => {
      // Some 300 lines fill a file.
      const held = 800;
      const lines = 1_350;
      const script = [
        printed(0, held),
        "trap go=1 USR1",
        `while [ -z "$go" ]; do ${pause(20)}; done`,
        printed(held, lines),
      ].join("; ");
      const options = { "max-size": "50k", "max-file": "3" };
      const id = await run(engine, { script, driver: "json-file", options });
      const poll = { timeout: 30_000 };
      await expect.poll(async () => (await plainLines(engine, id)).length, poll).toBe(held);
      let wake = (): void => {};
      const asleep = new Promise<void>((resolve) => (wake = resolve));
      const open = descriptorsBelow(engine.directory);
      const following = fromFiles(engine, id, { bufferBytes: 1, handle: () => asleep });
      await following.untilCount(1);
      // The oldest has been read, or is.
      await expect.poll(() => descriptorsBelow(engine.directory)).toBeGreaterThan(open + 1);
      await engine.kill(id, "SIGUSR1");
      await engine.wait(id);
      // Two files are gone.
      expect((await plainLines(engine, id)).length).toBeLessThan(lines - 500);
      for (let time = 0; time < ROTATIONS; time++) await following.source.rotate();
      wake();
      await following.untilStopped();
      expect(following.of("gap")).toEqual([]);
      expect(numbersOf(following)).toEqual(Array.from({ length: lines }, (_, at) => at));
      await expect.poll(() => descriptorsBelow(engine.directory)).toBe(open);
    },
  );

  test("goes on over stops, starts, a rename and damage by hand", async () => {
    const script = `i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); ${pause(4)}; done`;
    const id = await create(engine, { script });
    const following = fromFiles(engine, id);
    await following.untilStopped();
    for (let round = 1; round <= 3; round++) {
      await engine.start(id);
      if (round === 2) await engine.rename(id, "renamed-meanwhile");
      await engine.wait(id);
      await following.untilStopped(round + 1);
    }
    expect(compared("restarts", await plainLines(engine, id), following)).toEqual(noDifference);
    const [path = ""] = await engine.jsonLogPaths(id);
    truncateSync(path, 0);
    await engine.start(id);
    await engine.wait(id);
    await following.untilStopped(5);
    expect(following.lines).toHaveLength(160);
    expect(following.of("gap")).toHaveLength(1);
    expect(following.of("restarted")).toHaveLength(4);
  });

  test("is whole where the container removes itself", async () => {
    const lines = 20_000;
    const id = await create(engine, { script: `sleep 0.5; ${numbered(lines)}`, rm: true });
    const following = fromFiles(engine, id);
    await engine.start(id);
    expect(await following.source.ended).toEqual({ kind: "removed", complete: true });
    await following.done;
    expect(numbersOf(following)).toEqual(Array.from({ length: lines }, (_, at) => at));
  });

  test("has one checkpoint for both ways, whichever is next after a kill", longOnly, async () => {
    const label = `both-ways-${process.pid}`;
    const random = randomFrom(crashSeed());
    const specs = crashContainers(8, { "dockspool.test": label }).filter(
      ({ isForged }) => !isForged,
    );
    const ids = await runAll(engine, specs);
    const files = { read: "files", files: { root: join(engine.directory, "data") } } as const;
    const runs = new CrashRuns(engine, label, (number) => (number % 2 === 0 ? files : {}));
    await runs.begin(specs.length);
    const kills = { beginning: 1, delivering: 1, saving: 1, saved: 2 };
    for (const moment of moments(kills, random))
      await runs.run((collector) => untilMoment(moment, collector, random));
    await Promise.all(ids.map((id) => engine.kill(id)));
    await runs.finish(ids);
    const again = await runs.finish(ids);
    const written = specs.map(({ tty }, index) => ({ id: ids[index] ?? "", tty }));
    expect(await runs.compared("killed, and read the other way", written)).toEqual(noDifference);
    expect(runs.outcomes.flatMap(({ problems }) => problems)).toEqual([]);
    for (const { repeated, allowed } of runs.outcomes)
      expect(repeated).toBeLessThanOrEqual(allowed);
    expect(again.lines).toBe(0);
    expect(runs.seen("gap", "checkpoint-failed", "engine-error", "skipped")).toEqual([]);
  });

  // Whether a file is opened before it is gone is a race: on a machine that stands still it is lost, and told.
  test("is whole in a pool, for containers of a moment as well", { retry: 2 }, async () => {
    const pool = new StreamPool({
      engine: { socketPath: engine.socketPath },
      read: "files",
      files: { root: join(engine.directory, "data") },
      maxStreams: 1,
      select: { names: "from-files-*" },
    });
    onTestFinished(() => pool.close());
    const ends = new Map<string, boolean>();
    pool.on("detached", ({ container, reason }) => {
      ends.set(container.name, reason.kind === "removed" && reason.complete);
    });
    const ways = new Map<string, string>();
    const restarted: string[] = [];
    pool.on("source", ({ container, status }) => {
      if (status.type === "reading") ways.set(container.name, status.via);
      if (status.type === "restarted") restarted.push(container.name);
    });
    const records: LogRecord[] = [];
    pool.deliver((batch) => {
      records.push(...batch);
    });
    await pool.ready();
    const names = Array.from({ length: 6 }, (_, at) => `from-files-${at}`);
    const long = `for i in 0 1 2 3 4 5 6 7 8 9; do echo line $i; ${pause(150)}; done`;
    for (const [at, name] of names.entries()) {
      const script = at % 2 === 0 ? long : "echo line 0; echo line 1";
      const driver = at % 3 === 0 ? "local" : "json-file";
      await engine.run({ name, script, driver, rm: true });
    }
    await expect.poll(() => ends.size, { timeout: 60_000 }).toBe(names.length);
    await pool.close();
    const seen = names.map((name) => ({
      lines: records.filter(({ container }) => container.name === name).length,
      isComplete: ends.get(name),
      via: ways.get(name),
    }));
    expect(seen).toEqual(
      names.map((_, at) => ({ lines: at % 2 === 0 ? 10 : 2, isComplete: true, via: "files" })),
    );
    expect(restarted).toEqual([]);
  });
});

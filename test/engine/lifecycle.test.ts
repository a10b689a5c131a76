import { link, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import type { Cursor } from "../../src/index.ts";
import { compared, create, follow, jsonLog, report, run } from "../support/follow.ts";
import { compareLines, noDifference, readJsonLogs } from "../support/ground-truth.ts";
import type { ComparableLine } from "../support/ground-truth.ts";
import { pause } from "../support/pause.ts";
import { withPriority } from "../support/priority.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import type { RealEngine } from "../support/real-engine.ts";
import { sizes, twoSizes } from "../support/size.ts";

/** Endless numbered lines on both streams, faster than anyone reads. */
const FIREHOSE =
  `awk 'BEGIN { for (i = 0; ; i++) print "out", i }' & ` +
  `awk 'BEGIN { for (i = 0; ; i++) print "err", i }' >&2 & wait`;

/** A line every few milliseconds. */
const STEADY = `i=0; while :; do echo line $i; i=$((i+1)); ${pause(4)}; done`;

/** Another name for a container's log, which is there when the container is gone. The engine's data is a mount. */
async function keepLog(engine: RealEngine, id: string): Promise<string> {
  const [path, ...others] = await engine.jsonLogPaths(id);
  if (path === undefined || others.length > 0) throw new Error("One log file was expected.");
  const directory = await mkdtemp(join(engine.directory, "data", "kept-"));
  onTestFinished(async () => {
    await rm(directory, { recursive: true, force: true });
  });
  const kept = join(directory, "json.log");
  await link(path, kept);
  return kept;
}

describeWithEngine("a container that is stopped and started", (engine) => {
  test("has the lines of all its runs delivered, an unfinished one included", async () => {
    const id = await create(engine, {
      script: "echo run; echo error >&2; printf 'no end'; trap exit TERM; sleep 600 & wait",
    });
    const following = follow(engine.socketPath, id);
    await following.untilStopped();
    for (let round = 1; round <= 4; round++) {
      await engine.start(id);
      await following.until(
        `both lines of run ${round}`,
        () => following.lines.filter(({ line }) => line !== "no end").length === 2 * round,
      );
      if (round % 2 === 0) await engine.kill(id);
      else await engine.stop(id);
      await following.untilStopped(round + 1);
    }
    // Created and not started yet counts as stopped.
    expect(following.of("restarted").length).toBe(4);
    const log = await jsonLog(engine, id);
    compared("stop and start", log, following);
    // The log does not say when an unfinished line ended, so its place among the other stream's lines is not in it.
    for (const stream of ["stdout", "stderr"]) {
      const of = (line: ComparableLine): boolean => line.stream === stream;
      expect(compareLines(log.filter(of), following.lines.filter(of))).toEqual(noDifference);
    }
    expect(log.filter(({ line }) => line === "no end").length).toBe(4);
    await following.source.close();
    expect(await following.done).toEqual({ kind: "closed" });
  });

  test("has an unfinished line delivered at the stop, not at the next start", async () => {
    const id = await run(engine, { script: "printf 'no end'" });
    const following = follow(engine.socketPath, id);
    await following.untilLine("no end");
    await following.untilStopped();
    await engine.start(id);
    await following.untilStopped(2);
    expect(following.lines.map(({ line }) => line)).toEqual(["no end", "no end"]);
    expect(compared("no end", await jsonLog(engine, id), following)).toEqual(noDifference);
  });

  test("has the lines of runs delivered that follow each other at once", async () => {
    const id = await run(engine, { script: "echo begin; seq 1 2000; echo end >&2; printf cut" });
    const following = follow(engine.socketPath, id);
    for (let round = 0; round < 8; round++) {
      await engine.wait(id);
      await engine.start(id);
    }
    await engine.wait(id);
    const log = await jsonLog(engine, id);
    expect(log.length).toBe(9 * 2003);
    await following.until("the last line", () => following.lines.length >= log.length);
    await following.untilStopped();
    const figures = { restarted: following.of("restarted").length };
    expect(compared("runs at once", log, following, figures)).toEqual(noDifference);
  });

  test("has the lines of runs on a terminal delivered that follow each other at once", async () => {
    const id = await run(engine, { script: "echo begin; seq 1 2000; printf cut", tty: true });
    const following = follow(engine.socketPath, id);
    for (let round = 0; round < 8; round++) {
      await engine.wait(id);
      await engine.start(id);
    }
    await engine.wait(id);
    const log = await jsonLog(engine, id, true);
    expect(log.length).toBe(9 * 2002);
    await following.until("the last line", () => following.lines.length >= log.length);
    await following.untilStopped();
    const figures = { restarted: following.of("restarted").length };
    expect(compared("runs at once on a terminal", log, following, figures)).toEqual(noDifference);
  });

  test("goes on over `docker restart` while it writes", async () => {
    const id = await run(engine, { script: STEADY });
    const following = follow(engine.socketPath, id);
    for (let round = 1; round <= 3; round++) {
      const before = following.lines.length;
      await following.untilCount(before + 20);
      await engine.docker(["restart", "-t", "0", id]);
      await following.untilStatus("restarted", round);
    }
    await following.untilCount(following.lines.length + 20);
    await engine.kill(id);
    await following.untilStopped();
    expect(compared("docker restart", await jsonLog(engine, id), following)).toEqual(noDifference);
  });

  test("can be rotated while it is stopped, without a new stream", async () => {
    const id = await run(engine, { script: "echo one" });
    const following = follow(engine.socketPath, id);
    await following.untilStopped();
    const rotation = await following.source.rotate();
    expect(rotation.reopened).toBe(false);
    await engine.start(id);
    await following.untilCount(2);
    expect(following.lines.map(({ line }) => line)).toEqual(["one", "one"]);
  });

  test("ends the iteration with followRestarts: false", async () => {
    const id = await run(engine, { script: "seq 1 5000; printf 'no end'; sleep 0.1" });
    const following = follow(engine.socketPath, id, { followRestarts: false });
    expect(await following.done).toEqual({ kind: "stopped" });
    expect(compared("followRestarts: false", await jsonLog(engine, id), following)).toEqual(
      noDifference,
    );
    // One that is stopped already, too.
    const again = follow(engine.socketPath, id, { followRestarts: false });
    expect(await again.done).toEqual({ kind: "stopped" });
    expect(compareLines(following.lines, again.lines)).toEqual(noDifference);
  });
});

describeWithEngine("a container that is removed", (engine) => {
  const REMOVALS = sizes({ short: 2, long: 5 });

  test(
    "while it writes: what came is the beginning of its log, and complete only if all came",
    twoSizes,
    async () => {
      const figures: string[] = [];
      for (let round = 0; round < REMOVALS; round++) {
        const id = await run(engine, { script: FIREHOSE });
        const kept = await keepLog(engine, id);
        const following = follow(engine.socketPath, id);
        await following.untilCount(2_000);
        await engine.rm(id);
        const reason = await following.done;
        const log = await readJsonLogs([kept]);
        const received = following.lines.length;
        expect(compareLines(log.slice(0, received), following.lines)).toEqual(noDifference);
        expect(reason.kind).toBe("removed");
        if (reason.kind === "removed" && reason.complete) expect(received).toBe(log.length);
        const complete = reason.kind === "removed" ? reason.complete : "?";
        figures.push(`${received} of ${log.length} (complete: ${String(complete)})`);
        expect(following.of("gap")).toEqual([]);
      }
      report("docker rm -f while it writes", { received: figures.join("; ") });
    },
  );

  test("after it was killed: the same", twoSizes, async () => {
    const figures: string[] = [];
    for (let round = 0; round < REMOVALS; round++) {
      const id = await run(engine, { script: FIREHOSE });
      const kept = await keepLog(engine, id);
      const following = follow(engine.socketPath, id);
      await following.untilCount(2_000);
      await engine.kill(id);
      await engine.wait(id);
      await engine.rm(id);
      const reason = await following.done;
      const log = await readJsonLogs([kept]);
      const received = following.lines.length;
      expect(compareLines(log.slice(0, received), following.lines)).toEqual(noDifference);
      expect(reason.kind).toBe("removed");
      if (reason.kind === "removed" && reason.complete) expect(received).toBe(log.length);
      const complete = reason.kind === "removed" ? reason.complete : "?";
      figures.push(`${received} of ${log.length} (complete: ${String(complete)})`);
    }
    report("docker rm -f after a kill", { received: figures.join("; ") });
  });

  test("when all of it was read: complete", async () => {
    const id = await run(engine, { script: "seq 1 1000; printf 'no end'" });
    const kept = await keepLog(engine, id);
    const following = follow(engine.socketPath, id);
    await following.untilStopped();
    await engine.rm(id);
    expect(await following.done).toEqual({ kind: "removed", complete: true });
    expect(compared("removed when read", await readJsonLogs([kept]), following)).toEqual(
      noDifference,
    );
  });

  test("with a quiet stream open: complete only if all came", async () => {
    const id = await run(engine, { script: "echo up; sleep 600" });
    const kept = await keepLog(engine, id);
    const following = follow(engine.socketPath, id);
    await following.untilLine("up");
    await engine.rm(id);
    expect((await following.done).kind).toBe("removed");
    expect(compared("removed while quiet", await readJsonLogs([kept]), following)).toEqual(
      noDifference,
    );
  });
});

describeWithEngine("a --rm container that lives for milliseconds", (engine) => {
  withPriority();
  const ROUNDS = sizes({ short: 5, long: 20 });
  /** Who comes too late on a machine that stood still has not failed; who does so again and again has. */
  const RACE = { retry: 2, ...twoSizes };

  test("is captured by its name, or says that lines are missing", RACE, async () => {
    let all = 0;
    let complete = 0;
    const wrong: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const name = `brief-${round}`;
      const expected = [...Array(20).keys()].map((i) => `line ${i + 1} of ${name}`);
      const id = await create(engine, {
        name,
        rm: true,
        network: "none",
        script: `seq 1 20 | sed 's/.*/line & of ${name}/'`,
      });
      const following = follow(engine.socketPath, name);
      await following.untilStatus("stopped");
      await engine.start(id);
      const reason = await following.done;
      const lines = following.lines.map(({ line }) => line);
      expect(lines).toEqual(expected.slice(0, lines.length));
      expect(reason.kind).toBe("removed");
      const isWhole = lines.length === expected.length;
      if (reason.kind === "removed" && reason.complete) {
        complete += 1;
        if (!isWhole)
          wrong.push(
            `${name}: ${lines.length} lines`,
            ...following.statuses.map((status) => JSON.stringify(status)),
          );
      }
      if (isWhole) all += 1;
    }
    report("--rm for milliseconds", { containers: ROUNDS, "with every line": all, complete });
    expect(wrong).toEqual([]);
    expect(all).toBe(ROUNDS);
  });
});

describeWithEngine("where reading begins", (engine) => {
  const numbersOf = (lines: readonly { readonly line: string }[]): number[] =>
    lines.map(({ line }) => Number(line.split(" ")[1]));
  /** Consecutive and up to the end of the log. */
  function expectRest(lines: readonly { readonly line: string }[], from: number, to: number): void {
    expect(numbersOf(lines)).toEqual(Array.from({ length: to - from + 1 }, (_, i) => from + i));
  }

  test("from now, tail, since and a cursor: each delivers the rest of a live log, exactly", async () => {
    const id = await run(engine, { script: STEADY });
    const whole = follow(engine.socketPath, id);
    await whole.untilCount(300);

    const lastBefore = numbersOf(whole.lines).at(-1) ?? 0;
    const now = follow(engine.socketPath, id, { from: "now" });
    const tail = follow(engine.socketPath, id, { from: { tail: 100 } });
    const none = follow(engine.socketPath, id, { from: { tail: 0 } });
    const since = whole.lines[123]?.timestamp ?? "";
    const late = follow(engine.socketPath, id, { from: { since } });
    const date = follow(engine.socketPath, id, { from: { since: new Date(since) } });
    const errors = follow(engine.socketPath, id, { streams: ["stderr"] });

    const first = follow(engine.socketPath, id);
    await first.untilCount(150);
    await first.source.close();
    await first.done;
    const cursor: Cursor | undefined = first.source.cursor;
    if (cursor === undefined) throw new Error("There is no cursor.");
    const copy = JSON.parse(JSON.stringify(cursor)) as Cursor;
    const resumed = follow(engine.socketPath, id, { resume: copy });

    const all = [whole, now, tail, none, late, date, resumed];
    await Promise.all(all.map((following) => following.untilCount(100)));
    // A rotation of each while it is at it.
    await Promise.all(all.map((following) => following.source.rotate()));
    await Promise.all(all.map((following) => following.untilCount(following.lines.length + 50)));
    await engine.kill(id);
    await Promise.all([...all, errors].map((following) => following.untilStopped()));
    const log = await jsonLog(engine, id);
    const last = log.length - 1;

    expect(compared("live log, from start", log, whole)).toEqual(noDifference);
    const firstOf = (following: typeof whole): number => numbersOf(following.lines)[0] ?? -1;
    for (const following of [now, tail, none])
      expectRest(following.lines, firstOf(following), last);
    expect(firstOf(now)).toBeGreaterThanOrEqual(lastBefore);
    expect(firstOf(none)).toBeGreaterThanOrEqual(lastBefore);
    expect(firstOf(tail)).toBeGreaterThanOrEqual(lastBefore - 100);
    expectRest(late.lines, 123, last);
    // A Date has whole milliseconds, so it begins at or before that line.
    expectRest(date.lines, firstOf(date), last);
    expect(firstOf(date)).toBeLessThanOrEqual(123);
    expect(errors.lines).toEqual([]);
    expect(compareLines(log, [...first.lines, ...resumed.lines])).toEqual(noDifference);
  });

  test("tail and now of a stopped container", async () => {
    const id = await run(engine, { script: "seq -s ' x\n' 1 500; echo; printf end" });
    await engine.wait(id);
    const log = await jsonLog(engine, id);
    for (const lines of [0, 1, 2, 64, 499, 500, 5_000]) {
      const following = follow(engine.socketPath, id, { from: { tail: lines }, follow: false });
      expect(await following.done).toEqual({ kind: "finished" });
      expect(compareLines(lines === 0 ? [] : log.slice(-lines), following.lines)).toEqual(
        noDifference,
      );
    }
    const now = follow(engine.socketPath, id, { from: "now", followRestarts: false });
    expect(await now.done).toEqual({ kind: "stopped" });
    expect(now.lines).toEqual([]);
  });

  test("a cursor from each record of a log goes on right behind it", async () => {
    const script =
      `for i in 1 2 3; do echo a; echo b >&2; echo; head -c 40000 /dev/zero | tr '\\0' x; ` +
      `echo c >&2; echo; done; printf end`;
    const id = await run(engine, { script });
    await engine.wait(id);
    const log = await jsonLog(engine, id);
    for (let count = 1; count <= log.length; count++) {
      const source = follow(engine.socketPath, id, {
        follow: false,
        bufferBytes: 1,
        handle: async () => {
          source.source.acknowledge();
          if (source.lines.length >= count) await source.source.close();
        },
      });
      await source.done;
      const { cursor } = source.source;
      if (cursor === undefined) throw new Error("There is no cursor.");
      const rest = follow(engine.socketPath, id, { follow: false, resume: cursor });
      await rest.done;
      expect(compareLines(log, [...source.lines, ...rest.lines])).toEqual(noDifference);
    }
  });

  test("follow: false of a running container ends at its log's end", async () => {
    const id = await run(engine, { script: STEADY });
    const whole = follow(engine.socketPath, id);
    await whole.untilCount(100);
    const snapshot = follow(engine.socketPath, id, { follow: false });
    expect(await snapshot.done).toEqual({ kind: "finished" });
    expect(snapshot.lines.length).toBeGreaterThanOrEqual(100);
    const log = await jsonLog(engine, id);
    expect(compareLines(log.slice(0, snapshot.lines.length), snapshot.lines)).toEqual(noDifference);
  });
});

describeWithEngine("a container that is renamed", (engine) => {
  test("is followed on, and says so at the next look", async () => {
    const id = await run(engine, { script: STEADY, name: "before" });
    const following = follow(engine.socketPath, "before");
    await following.untilCount(20);
    await engine.docker(["rename", "before", "after"]);
    await following.source.rotate();
    await following.untilCount(following.lines.length + 20);
    await engine.docker(["restart", "-t", "0", id]);
    await following.untilStatus("renamed");
    expect(following.of("renamed")).toEqual([{ type: "renamed", from: "before", to: "after" }]);
    expect(following.source.info?.name).toBe("after");
    await engine.kill(id);
    await following.untilStopped();
    expect(compared("rename", await jsonLog(engine, id), following)).toEqual(noDifference);
  });
});

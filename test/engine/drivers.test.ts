import { expect, test } from "vitest";

import { DockspoolError } from "../../src/index.ts";
import { compared, create, follow, rotateWhile, run, whileRunning } from "../support/follow.ts";
import { compareLines, noDifference } from "../support/ground-truth.ts";
import { expectExplained, followWhole, numbered } from "../support/numbered-log.ts";
import { readLog } from "../support/plain-reader.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import { sizes, twoSizes } from "../support/size.ts";
import { expectTold } from "../support/told-holes.ts";

describeWithEngine("json-file with max-size and max-file", (engine) => {
  const LINES = 120_000;
  const options = { "max-size": "1m", "max-file": "3" };
  /** The engine rotates, and keeps all: whatever else this machine does, nothing is thrown away. */
  const roomy = { ...options, "max-file": "20" };

  test("written steadily and read fast: exact, over the engine's log rotations and ours", async () => {
    const script = numbered(40_000, 400);
    const given = { script, options: roomy };
    const { id, following, rotations } = await followWhole(engine, given, 40_000);
    expectExplained(`max-size, ${rotations} rotations while it was written`, following, 40_000);
    expect(following.lines.length).toBe(40_000);
    const kept = await readLog(engine.socketPath, id, { tty: false });
    expect(compareLines(kept, following.lines.slice(-kept.length))).toEqual(noDifference);
  });

  test("written steadily and read fast, without rotations of ours: exact", async () => {
    const script = numbered(40_000, 400);
    const given = { script, options: roomy };
    const { following } = await followWhole(engine, given, 40_000, { rotate: false });
    expectExplained("max-size, no rotations", following, 40_000);
    expect(following.lines.length).toBe(40_000);
  });

  test("written at full speed: exact, or each hole is a reported gap", async () => {
    const script = numbered(LINES);
    const { id, following } = await followWhole(engine, { script, options }, LINES);
    expectExplained("max-size at full speed", following, LINES);
    const kept = await readLog(engine.socketPath, id, { tty: false });
    expect(compareLines(kept, following.lines.slice(-kept.length))).toEqual(noDifference);
  });

  test(
    "written in bursts that fill files within milliseconds: exact, or each hole is told",
    twoSizes,
    async () => {
      const lines = sizes({ short: 15_000, long: 60_000 });
      const small = { "max-size": "100k", "max-file": "3" };
      const given = { script: numbered(lines, 1_500, 300), options: small };
      const { following } = await followWhole(engine, given, lines, { rotate: false });
      expectTold(following);
    },
  );

  test("compressed: exact, or each hole is a reported gap", async () => {
    const script = numbered(40_000, 400);
    const compress = { ...options, compress: "true" };
    const { id, following } = await followWhole(engine, { script, options: compress }, 40_000);
    expectExplained("max-size, compress", following, 40_000);
    const kept = await readLog(engine.socketPath, id, { tty: false });
    expect(compareLines(kept, following.lines.slice(-kept.length))).toEqual(noDifference);
  });

  test("read by a slow consumer: each hole is a reported gap", async () => {
    const id = await create(engine, { script: `${numbered(LINES, 10_000)}; sleep 600`, options });
    let go: () => void = () => {};
    const written = new Promise<void>((resolve) => {
      go = resolve;
    });
    // Holds the first lines until all the others were written, so that the engine throws most of them away.
    const following = follow(engine.socketPath, id, { bufferBytes: 65_536, handle: () => written });
    await following.untilStopped();
    await engine.start(id);
    await following.untilCount(1);
    await expect
      .poll(
        async () => {
          const tail = `/containers/${id}/logs?stdout=1&tail=1`;
          return (await engine.api({ method: "GET", path: tail })).text;
        },
        { timeout: 60_000, interval: 200 },
      )
      .toContain(`line ${LINES - 1} `);
    go();
    await following.until("the last line", () => {
      const last = following.lines.at(-1);
      return last !== undefined && last.line.startsWith(`line ${LINES - 1} `);
    });
    const missing = expectExplained("slow consumer", following, LINES);
    expect(missing).toBeGreaterThan(0);
    // Over it: what is written from now on comes, once.
    await following.source.rotate();
    expect(following.of("gap").length).toBe(following.source.stats.gaps);
  });

  test("read by a consumer that is slow all the time: each hole is a reported gap", async () => {
    let handled = 0;
    const script = numbered(LINES, 10_000);
    const { following } = await followWhole(engine, { script, options }, LINES, {
      handle: async (batch) => {
        handled += batch.length;
        // Gives others the time that a real consumer would take: a turn of the event loop for each ten lines.
        for (let i = 0; i < batch.length; i += 10)
          await new Promise((resolve) => setImmediate(resolve));
      },
    });
    expectExplained("consumer slow all the time", following, LINES);
    expect(handled).toBe(following.lines.length);
  });
});

describeWithEngine("the local driver", (engine) => {
  test("is exact over rotations", async () => {
    const script = `${numbered(60_000, 3_000)} & for i in 1 2 3 4 5; do echo "err $i" >&2; done; wait`;
    const id = await run(engine, { script, driver: "local" });
    const following = follow(engine.socketPath, id);
    await following.untilCount(1);
    const load = whileRunning(engine, id);
    const { completed } = await rotateWhile(following, "lines", () => load.running);
    await load.ended;
    await following.untilStopped();
    expect(following.source.info?.logDriver).toBe("local");
    const log = await readLog(engine.socketPath, id, { tty: false });
    expect(log.length).toBe(60_005);
    const figures = { "rotations while it was written": completed.length };
    expect(compared("local", log, following, figures)).toEqual(noDifference);
    expect(following.of("gap")).toEqual([]);
  });

  test("joins long lines, and delivers an unfinished one", async () => {
    const long = "head -c 40000 /dev/zero | tr '\\0' x; echo";
    const script = `for i in 1 2 3; do ${long}; echo $i >&2; done; printf end`;
    const id = await run(engine, { script, driver: "local" });
    const following = follow(engine.socketPath, id);
    await following.untilStopped();
    const log = await readLog(engine.socketPath, id, { tty: false });
    expect(compared("local, long lines", log, following)).toEqual(noDifference);
  });
});

describeWithEngine("a driver that cannot be read", (engine) => {
  test("ends with LOGS_UNREADABLE", async () => {
    const id = await run(engine, { script: "echo lost; sleep 600", driver: "none" });
    const following = follow(engine.socketPath, id);
    const error: unknown = await following.done.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!DockspoolError.is(error, "LOGS_UNREADABLE"))
      throw new Error("no LOGS_UNREADABLE", { cause: error });
    expect(error.message).toMatch(/driver/);
    expect(await following.source.ended).toEqual({ kind: "failed", error });
    expect(following.of("reconnecting")).toEqual([]);
  });
});

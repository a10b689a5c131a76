import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, onTestFinished, test } from "vitest";

import { compared, follow, jsonLog, run } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import { pause } from "../support/pause.ts";
import { RealEngine, hasEngine } from "../support/real-engine.ts";

const CRASHES = 3;
/** Slow enough that the daemon is not in the middle of a line when it is killed, and no pipe is full when it is back. */
const STEADY = `i=0; while :; do echo line $i; [ $((i%10)) = 0 ] && echo error $i >&2; i=$((i+1)); ${pause(5)}; done`;

async function start(): Promise<RealEngine> {
  const engine = await RealEngine.start({ liveRestore: true });
  onTestFinished(() => engine.stop());
  return engine;
}

describe.skipIf(!hasEngine())("the daemon killed and started again", () => {
  test("costs no line of a container that lives on, and repeats none", async () => {
    const engine = await start();
    const id = await run(engine, { script: STEADY });
    const following = follow(engine.socketPath, id, {
      read: "engine",
      reconnect: { minDelayMs: 20, maxDelayMs: 200 },
    });
    for (let crash = 1; crash <= CRASHES; crash++) {
      const before = following.lines.length;
      await following.untilCount(before + 50);
      const reconnecting = following.of("reconnecting").length;
      await engine.killDaemon();
      await following.untilStatus("reconnecting", reconnecting + 1);
      // One of them with a rotation asked for while the engine is down: it joins the reconnect.
      const rotation = crash === 2 ? following.source.rotate() : undefined;
      await engine.startDaemon();
      if (rotation !== undefined) expect((await rotation).reopened).toBe(true);
    }
    await following.untilCount(following.lines.length + 50);
    await engine.kill(id);
    await following.untilStopped();
    const log = await jsonLog(engine, id);
    const comparison = compared("daemon killed", log, following, {
      crashes: CRASHES,
      reconnects: following.source.stats.reconnects,
    });
    expect(comparison).toEqual(noDifference);
    expect(following.of("gap")).toEqual([]);
  });

  test("is survived under rotations back to back", async () => {
    const engine = await start();
    const id = await run(engine, { script: STEADY });
    const following = follow(engine.socketPath, id, {
      read: "engine",
      reconnect: { minDelayMs: 20, maxDelayMs: 200 },
      rotateEveryMs: 30,
    });
    for (let crash = 1; crash <= 2; crash++) {
      await following.untilCount(following.lines.length + 50);
      await engine.killDaemon();
      await following.untilStatus("reconnecting", crash);
      await engine.startDaemon();
    }
    await following.untilCount(following.lines.length + 50);
    await engine.kill(id);
    await following.untilStopped();
    const log = await jsonLog(engine, id);
    expect(compared("daemon killed, rotateEveryMs: 30", log, following)).toEqual(noDifference);
    expect(following.of("gap")).toEqual([]);
  });

  test("sees a container removed while the source could not reach the engine", async () => {
    const engine = await start();
    const id = await run(engine, { script: "seq 1 100; sleep 600" });
    const following = follow(engine.socketPath, id, {
      read: "engine",
      reconnect: { minDelayMs: 1_000, maxDelayMs: 1_000 },
    });
    await following.untilCount(100);
    await engine.killDaemon();
    await following.untilStatus("reconnecting");
    await engine.startDaemon();
    await engine.rm(id);
    expect((await following.done).kind).toBe("removed");
    expect(following.lines.length).toBe(100);
  });
});

describe.skipIf(!hasEngine())("an engine that is not up yet", () => {
  test("is waited for, and the log comes from its start", async () => {
    const engine = await start();
    const id = await run(engine, { script: STEADY });
    await engine.killDaemon();
    const following = follow(engine.socketPath, id, {
      reconnect: { minDelayMs: 20, maxDelayMs: 200 },
    });
    await following.untilStatus("reconnecting", 3);
    expect(following.source.info).toBeUndefined();
    await engine.startDaemon();
    await following.untilCount(100);
    await engine.kill(id);
    await following.untilStopped();
    const log = await jsonLog(engine, id);
    expect(compared("engine not up yet", log, following)).toEqual(noDifference);
  });

  test("is waited for when not even its socket is there; then a wrong name is an error", async () => {
    const parent = await mkdtemp(join(tmpdir(), "dp-"));
    onTestFinished(() => rm(parent, { recursive: true, force: true }));
    const directory = join(parent, "engine");
    const following = follow(join(directory, "docker.sock"), "nobody", {
      reconnect: { minDelayMs: 20, maxDelayMs: 200 },
    });
    await following.untilStatus("reconnecting", 2);
    const engine = await RealEngine.start({ directory });
    onTestFinished(() => engine.stop());
    await expect(following.done).rejects.toMatchObject({ code: "CONTAINER_NOT_FOUND" });
  });
});

import { expect, onTestFinished } from "vitest";

import { create, follow, run } from "../support/follow.ts";
import { scenario, unreadable } from "../support/matrix/suite.ts";
import { DRIVERS } from "../support/matrix/scenarios.ts";
import { verdict } from "../support/matrix/verdict.ts";
import { paced } from "../support/matrix/written.ts";
import { followPool } from "../support/pool-following.ts";
import { RealEngine } from "../support/real-engine/engine.ts";

scenario("away", async (cell) => {
  const { matrix, driver } = cell;
  const where = matrix.binDirectory === undefined ? {} : { binDirectory: matrix.binDirectory };
  const journald = driver.driver === "journald";
  const engine = await RealEngine.start({
    kind: matrix.kind,
    liveRestore: true,
    journald,
    ...where,
  });
  onTestFinished(() => engine.stop());
  const written = paced(500, 5);
  const id = await create(engine, cell.with({ script: written.script }));
  const following = follow(engine.socketPath, id, {
    reconnect: { minDelayMs: 20, maxDelayMs: 200 },
  });
  await following.untilStopped();
  await engine.start(id);
  for (let crash = 1; crash <= 2; crash++) {
    await following.untilCount(following.lines.length + 100);
    const reconnecting = following.of("reconnecting").length;
    await engine.killDaemon();
    await following.untilStatus("reconnecting", reconnecting + 1);
    await engine.startDaemon();
  }
  await engine.wait(id);
  await following.untilStopped(2);
  const received = { lines: following.lines, gaps: following.of("gap") };
  return await verdict({ ...cell, engine }, id, written, received);
});

scenario(
  "unreadable",
  async (cell) => {
    const { engine } = cell;
    const labels = { "dockspool.test": `unreadable-${performance.now()}` };
    const pool = followPool(engine.socketPath, { select: { labels } });
    await pool.until("connected", () => pool.times("engine") > 0);
    const id = await run(engine, cell.with({ script: "echo lost; sleep 600", labels }));
    const following = follow(engine.socketPath, id);
    await expect(following.done).rejects.toMatchObject({ code: "LOGS_UNREADABLE" });
    await pool.until("skipped", () => pool.times("skipped") > 0);
    expect(pool.seen("skipped")[0]?.error.code).toBe("LOGS_UNREADABLE");
    return "exact";
  },
  unreadable,
);

scenario(
  "errors",
  async (cell) => {
    const { engine } = cell;
    const nobody = follow(engine.socketPath, "nobody");
    await expect(nobody.done).rejects.toMatchObject({ code: "CONTAINER_NOT_FOUND" });

    const id = await run(engine, cell.with({ script: "echo one; echo two" }));
    const following = follow(engine.socketPath, id);
    await following.untilStopped();
    await engine.rm(id);
    expect(await following.done).toEqual({ kind: "removed", complete: true });
    expect(following.lines.map(({ line }) => line)).toEqual(["one", "two"]);

    const late = follow(engine.socketPath, id);
    await expect(late.done).rejects.toMatchObject({ code: "CONTAINER_NOT_FOUND" });

    // Never started, and removed.
    const unborn = await create(engine, cell.with({ script: "echo never" }));
    const waiting = follow(engine.socketPath, unborn);
    await waiting.untilStopped();
    await engine.rm(unborn);
    expect((await waiting.done).kind).toBe("removed");
    return "exact";
  },
  (kind) => DRIVERS.filter((driver) => driver.kind === kind).slice(0, 1),
);

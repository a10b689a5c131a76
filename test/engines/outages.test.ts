import { expect, onTestFinished } from "vitest";

import type { DockspoolError } from "../../src/index.ts";
import { create, run } from "../support/follow.ts";
import { followIn, followPoolIn } from "../support/matrix/reading.ts";
import { filesScenario, readable, scenario, unreadable } from "../support/matrix/suite.ts";
import { DRIVERS, ROTATED } from "../support/matrix/scenarios.ts";
import { verdict } from "../support/matrix/verdict.ts";
import { paced } from "../support/matrix/written.ts";
import type { PoolFollowing } from "../support/pool-following.ts";
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
  const written = paced(cell.way === "engine" ? 500 : 1_500, 5);
  const id = await create(engine, cell.with({ script: written.script }));
  const reconnect = { minDelayMs: 20, maxDelayMs: 200 };
  const following = followIn({ ...cell, engine }, id, { reconnect });
  await following.untilStopped();
  await engine.start(id);
  for (let crash = 1; crash <= 2; crash++) {
    await following.untilCount(following.lines.length + 100);
    const reconnecting = following.of("reconnecting").length;
    await engine.killDaemon();
    if (cell.way === "engine") await following.untilStatus("reconnecting", reconnecting + 1);
    // Files are there all the same.
    else expect((await following.source.rotate()).reopened).toBe(true);
    await engine.startDaemon();
  }
  await engine.wait(id);
  await following.untilStopped(2);
  const received = { lines: following.lines, gaps: following.of("gap") };
  return await verdict({ ...cell, engine }, id, written, received);
});

/** Why the pool does not follow a container. Of one of another test's, which is gone before it could be looked at, it may say so too. */
function skipped(pool: PoolFollowing, id: string): DockspoolError | undefined {
  return pool.seen("skipped").find(({ container }) => container.id === id)?.error;
}

scenario(
  "unreadable",
  async (cell) => {
    const { engine } = cell;
    const labels = { "dockspool.test": `unreadable-${performance.now()}` };
    const pool = followPoolIn(cell, { select: { labels } });
    await pool.until("connected", () => pool.times("engine") > 0);
    const id = await run(engine, cell.with({ script: "echo lost; sleep 600", labels }));
    const following = followIn(cell, id);
    await expect(following.done).rejects.toMatchObject({ code: "LOGS_UNREADABLE" });
    await pool.until("skipped", () => skipped(pool, id) !== undefined);
    expect(skipped(pool, id)?.code).toBe("LOGS_UNREADABLE");
    return "exact";
  },
  unreadable,
);

/** Where the engine keeps the log elsewhere, or in files of which some may be missed: "files" says so, and "auto" reads from the engine. */
filesScenario(
  "refused",
  async (cell) => {
    const { engine, driver } = cell;
    const labels = { "dockspool.test": `refused-${performance.now()}` };
    const pool = followPoolIn(cell, { select: { labels } });
    await pool.until("connected", () => pool.times("engine") > 0);
    const written = paced(60, 5);
    const id = await create(engine, cell.with({ script: written.script, labels }));
    const named = {
      code: "FILES_UNREADABLE",
      message: expect.stringMatching("max-size" in driver.options ? "max-size" : driver.driver),
    };
    await expect(followIn(cell, id).done).rejects.toMatchObject(named);
    const following = followIn(cell, id, { read: "auto" });
    await following.untilStopped();
    await engine.start(id);
    await pool.until("skipped", () => skipped(pool, id) !== undefined);
    expect(skipped(pool, id)).toMatchObject(named);
    await engine.wait(id);
    await following.untilStopped(2);
    expect(following.of("reading")).toMatchObject([{ via: "engine", reason: named.message }]);
    return await verdict(cell, id, written, { lines: following.lines, gaps: following.of("gap") });
  },
  (kind) => [
    ...readable(kind).filter(({ hasFiles }) => hasFiles !== true),
    ...ROTATED[kind].filter(({ hasFiles }) => hasFiles !== true),
  ],
);

scenario(
  "errors",
  async (cell) => {
    const { engine } = cell;
    const nobody = followIn(cell, "nobody");
    await expect(nobody.done).rejects.toMatchObject({ code: "CONTAINER_NOT_FOUND" });

    const id = await run(engine, cell.with({ script: "echo one; echo two" }));
    const following = followIn(cell, id);
    await following.untilStopped();
    await engine.rm(id);
    expect(await following.done).toEqual({ kind: "removed", complete: true });
    expect(following.lines.map(({ line }) => line)).toEqual(["one", "two"]);

    const late = followIn(cell, id);
    await expect(late.done).rejects.toMatchObject({ code: "CONTAINER_NOT_FOUND" });

    // Never started, and removed.
    const unborn = await create(engine, cell.with({ script: "echo never" }));
    const waiting = followIn(cell, unborn);
    await waiting.untilStopped();
    await engine.rm(unborn);
    expect((await waiting.done).kind).toBe("removed");
    return "exact";
  },
  (kind) => DRIVERS.filter((driver) => driver.kind === kind).slice(0, 1),
);

import { request } from "node:http";
import { stat, statfs } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

import { expect, test } from "vitest";

import { follow, median, report, run } from "../support/follow.ts";
import type { Following } from "../support/follow.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import type { RealEngine } from "../support/real-engine.ts";
import { sizes, twoSizes } from "../support/size.ts";

const LOG_BYTES = sizes({ short: 150, long: 500 }) * 1024 * 1024;
/** The text of a line; the log file has about 80 bytes besides. */
const LINE_BYTES = 200;
const ROTATIONS = sizes({ short: 10, long: 20 });
const QUIET_MS = 40;
const NEEDED_FREE_BYTES = 3 * LOG_BYTES;

interface Cost {
  readonly engineCpuSeconds: number;
  readonly medianMs: number;
}

describeWithEngine("rotations of an idle container", (engine) => {
  test(
    "cost the engine the same with a log of hundreds of megabytes as with an empty one",
    twoSizes,
    async (context) => {
      const { bavail, bsize } = await statfs(engine.directory);
      if (bavail * bsize < NEEDED_FREE_BYTES) context.skip("not enough free disk space");
      const empty = await run(engine, { script: "sleep 36000" });
      const lines = Math.ceil(LOG_BYTES / (LINE_BYTES + 60));
      const text = "0123456789".repeat(LINE_BYTES / 10);
      const big = await run(engine, {
        script: `yes ${text} | head -n ${lines}; echo end; sleep 36000`,
      });
      try {
        await expect
          .poll(() => lastLine(engine, big), { timeout: 90_000, interval: 500 })
          .toMatch(/end\n$/);
        const [path = ""] = await engine.jsonLogPaths(big);
        const { size } = await stat(path);
        expect(size).toBeGreaterThanOrEqual(LOG_BYTES);

        // At the end of the log, after as much of it as a source reads with `tail`.
        const onBig = follow(engine.socketPath, big, { from: { tail: 1_000 } });
        await onBig.untilCount(1_000);
        const onEmpty = follow(engine.socketPath, empty);
        await onEmpty.untilStatus("opened");
        // In turns, so that what else the machine does falls on both.
        await costOf(engine, onBig, 3);
        await costOf(engine, onEmpty, 3);
        const forEmpty = await costOf(engine, onEmpty, ROTATIONS);
        const forBig = await costOf(engine, onBig, ROTATIONS);
        const bySince = await costOfSince(engine, big);
        report(`${ROTATIONS} rotations, log of ${Math.round(size / 1e6)} MB and empty log`, {
          "engine CPU s": `${forBig.engineCpuSeconds.toFixed(2)} and ${forEmpty.engineCpuSeconds.toFixed(2)}`,
          "median ms": `${forBig.medianMs.toFixed(1)} and ${forEmpty.medianMs.toFixed(1)}`,
          "ONE reopening by since: engine CPU s": bySince.engineCpuSeconds.toFixed(2),
          "first byte ms": bySince.medianMs.toFixed(0),
        });
        expect(onBig.lines.length).toBe(1_000);
        expect(onBig.of("gap")).toEqual([]);
        expect(forBig.engineCpuSeconds).toBeLessThan(bySince.engineCpuSeconds / 10);
      } finally {
        await engine.rm(big);
      }
    },
  );
});

async function costOf(engine: RealEngine, following: Following, rotations: number): Promise<Cost> {
  const times: number[] = [];
  const cpu = engine.cpuSeconds();
  for (let rotation = 0; rotation < rotations; rotation++) {
    // A rotation right after another one lets the stream be read for a moment first; a quiet one does not.
    await pause(QUIET_MS);
    const begun = performance.now();
    expect((await following.source.rotate()).reopened).toBe(true);
    times.push(performance.now() - begun);
  }
  return { engineCpuSeconds: engine.cpuSeconds() - cpu, medianMs: median(times) };
}

/** The old way: the log from two seconds ago on, from a request of our own. The engine looks through all of it. */
async function costOfSince(engine: RealEngine, id: string): Promise<Cost> {
  const before = engine.cpuSeconds();
  const begun = performance.now();
  const since = String(Date.now() / 1_000 - 2);
  const path = `/containers/${id}/logs?stdout=1&stderr=1&timestamps=1&follow=0&since=${since}`;
  await new Promise<void>((resolve, reject) => {
    const call = request({ socketPath: engine.socketPath, path, agent: false }, (response) => {
      response.resume().once("end", resolve).once("error", reject);
    });
    call.once("error", reject).end();
  });
  return { engineCpuSeconds: engine.cpuSeconds() - before, medianMs: performance.now() - begun };
}

async function lastLine(engine: RealEngine, id: string): Promise<string> {
  const path = `/containers/${id}/logs?stdout=1&tail=1`;
  return (await engine.api({ method: "GET", path })).text;
}

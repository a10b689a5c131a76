import { setTimeout as delay } from "node:timers/promises";

import { describe, expect, onTestFinished, test } from "vitest";

import { crashContainers } from "../support/crash-containers.ts";
import { CrashRuns, crashSeed, moments, randomFrom, untilMoment } from "../support/crash-run.ts";
import { noDifference } from "../support/ground-truth.ts";
import { each, runAll } from "../support/pool-following.ts";
import { RealEngine, hasEngine } from "../support/real-engine.ts";
import { sizes, twoSizes } from "../support/size.ts";

const KILLS = sizes({
  short: { beginning: 1, delivering: 1, saving: 1, saved: 1 },
  long: { beginning: 1, delivering: 2, saving: 1, saved: 4 },
});
const CONTAINERS = sizes({ short: 8, long: 20 });
/** Before it, little of the log is known. */
const MANY_RUNS = sizes({ short: 3, long: 4 });
/** Where the engine is when the collector is killed, in turn. */
const ENGINE = ["up", "killed before", "down", "started late"] as const;
/** Rotated every few seconds; nothing is dropped. */
const LOG_OPTIONS = { "max-size": "100k", "max-file": "200" };

describe.skipIf(!hasEngine())("a collector killed as well as its engine", () => {
  test(
    "misses no line of logs that the engine rotates, and repeats no more than it may",
    twoSizes,
    async () => {
      const engine = await RealEngine.start({ liveRestore: true });
      onTestFinished(() => engine.stop());
      const seed = crashSeed();
      const random = randomFrom(seed);
      const label = `crash-${seed}`;
      // A line that the engine writes when it is killed is no longer than a page.
      const specs = crashContainers(CONTAINERS, { "dockspool.test": label }, { longEvery: 1e9 });
      const ids = await runAll(
        engine,
        specs.map((spec) => ({ ...spec, options: LOG_OPTIONS })),
      );
      const runs = new CrashRuns(engine, label);
      const { problems: atFirst } = await runs.begin(CONTAINERS);
      expect(atFirst).toEqual([]);

      let engineKills = 0;
      const killEngine = async (): Promise<void> => {
        engineKills += 1;
        await engine.killDaemon();
      };
      for (const [index, moment] of moments(KILLS, random).entries()) {
        const state = ENGINE[index % ENGINE.length];
        if (state === "started late") await killEngine();
        const { problems } = await runs.run(async (collector) => {
          if (state === "started late") {
            await delay(random() * 300);
            await engine.startDaemon();
          }
          await untilMoment(moment, collector, random);
          if (state === "killed before" || state === "down") await killEngine();
          if (state === "killed before") {
            await collector.until("a lost engine", () => collector.times("disconnected") > 0);
            await engine.startDaemon();
            await delay(random() * 1_000);
          } else if (state === "down") await delay(random() * 100);
        });
        expect(problems).toEqual([]);
        if (state === "down") await engine.startDaemon();
      }
      await each(ids, (id, index) => (index % 2 === 0 ? engine.kill(id) : engine.stop(id)), 10);
      await each(ids, (id) => engine.wait(id));
      const { problems } = await runs.finish(ids);
      const again = await runs.finish(ids);

      const written = specs.map(({ tty }, index) => ({ id: ids[index] ?? "", tty }));
      const files = await each(ids, (id) => engine.jsonLogPaths(id));
      const comparison = await runs.compared(
        "killed again and again, the engine as well",
        written,
        {
          "engine kills": engineKills,
          "log files": files.flat().length,
          seed,
        },
      );
      expect([...problems, ...again.problems]).toEqual([]);
      expect(comparison).toEqual(noDifference);
      for (const { run, repeated, allowed, known } of runs.outcomes) {
        expect([run, repeated]).toEqual([run, Math.min(repeated, allowed)]);
        // Whoever replays the log from its start is found out.
        if (run > MANY_RUNS) expect(allowed).toBeLessThan(known * 0.9);
      }
      expect(again.lines).toBe(0);
      expect(runs.deleted).toEqual([]);
      expect(runs.seen("gap", "checkpoint-failed", "engine-error", "skipped")).toEqual([]);
      expect(runs.seen("detached").filter((status) => !status.endsWith('"closed"'))).toEqual([]);
    },
  );
});

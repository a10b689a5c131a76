import { expect, test } from "vitest";

import { crashContainers, forge } from "../support/crash-containers.ts";
import { CrashRuns, crashSeed, moments, randomFrom, untilMoment } from "../support/crash-run.ts";
import { noDifference } from "../support/ground-truth.ts";
import { each, runAll } from "../support/pool-following.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import { sizes, twoSizes } from "../support/size.ts";

const KILLS = sizes({
  short: { beginning: 1, delivering: 1, saving: 1, saved: 2 },
  long: { beginning: 4, delivering: 8, saving: 4, saved: 9 },
});
const CONTAINERS = sizes({ short: 8, long: 20 });
/** Before it, little of the log is known. */
const MANY_RUNS = sizes({ short: 3, long: 10 });

describeWithEngine("a collector of many containers killed again and again", (engine) => {
  test(
    "misses no line, and repeats no more than was in flight or not saved yet",
    twoSizes,
    async () => {
      const seed = crashSeed();
      const random = randomFrom(seed);
      const label = `crash-${seed}`;
      const specs = crashContainers(CONTAINERS, { "dockspool.test": label });
      const ids = await runAll(engine, specs);
      const forged = ids.filter((_, index) => specs[index]?.isForged === true);
      const runs = new CrashRuns(engine, label);
      const { problems: atFirst } = await runs.begin(CONTAINERS);
      expect(atFirst).toEqual([]);

      for (const [index, moment] of moments(KILLS, random).entries()) {
        const { problems } = await runs.run((collector) => untilMoment(moment, collector, random));
        expect(problems).toEqual([]);
        if (index % 4 !== 0) continue;
        // While nobody looks they stop, some of them for long.
        await each(forged, async (id) => {
          await engine.start(id);
          await engine.kill(id);
          await engine.wait(id);
          await forge(engine, id);
          if (index % 8 === 0) await engine.start(id);
        });
      }
      // Half of them print their last lines, half are cut.
      await each(ids, (id, index) => (index % 2 === 0 ? engine.kill(id) : engine.stop(id)), 10);
      await each(ids, (id) => engine.wait(id));
      const { problems } = await runs.finish(ids);
      const again = await runs.finish(ids);

      const written = specs.map(({ tty }, index) => ({ id: ids[index] ?? "", tty }));
      const comparison = await runs.compared("killed again and again", written, { seed });
      expect([...problems, ...again.problems]).toEqual([]);
      expect(comparison).toEqual(noDifference);
      for (const { run, repeated, allowed, known } of runs.outcomes) {
        expect([run, repeated]).toEqual([run, Math.min(repeated, allowed)]);
        // Whoever replays the log from its start is found out.
        if (run > MANY_RUNS) expect(allowed).toBeLessThan(known * 0.9);
      }
      const forward = runs.outcomes.slice(0, -2).filter(({ moved }) => moved > 0);
      expect(forward.length).toBeGreaterThanOrEqual(KILLS.saved);
      // After a close nothing comes again.
      expect(again.lines).toBe(0);
      expect(runs.deleted).toEqual([]);
      expect(runs.seen("gap", "checkpoint-failed", "engine-error", "skipped")).toEqual([]);
      expect(runs.seen("detached").filter((status) => !status.endsWith('"closed"'))).toEqual([]);
    },
  );
});

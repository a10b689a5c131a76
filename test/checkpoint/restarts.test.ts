import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { PoolRuns } from "../support/checkpoint-pool.ts";
import { Taken, ways } from "../support/checkpoint-taken.ts";
import { Writers, randomly } from "../support/checkpoint-writers.ts";
import { eager, eventually, toLines, turns } from "../support/fake-follow.ts";
import { sizes, twoSizes } from "../support/size.ts";

const RESTARTS = sizes({ short: 3, long: 20 });

let fake: FakeEngine;
let runs: PoolRuns;
let writers: Writers;
beforeEach(async () => {
  fake = await FakeEngine.start();
  runs = new PoolRuns(fake);
  writers = new Writers(fake, 5, 7);
  writers.run();
});
afterEach(async () => {
  writers.pause();
  await runs.close();
  await fake.close();
});

const settings = {
  from: "start",
  source: { ...eager, checkpointEveryMs: 5 },
  timeSliceMs: 20,
} as const;

/** Each container's last line is written and has come. */
async function ends(taken: Taken): Promise<void> {
  writers.pause();
  writers.startAll();
  for (const container of writers.containers) container.write("last");
  await eventually(() => taken.hasEnds(writers.containers), "the last lines");
}

describe(
  "over many restarts of a pool, while containers write, stop, start and come",
  twoSizes,
  () => {
    for (const [what, consume, options] of ways) {
      it(`${what} gets every line once`, async () => {
        const random = randomly(11);
        const taken = new Taken();
        for (let restart = 0; restart <= RESTARTS; restart++) {
          const pool = runs.open({ ...settings, ...options });
          const consuming = consume(pool, taken);
          const enough = taken.records.length + random(60);
          await eventually(() => taken.records.length >= enough, "some lines");
          if (restart === RESTARTS) await ends(taken);
          await pool.close();
          await consuming;
          await turns(random(40));
        }
        for (const container of writers.containers)
          expect(taken.of(container)).toEqual(toLines(container.written));
      });
    }
  },
);

describe(
  "over many kills of a pool, while containers write, stop, start and come",
  twoSizes,
  () => {
    for (const [what, consume, options] of ways) {
      it(`${what} misses none, and gets again only what was not saved`, async () => {
        const random = randomly(23);
        const had = new Map<FakeContainer, Extent>();
        let repeated = 0;
        for (let restart = 0; restart <= RESTARTS; restart++) {
          const taken = new Taken();
          const { store } = runs;
          let atSave = 0;
          store.onSave = () => (atSave = taken.before);
          const pool = runs.open({ ...settings, ...options });
          const consuming = consume(pool, taken).catch(() => {});
          const enough = 1 + random(60);
          await eventually(() => taken.records.length >= enough && store.saves > 0, "some lines");
          if (restart === RESTARTS) {
            await ends(taken);
          } else {
            await turns(random(40));
            // One kill at least comes while something is not saved.
            const isMore = (): boolean => taken.records.length > atSave;
            if (repeated === 0) await eventually(isMore, "an unsaved line");
          }
          const [saved, killed] = [atSave, taken.records.length];
          await runs.kill();
          for (const container of writers.containers) {
            const before = had.get(container) ?? { saved: 0, taken: 0 };
            const after = extended(before, container, taken, saved, killed);
            had.set(container, after);
            repeated += taken.of(container, killed).length - (after.taken - before.taken);
          }
          // It went on until now, and nobody has heard of it.
          await pool.close();
          await consuming;
        }
        for (const container of writers.containers)
          expect(had.get(container)?.taken).toBe(container.written.length);
        expect(repeated).toBeGreaterThan(0);
      });
    }
  },
);

/** So many lines of a container were taken up to a kill, and up to the last save before it. */
interface Extent {
  readonly saved: number;
  readonly taken: number;
}

/** What came must follow on what was saved, or begin behind it, in what was taken; and be the log from there. */
function extended(
  before: Extent,
  container: FakeContainer,
  taken: Taken,
  saved: number,
  killed: number,
): Extent {
  const came = taken.of(container, killed);
  if (came.length === 0) return before;
  const log = toLines(container.written);
  const start = log.findIndex(({ timestamp }) => timestamp === came[0]?.timestamp);
  expect(start).toBeGreaterThanOrEqual(before.saved);
  expect(start).toBeLessThanOrEqual(before.taken);
  expect(came).toEqual(log.slice(start, start + came.length));
  const savedNow = taken.of(container, saved).length;
  return {
    saved: savedNow === 0 ? before.saved : start + savedNow,
    taken: Math.max(before.taken, start + came.length),
  };
}

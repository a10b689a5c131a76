import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StreamPool } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { PoolRuns } from "../support/checkpoint-pool.ts";
import { eager } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";
import { RewritingProxy } from "../support/rewriting-proxy.ts";

let fake: FakeEngine;
let proxy: RewritingProxy;
let runs: PoolRuns;
let web: FakeContainer;
let unwanted: FakeContainer;
const select = { names: ["web", "new*"] };
beforeEach(async () => {
  fake = await FakeEngine.start();
  proxy = await RewritingProxy.start(fake);
  runs = new PoolRuns(fake);
  web = fake.create({ name: "web" });
  unwanted = fake.create({ name: "unwanted" });
  for (const container of [web, unwanted]) container.write("old");
  const first = runs.follow({ engine: proxy.engine, from: "now", select });
  await first.streaming(web);
  await first.discovered();
  await first.end();
});
afterEach(async () => {
  vi.useRealTimers();
  await runs.close();
  await proxy[Symbol.asyncDispose]();
  await fake.close();
});

const HOUR = 3_600_000;

/** What the engine says of times from now on, of its own and of containers that are created since. */
function clockBy(byMs: number, isSetAgain: boolean): void {
  const known = new Set([web.id, unwanted.id]);
  const moved = (time: unknown): string => new Date(Date.parse(String(time)) + byMs).toISOString();
  proxy.rewrite = (path, answer) => {
    if (path.includes("/info"))
      return isSetAgain ? answer : { ...answer, SystemTime: moved(answer["SystemTime"]) };
    if (known.has(String(answer["Id"])) || answer["Created"] === undefined) return answer;
    return { ...answer, Created: moved(answer["Created"]) };
  };
}

describe("containers created while no pool ran, by a clock that", () => {
  const clocks = {
    "stands back by decades, as without a battery": [-56 * 365 * 24 * HOUR, false],
    "stood back by decades, and is set by now": [-56 * 365 * 24 * HOUR, true],
    "stands back by hours": [-5 * HOUR, false],
    "stood back by hours, and is set by now": [-5 * HOUR, true],
    "stands ahead by hours": [5 * HOUR, false],
    "stood ahead by hours, and is set by now": [5 * HOUR, true],
  } as const;
  for (const [what, [byMs, isSetAgain]] of Object.entries(clocks)) {
    it(`${what}, are read from their start, and no others`, async () => {
      clockBy(byMs, isSetAgain);
      const fresh = fake.create({ name: "new" });
      fresh.write("first words");
      unwanted.write("still not wanted");
      const next = runs.follow({ engine: proxy.engine, from: "now" });
      await next.streaming(fresh, unwanted);
      await next.expectAll(fresh);
      unwanted.write("wanted");
      await next.until(() => next.texts(unwanted).length > 0);
      await next.end();
      expect(next.texts(unwanted)).toEqual(["wanted"]);
      expect(next.texts(web)).toEqual([]);
    });
  }

  it("was stepped between several pools, are each read once", async () => {
    const all: FakeContainer[] = [];
    for (const [index, hours] of [-7, 3, -300_000, 0, 12, -1].entries()) {
      clockBy(hours * HOUR, index % 2 === 0);
      const fresh = fake.create({ name: `new-${index}` });
      fresh.write("first words");
      all.push(fresh);
      const follower = runs.follow({ engine: proxy.engine, from: "now", select });
      await follower.expectAll(fresh);
      await follower.discovered();
      await follower.end();
      for (const before of all.slice(0, -1)) expect(follower.texts(before)).toEqual([]);
      expect(follower.texts(web)).toEqual([]);
    }
  });
});

describe("a pool without checkpoints on an engine whose clock is not ours", () => {
  for (const hours of [-5, 5]) {
    it(`(${hours} hours) takes what was there before for old, and what is created then for new`, async () => {
      const moved = (time: unknown, byMs = 0): string =>
        new Date(Date.parse(String(time)) + hours * HOUR + byMs).toISOString();
      proxy.rewrite = (_, answer) => {
        // A `Date` header tells the engine's clock to a second.
        const byMs = answer["Id"] === web.id || answer["Id"] === unwanted.id ? -10_000 : 0;
        if ("Created" in answer) return { ...answer, Created: moved(answer["Created"], byMs) };
        if ("SystemTime" in answer) return { ...answer, SystemTime: moved(answer["SystemTime"]) };
        return answer;
      };
      proxy.dateAheadMs = hours * HOUR;
      const pool = new StreamPool({ engine: proxy.engine, from: "now", source: eager });
      const follower = new PoolFollower(pool);
      await follower.streaming(web);
      const fresh = fake.create({ name: "new" });
      fresh.write("first words");
      await follower.expectAll(fresh);
      web.write("new");
      await follower.until(() => follower.texts(web).length > 0);
      expect(follower.texts(web)).toEqual(["new"]);
      await follower.end();
    });
  }
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { PoolRuns } from "../support/checkpoint-pool.ts";
import { eager, eventually } from "../support/fake-follow.ts";

let fake: FakeEngine;
let runs: PoolRuns;
beforeEach(async () => {
  fake = await FakeEngine.start();
  runs = new PoolRuns(fake);
});
afterEach(async () => {
  await runs.close();
  await fake.close();
});

const often = { source: { ...eager, checkpointEveryMs: 1 } };

/** Times are told apart by milliseconds. */
async function aMoment(): Promise<void> {
  const before = Date.now();
  await eventually(() => Date.now() > before + 1);
}

/** A pool that has followed these to their ends as they are now. */
async function ran(...containers: readonly FakeContainer[]): Promise<void> {
  const follower = runs.follow();
  await follower.streaming(...containers);
  await follower.discovered();
  await follower.end();
  await aMoment();
}

/** The next pool reads these from there on, and no others. */
async function expectRead(
  expected: readonly (readonly [FakeContainer, number])[],
  others: readonly FakeContainer[] = [],
): Promise<void> {
  const follower = runs.follow({ from: "now" });
  for (const [container, from] of expected) await follower.expectAll(container, from);
  await follower.discovered();
  await follower.end();
  for (const [container, from] of expected) follower.expectExactly(container, from);
  for (const container of others) expect(follower.texts(container)).toEqual([]);
}

describe("containers created while no pool ran", () => {
  it("are read from their start, and others from where they were left", async () => {
    const web = fake.create({ name: "web" });
    web.write("old");
    await ran(web);
    const api = fake.create({ name: "api" });
    api.write("one");
    api.write("two");
    await expectRead([[api, 0]], [web]);
  });

  it("are read from their start where they have ended, and started again, by then", async () => {
    const web = fake.create({ name: "web" });
    await ran(web);
    const ended = fake.create({ name: "ended" });
    ended.write("one");
    ended.stop();
    const again = fake.create({ name: "again" });
    again.write("one");
    again.restart();
    again.write("two");
    await expectRead([
      [ended, 0],
      [again, 0],
    ]);
  });

  it("are read from their start where the first pool saw an engine without containers", async () => {
    const follower = runs.follow();
    await follower.discovered();
    await follower.end();
    await aMoment();
    const web = fake.create({ name: "web" });
    web.write("one");
    await expectRead([[web, 0]]);
  });

  it("are read from their start where the first pool found none that it selects", async () => {
    const other = fake.create({ name: "other" });
    const follower = runs.follow({ select: { names: ["web"] } });
    await follower.discovered();
    await follower.end();
    await aMoment();
    const web = fake.create({ name: "web" });
    web.write("one");
    const next = runs.follow({ from: "now", select: { names: ["web"] } });
    await next.expectAll(web);
    expect(next.texts(other)).toEqual([]);
  });

  it("are read from their start also where the next pool is killed before it has read them", async () => {
    const web = fake.create({ name: "web" });
    await ran(web);
    const slow = fake.create({ name: "slow" });
    slow.write("one");
    fake.fault = ({ path }) =>
      path.includes(`/containers/${slow.id}/`) ? { withholdHeaders: true } : undefined;
    const follower = runs.follow(often);
    await follower.streaming(web);
    web.write("more");
    await follower.expectAll(web);
    await runs.store.has((all) => JSON.stringify(all).includes(web.id), "web");
    const { saves } = runs.store;
    web.write("and more");
    await eventually(() => runs.store.saves > saves, "another save");
    await runs.kill();
    fake.fault = undefined;
    await aMoment();
    const next = runs.follow({ from: "now" });
    await next.expectAll(slow);
  });

  it("before the first pool, and never followed, are not read", async () => {
    const [web, other] = [fake.create({ name: "web" }), fake.create({ name: "other" })];
    other.write("old");
    await aMoment();
    const select = { names: ["web"] };
    const first = runs.follow({ select });
    await first.streaming(web);
    web.write("one");
    await first.expectAll(web);
    await first.end();
    other.write("newer");
    await expectRead([], [other, web]);
  });
});

describe("containers created while a pool runs", () => {
  it("are read from their start after a kill that came before they were looked at", async () => {
    const web = fake.create({ name: "web" });
    const follower = runs.follow(often);
    await follower.streaming(web);
    await follower.discovered();
    await aMoment();
    const slow = fake.create({ name: "slow" });
    const { id } = slow;
    fake.fault = ({ path }) =>
      path.includes(`/containers/${id}/`) ? { withholdHeaders: true } : undefined;
    slow.write("one");
    await eventually(() => fake.requests.some(({ path }) => path.includes(id)), "a look");
    const { saves } = runs.store;
    web.write("one");
    await follower.expectAll(web);
    await eventually(() => runs.store.saves > saves, "a save");
    await runs.kill();
    fake.fault = undefined;
    await aMoment();
    const next = runs.follow({ from: "now" });
    await next.expectAll(slow);
  });
});

describe("a container that a pool has followed", () => {
  it("and that stopped while no pool ran, is read to its end", async () => {
    const web = fake.create({ name: "web" });
    web.write("old");
    await ran(web);
    web.write("one");
    web.stop();
    const follower = runs.follow();
    await follower.status(web, "stopped");
    await follower.expectAll(web, 1);
    await follower.end();
    await expectRead([], [web]);
  });

  it("and that stopped and started meanwhile, loses nothing", async () => {
    const web = fake.create({ name: "web" });
    web.write("old");
    await ran(web);
    for (let run = 0; run < 3; run++) {
      web.write(`run ${run}`);
      web.restart();
    }
    await expectRead([[web, 1]]);
  });

  it("and that was renamed meanwhile, goes on by its ID", async () => {
    const web = fake.create({ name: "web" });
    web.write("old");
    await ran(web);
    web.rename("site");
    const other = fake.create({ name: "web" });
    web.write("new");
    other.write("of another");
    await expectRead([
      [web, 1],
      [other, 0],
    ]);
  });

  it("and of which the engine dropped lines meanwhile, says so", async () => {
    const web = fake.create({ name: "web" });
    web.write("old");
    await ran(web);
    for (let line = 0; line < 100; line++) web.write(`line ${line}`);
    web.truncate(10);
    const follower = runs.follow();
    await follower.status(web, "gap");
    await follower.until(() => follower.lines(web).length === 10);
    await follower.end();
    expect(follower.texts(web)).toEqual(
      Array.from({ length: 10 }, (_, line) => `line ${line + 90}`),
    );
  });
});

describe("a container that never ran while a pool did", () => {
  /** Stopped all along, with a line of before. */
  async function idle(): Promise<FakeContainer> {
    const web = fake.create({ name: "web" });
    web.write("old");
    web.stop();
    const running = fake.create({ name: "running" });
    await aMoment();
    await ran(running);
    return web;
  }

  it("loses nothing of what it wrote meanwhile", async () => {
    const web = await idle();
    web.start();
    web.write("one");
    web.write("two");
    await expectRead([[web, 1]]);
  });

  it("loses nothing where it has stopped again", async () => {
    const web = await idle();
    web.start();
    web.write("one");
    web.stop();
    await expectRead([[web, 1]]);
  });

  it("loses nothing over several pools, and is read from there when it starts before one's eyes", async () => {
    const web = await idle();
    for (let run = 0; run < 3; run++) await ran();
    const follower = runs.follow();
    await follower.discovered();
    web.start();
    web.write("one");
    await follower.expectAll(web, 1);
    await follower.end();
    web.write("two");
    await expectRead([[web, 2]]);
  });
});

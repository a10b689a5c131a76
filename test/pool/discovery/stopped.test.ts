import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StreamPool } from "../../../src/index.ts";
import type { PoolOptions } from "../../../src/index.ts";
import { FakeEngine } from "../../../src/testing.ts";
import type { FakeContainer } from "../../../src/testing.ts";
import { PoolRuns } from "../../support/checkpoint-pool.ts";
import { eager } from "../../support/fake-follow.ts";
import { PoolFollower, asked } from "../../support/pool-follow.ts";

let fake: FakeEngine;
let runs: PoolRuns;
let pools: StreamPool[];
beforeEach(async () => {
  fake = await FakeEngine.start();
  runs = new PoolRuns(fake);
  pools = [];
});
afterEach(async () => {
  await runs.close();
  await Promise.all(pools.map((pool) => pool.close()));
  await fake.close();
});

function ended(name: string, lines = 3): FakeContainer {
  const container = fake.create({ name });
  for (let line = 0; line < lines; line++) container.write(`${name} ${line}`);
  container.stop();
  return container;
}

/** A pool without checkpoints. */
function open(options: PoolOptions = {}): StreamPool {
  const pool = new StreamPool({ engine: fake.engine, source: eager, ...options });
  pools.push(pool);
  return pool;
}

function follow(options: PoolOptions = { stopped: true }): PoolFollower {
  return new PoolFollower(open(options));
}

describe("containers that had stopped before the pool", () => {
  it("are not read unless that is asked for", async () => {
    const job = ended("job");
    const follower = follow({});
    await follower.discovered();
    expect(follower.pool.sources.size).toBe(0);
    await follower.end();
    expect(follower.texts(job)).toEqual([]);
    expect(asked(fake, job, "logs")).toBeLessThanOrEqual(1);
  });

  it("are read from their start to their end, once", async () => {
    const jobs = Array.from({ length: 5 }, (_, index) => ended(`job${index}`));
    const web = fake.create({ name: "web" });
    web.write("old");
    const follower = follow();
    for (const job of jobs) await follower.status(job, "stopped");
    await follower.streaming(web);
    web.write("new");
    await follower.expectAll(web, 1);
    await follower.end();
    for (const job of jobs) follower.expectExactly(job);
    for (const job of jobs)
      expect(follower.of(job).filter(({ type }) => type === "stopped")).toHaveLength(1);
  });

  it("are part of what the pool is ready with, and of its health", async () => {
    const jobs = Array.from({ length: 4 }, (_, index) => ended(`job${index}`));
    const pool = open({ stopped: true, maxStreams: 1 });
    const [job] = jobs;
    fake.fault = ({ path }) =>
      path.includes(`/containers/${job?.id}/logs`) ? { withholdHeaders: true } : undefined;
    await expect(pool.ready({ timeoutMs: 200 })).rejects.toThrow(/not ready/i);
    fake.fault = undefined;
    job?.cut();
    const follower = follow({ stopped: true, maxStreams: 1 });
    await follower.pool.ready({ timeoutMs: 60_000 });
    for (const one of jobs) await follower.status(one, "stopped");
    expect(follower.pool.health()).toMatchObject({ status: "healthy", ready: true });
    expect(fake.open.maxFollowsOfOneContainer).toBeLessThanOrEqual(1);
  });

  it("share the streams in turn", async () => {
    const jobs = Array.from({ length: 12 }, (_, index) => ended(`job${index}`, 20));
    const follower = follow({ stopped: true, maxStreams: 2 });
    for (const job of jobs) await follower.expectAll(job);
    await follower.until(() => follower.pool.stats.streamsOpen === 0, "all turns given back");
    await follower.end();
    for (const job of jobs) follower.expectExactly(job);
    expect(fake.open.maxFollows).toBeLessThanOrEqual(2);
  });

  it("are left out by `select` as others are", async () => {
    const job = ended("job");
    const other = ended("other");
    const follower = follow({ stopped: true, select: { exclude: { names: "other" } } });
    await follower.status(job, "stopped");
    await follower.discovered();
    expect([...follower.pool.sources.keys()]).toEqual([job.id]);
    await follower.end();
    expect(follower.texts(other)).toEqual([]);
  });

  it("are read from where `from` says, if it is given", async () => {
    const job = ended("job", 5);
    const tail = follow({ stopped: true, from: { tail: 2 } });
    await tail.status(job, "stopped");
    await tail.end();
    expect(tail.texts(job)).toEqual(["job 3", "job 4"]);
    const now = follow({ stopped: true, from: "now" });
    await now.status(job, "stopped");
    await now.end();
    expect(now.texts(job)).toEqual([]);
  });

  it("are followed on when they start", async () => {
    const job = ended("job");
    const follower = follow();
    await follower.status(job, "stopped");
    job.start();
    job.write("again");
    job.stop();
    await follower.status(job, "stopped", 2);
    await follower.expectAll(job);
    await follower.end();
    expect(follower.texts(job)).toEqual(["job 0", "job 1", "job 2", "again"]);
  });

  it("wait for their start where they never ran", async () => {
    const created = fake.create({ name: "created", started: false });
    const follower = follow();
    await follower.discovered();
    expect(follower.pool.sources.size).toBe(0);
    created.start();
    created.write("first");
    await follower.expectAll(created);
    await follower.end();
  });

  it("are not read again by the next process, which goes on where one of them starts later", async () => {
    const job = ended("job");
    const again = ended("again");
    const often = { stopped: true, source: { ...eager, checkpointEveryMs: 1 } };
    const first = runs.follow(often);
    await first.status(job, "stopped");
    await first.status(again, "stopped");
    await first.expectAll(job);
    await first.end();
    again.start();
    again.write("more");
    again.stop();
    const second = runs.follow(often);
    await second.status(job, "stopped");
    await second.status(again, "stopped");
    await second.expectAll(again, 3);
    await second.end();
    expect(second.texts(job)).toEqual([]);
  });

  it("are read where an earlier pool was killed before it could save", async () => {
    const job = ended("job");
    const first = runs.follow({ stopped: true });
    await first.status(job, "stopped");
    await runs.kill();
    const second = runs.follow({ stopped: true });
    await second.expectAll(job);
    await second.end();
    expect(second.texts(job)).toHaveLength(3);
  });

  it("must be asked for by true or false", () => {
    expect(() => open(JSON.parse('{"stopped":"yes"}'))).toThrow(/"stopped"/);
  });
});

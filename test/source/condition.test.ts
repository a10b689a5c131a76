import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeEngineOptions } from "../../src/testing.ts";
import { Follower, eager } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";

let fakes: FakeEngine[];
let pools: StreamPool[];
beforeEach(() => {
  fakes = [];
  pools = [];
});
afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  await Promise.all(fakes.map((fake) => fake.close()));
});

async function start(options?: FakeEngineOptions): Promise<FakeEngine> {
  const fake = await FakeEngine.start(options);
  fakes.push(fake);
  return fake;
}

function follow(fake: FakeEngine): PoolFollower {
  const pool = new StreamPool({ engine: fake.engine, source: eager, from: "start" });
  pools.push(pool);
  return new PoolFollower(pool);
}

describe.each(["docker", "podman"] as const)("how a container of %s stops", (flavour) => {
  it("is in its status, of a source that stands alone", async () => {
    const fake = await start({ flavour });
    const job = fake.create({ name: "job" });
    job.write("one");
    const source = new ContainerLogSource("job", { engine: fake.engine, ...eager });
    const follower = new Follower(source);
    await follower.status("opened");
    job.stop({ exitCode: 3 });
    expect(await follower.status("stopped")).toEqual({
      type: "stopped",
      exitCode: 3,
      oomKilled: false,
    });
    job.start();
    expect(await follower.status("restarted")).toEqual({
      type: "restarted",
      exitCode: 3,
      oomKilled: false,
    });
    await source.close();
    await follower.finished();
  });

  it("is in the pool's statuses, with the kernel's part in it", async () => {
    const fake = await start({ flavour });
    const job = fake.create({ name: "job" });
    const follower = follow(fake);
    await follower.streaming(job);
    job.stop({ exitCode: 137, oomKilled: true });
    const stopped = { type: "stopped", exitCode: 137, oomKilled: true };
    expect(await follower.status(job, "stopped")).toEqual(stopped);
    await follower.end();
  });

  it("is told with a restart that nobody saw it standing still for", async () => {
    const fake = await start({ flavour });
    const job = fake.create({ name: "job", logDriver: "journald" });
    const follower = follow(fake);
    await follower.streaming(job);
    job.stop({ exitCode: 7 });
    job.start();
    expect(await follower.status(job, "restarted")).toMatchObject({
      type: "restarted",
      exitCode: 7,
    });
    await follower.end();
  });
});

describe.each(["docker", "podman"] as const)("a container's health on %s", (flavour) => {
  it("is told when it changes, and stands in the figures", async () => {
    const fake = await start({ flavour });
    const web = fake.create({ name: "web", health: "starting" });
    const plain = fake.create({ name: "plain" });
    const follower = follow(fake);
    await follower.streaming(web, plain);
    expect(follower.source(web).stats.health).toBe("starting");
    expect(follower.source(plain).stats.health).toBeUndefined();
    web.health("healthy");
    web.health("healthy");
    web.health("unhealthy");
    expect(await follower.status(web, "health", 2)).toEqual({
      type: "health",
      health: "unhealthy",
    });
    expect(follower.of(web).filter(({ type }) => type === "health")).toEqual([
      { type: "health", health: "healthy" },
      { type: "health", health: "unhealthy" },
    ]);
    expect(follower.source(web).stats.health).toBe("unhealthy");
    await follower.end();
  });

  it("is seen by a source that stands alone when it looks", async () => {
    const fake = await start({ flavour });
    const web = fake.create({ name: "web", health: "starting", logDriver: "journald" });
    const source = new ContainerLogSource("web", { engine: fake.engine, ...eager });
    const follower = new Follower(source);
    await follower.status("opened");
    web.health("healthy");
    web.cut();
    expect(await follower.status("health")).toEqual({ type: "health", health: "healthy" });
    await source.close();
    await follower.finished();
  });
});

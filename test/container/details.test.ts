import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { ContainerInfo, PoolOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainerSpec, Fault } from "../../src/testing.ts";
import { eager, thrown } from "../support/fake-follow.ts";
import { PoolFollower, asked } from "../support/pool-follow.ts";

let fake: FakeEngine;
let pools: StreamPool[];
beforeEach(async () => {
  fake = await FakeEngine.start();
  pools = [];
});
afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  await fake.close();
});

function open(options: PoolOptions): StreamPool {
  const pool = new StreamPool({ source: eager, from: "start", ...options });
  pools.push(pool);
  return pool;
}

async function infoOf(
  name: string,
  options: ConstructorParameters<typeof ContainerLogSource>[1] = {},
): Promise<ContainerInfo> {
  await using source = new ContainerLogSource(name, { engine: fake.engine, ...options });
  return await source.ready();
}

const web: FakeContainerSpec = {
  name: "web",
  imageId: `sha256:${"1".repeat(64)}`,
  env: ["PATH=/bin", "VERSION=1.2=3", "TOKEN=secret", "EMPTY=", "BARE"],
  networks: { front: "172.18.0.5", back: "10.0.0.2" },
  labels: {
    "com.docker.compose.project": "shop",
    "com.docker.compose.service": "web",
    "com.docker.compose.container-number": "2",
  },
};

describe("a container's details", () => {
  it("are not there unless they are asked for", async () => {
    fake.create(web);
    expect(await infoOf("web")).not.toHaveProperty("details");
    expect(await infoOf("web", { details: false })).not.toHaveProperty("details");
  });

  it("are what the inspection says, without the environment", async () => {
    fake.create(web);
    const { details } = await infoOf("web", { details: true });
    expect(details).toEqual({
      imageId: web.imageId,
      created: expect.stringMatching(/^\d{4}-.*Z$/),
      networks: [
        { name: "front", addresses: ["172.18.0.5"] },
        { name: "back", addresses: ["10.0.0.2"] },
      ],
      env: {},
      compose: { project: "shop", service: "web", number: 2 },
      swarm: undefined,
      engine: {
        name: "default",
        product: "Docker 28.5.2",
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        host: "fake-engine",
      },
    });
    expect(JSON.stringify(details)).not.toContain("secret");
  });

  it("show of the environment what the list names, and nothing else", async () => {
    fake.create(web);
    const env = ["VERSION", "EMPTY", "BARE", "MISSING", "__proto__"];
    const { details } = await infoOf("web", { details: { env } });
    expect(details?.env).toEqual({ VERSION: "1.2=3", EMPTY: "" });
    expect(JSON.stringify(details)).not.toContain("secret");
  });

  it("name Swarm's service and task", async () => {
    fake.create({
      name: "shop_web.2.x8f",
      labels: {
        "com.docker.swarm.service.name": "shop_web",
        "com.docker.swarm.service.id": "s1",
        "com.docker.swarm.task.name": "shop_web.2.x8f",
        "com.docker.swarm.task.id": "x8f",
        "com.docker.swarm.node.id": "n1",
        "com.docker.stack.namespace": "shop",
      },
    });
    const { details } = await infoOf("shop_web.2.x8f", { details: true });
    expect(details?.swarm).toEqual({
      service: "shop_web",
      serviceId: "s1",
      task: "shop_web.2.x8f",
      taskId: "x8f",
      nodeId: "n1",
      stack: "shop",
    });
    expect(details?.compose).toBeUndefined();
  });

  it("are frozen throughout, and shared by the records", async () => {
    const container = fake.create(web);
    container.write("one");
    container.write("two");
    const source = new ContainerLogSource("web", {
      engine: fake.engine,
      details: { env: ["PATH"] },
      follow: false,
    });
    const infos = new Set<ContainerInfo>();
    for await (const record of source) {
      infos.add(record.container);
      expect(record.toJSON()).toMatchObject({ container: { details: { env: { PATH: "/bin" } } } });
    }
    expect(infos.size).toBe(1);
    const frozen = (value: unknown): boolean =>
      typeof value !== "object" ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect([...infos].every(frozen)).toBe(true);
  });

  it("have the addresses of the run that the lines are of", async () => {
    const networks = { front: "10.0.0.1" };
    const container = fake.create({ name: "web", networks, started: false });
    const pool = open({ engine: fake.engine, details: true });
    const follower = new PoolFollower(pool);
    await follower.discovered();
    container.start();
    const addresses = (): readonly string[] | undefined =>
      pool.sources.get(container.id)?.info?.details?.networks[0]?.addresses;
    await follower.until(() => addresses()?.[0] === "10.0.0.1", "the first address");
    container.stop();
    await follower.status(container, "stopped");
    await follower.until(() => addresses()?.length === 0, "no address");
    container.start();
    await follower.until(() => addresses()?.[0] === "10.0.0.1", "an address again");
    container.write("line");
    await follower.expectAll(container);
    expect(follower.records[0]?.container.details?.networks[0]?.addresses).toEqual(["10.0.0.1"]);
    await follower.end();
  });

  it("cost no question of a container that runs already", async () => {
    const container = fake.create(web);
    const plain = fake.create({ name: "plain" });
    const follower = new PoolFollower(open({ engine: fake.engine, details: true }));
    await follower.streaming(container, plain);
    await follower.end();
    const withDetails = asked(fake, container, "json");
    const without = new PoolFollower(open({ engine: fake.engine }));
    await without.streaming(container, plain);
    await without.end();
    expect(asked(fake, container, "json")).toBe(2 * withDetails);
  });

  it("name the engine by its key in a pool's `engines`", async () => {
    await using other = await FakeEngine.start({ flavour: "podman" });
    const one = fake.create({ name: "one" });
    const two = other.create({ name: "two" });
    const engines = { berlin: fake.engine, paris: other.engine };
    const follower = new PoolFollower(open({ engines, details: true }));
    await follower.streaming(one, two);
    expect(follower.source(one).info?.details?.engine).toEqual({
      name: "berlin",
      product: "Docker 28.5.2",
      id: expect.any(String),
      host: "fake-engine",
    });
    expect(follower.source(two).info?.details?.engine).toEqual({
      name: "paris",
      product: "Podman 5.8.6",
      // Podman makes up another for each answer.
      id: undefined,
      host: "fake-engine",
    });
    await follower.end();
  });

  it("ask an engine once what it calls itself, and go without where it does not say", async () => {
    for (const name of ["one", "two", "three"]) fake.create({ name });
    const infos = async (fault?: Fault) => {
      fake.fault = ({ path }) => (path.endsWith("/info") ? fault : undefined);
      const before = fake.requests.length;
      const follower = new PoolFollower(open({ engine: fake.engine, details: true }));
      await follower.pool.ready();
      const engines = Array.from(
        follower.pool.sources.values(),
        ({ info }) => info?.details?.engine,
      );
      const asks = fake.requests.slice(before).filter(({ path }) => path.endsWith("/info"));
      await follower.end();
      return { ids: new Set(engines.map((engine) => engine?.id)), asks: asks.length };
    };
    const [{ ids, asks }, again] = [await infos(), await infos()];
    expect([...ids]).toEqual([expect.any(String)]);
    expect(again.ids).toEqual(ids);
    expect(asks).toBe(1);
    const follower = new PoolFollower(open({ engine: fake.engine, details: true }));
    await follower.pool.ready();
    const started = fake.create({ name: "started later" });
    await follower.streaming(started);
    expect(ids).toContain(follower.source(started).info?.details?.engine.id);
    await follower.end();
    for (const fault of [
      { status: 403, message: "no" },
      { status: 500, message: "later" },
    ])
      expect(await infos(fault)).toEqual({ ids: new Set([undefined]), asks: 1 });
  });

  it("must be asked for in words that are known", () => {
    const given: unknown[] = [1, "env", { env: "PATH" }, { env: [""] }, { environment: [] }];
    for (const details of given) {
      const options = JSON.parse(JSON.stringify({ details }));
      expect(
        thrown(() => new ContainerLogSource("web", options), "INVALID_OPTION").message,
      ).toMatch(/details/);
      expect(thrown(() => new StreamPool(options), "INVALID_OPTION").message).toMatch(/details/);
    }
  });
});

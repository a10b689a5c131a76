import Modem from "docker-modem";
import { afterEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { Engine } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { WatchedStore } from "../support/checkpoint-stores.ts";
import { eager } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";

const fakes: FakeEngine[] = [];
afterEach(async () => {
  await Promise.all(fakes.splice(0).map((fake) => fake.close()));
});

async function start(options: Parameters<typeof FakeEngine.start>[0] = {}): Promise<FakeEngine> {
  const fake = await FakeEngine.start(options);
  fakes.push(fake);
  return fake;
}

async function read(
  engine: Engine,
  checkpoints: WatchedStore,
  container = "web",
): Promise<string[]> {
  const lines: string[] = [];
  const options = { engine, checkpoints, follow: false, ...eager };
  for await (const { line } of new ContainerLogSource(container, options)) lines.push(line);
  return lines;
}

async function keys(store: WatchedStore): Promise<string[]> {
  return Object.keys(await store.all()).toSorted();
}

function socketOf(fake: FakeEngine): string {
  return fake.engine.socketPath ?? "";
}

/** Lines are read, and more are written; each time all come once. */
async function expectResumed(engine: Engine, web: FakeContainer): Promise<string[]> {
  const store = new WatchedStore();
  for (let round = 0; round < 3; round++) {
    web.write(`round ${round}`);
    expect(await read(engine, store)).toEqual([`round ${round}`]);
  }
  return await keys(store);
}

describe("the keys of checkpoints", () => {
  it("are the engine's ID and the container's, and the ID alone for the engine's own", async () => {
    const fake = await start();
    const web = fake.create({ name: "web" });
    const info = await fetchInfo(fake);
    const store = new WatchedStore();
    const follower = new PoolFollower(
      new StreamPool({ engine: fake.engine, from: "start", checkpoints: store }),
    );
    web.write("one");
    await follower.expectAll(web);
    await follower.end();
    expect(await keys(store)).toEqual([info, `${info}/${web.id}`].toSorted());
    const note = await store.load(info);
    expect(note).toMatchObject({ version: 1, seenAt: expect.any(String) });
    const cursor = await store.load(`${info}/${web.id}`);
    expect(cursor).toMatchObject({ version: 1, container: web.id });
  });

  for (const status of [403, 404, 501]) {
    it(`go by name and address where GET /info is answered with ${status}`, async () => {
      const fake = await start();
      const web = fake.create({ name: "web" });
      fake.fault = ({ path }) => (path.endsWith("/info") ? { status } : undefined);
      const found = await expectResumed(fake.engine, web);
      const path = socketOf(fake).replaceAll("/", "%2F");
      expect(found).toEqual([`default@unix:%2F%2F${path}/${web.id}`]);
    });
  }

  it("go by name and address for Podman, whose ID is another each time", async () => {
    const fake = await start({ flavour: "podman" });
    const web = fake.create({ name: "web" });
    const found = await expectResumed(fake.engine, web);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^default@unix:/);
  });

  it("wait for GET /info where it fails for a moment", async () => {
    const fake = await start();
    const web = fake.create({ name: "web" });
    web.write("one");
    const store = new WatchedStore();
    let failures = 3;
    fake.fault = ({ path }) =>
      path.endsWith("/info") && failures-- > 0 ? { status: 500 } : undefined;
    expect(await read(fake.engine, store)).toEqual(["one"]);
    expect(await keys(store)).toEqual([`${await fetchInfo(fake)}/${web.id}`]);
  });
});

describe("two engines with one store", () => {
  async function expectApart(engineOf: (fake: FakeEngine) => Engine, forbidden: boolean) {
    const store = new WatchedStore();
    const both = [await start(), await start()].map((fake) => {
      if (forbidden)
        fake.fault = ({ path }) => (path.endsWith("/info") ? { status: 403 } : undefined);
      return { fake, web: fake.create({ name: "web" }) };
    });
    for (let round = 0; round < 3; round++) {
      for (const [index, { fake, web }] of both.entries()) {
        web.write(`engine ${index} round ${round}`);
        expect(await read(engineOf(fake), store)).toEqual([`engine ${index} round ${round}`]);
      }
    }
    expect(await keys(store)).toHaveLength(2);
  }

  it("never mix", async () => {
    await expectApart(({ engine }) => engine, false);
  });

  it("never mix where neither says who it is", async () => {
    await expectApart(({ engine }) => engine, true);
  });

  it("never mix by modems", async () => {
    await expectApart((fake) => new Modem({ socketPath: socketOf(fake) }), false);
  });

  it("never mix by modems where neither says who it is", async () => {
    await expectApart((fake) => new Modem({ socketPath: socketOf(fake) }), true);
  });

  it("never mix in one pool", async () => {
    const store = new WatchedStore();
    const [first, second] = [await start(), await start()];
    const containers = [first, second].map((fake) => fake.create({ name: "web" }));
    for (let round = 0; round < 3; round++) {
      const engines = { first: first.engine, second: second.engine };
      const options = { engines, from: "start", checkpoints: store, source: eager } as const;
      const follower = new PoolFollower(new StreamPool(options));
      await follower.attached(...containers);
      for (const [index, web] of containers.entries()) {
        web.write(`engine ${index} round ${round}`);
        await follower.expectAll(web, round);
      }
      await follower.end();
      for (const web of containers) follower.expectExactly(web, round);
    }
    expect(await keys(store)).toHaveLength(4);
  });
});

async function fetchInfo(fake: FakeEngine): Promise<string> {
  const modem = new Modem({ socketPath: socketOf(fake) });
  return await new Promise((resolve, reject) => {
    const question = { path: "/info", method: "GET", statusCodes: { 200: true as const } };
    modem.dial(question, (error: unknown, answer: unknown) => {
      if (typeof answer === "object" && answer !== null && "ID" in answer)
        resolve(String(answer.ID));
      else reject(new Error("no /info", { cause: error }));
    });
  });
}

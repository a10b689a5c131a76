import { afterEach, describe, expect, it, vi } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { Engine, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { WatchedStore } from "../support/checkpoint-stores.ts";
import { eager } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";
import { RewritingProxy } from "../support/rewriting-proxy.ts";

const DAY = 86_400_000;

const closing: AsyncDisposable[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const one of closing.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

function pass(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.now() + ms);
}

async function engine(options: Parameters<typeof FakeEngine.start>[0] = {}): Promise<FakeEngine> {
  const fake = await FakeEngine.start(options);
  closing.push(fake);
  return fake;
}

async function read(
  target: Engine,
  container: string,
  checkpoints: WatchedStore,
  options: SourceOptions = {},
): Promise<string[]> {
  const lines: string[] = [];
  const given = { engine: target, checkpoints, follow: false, ...eager, ...options };
  for await (const { line } of new ContainerLogSource(container, given)) lines.push(line);
  return lines;
}

async function pool(
  target: Engine | Record<string, Engine>,
  checkpoints: WatchedStore,
  work: (follower: PoolFollower) => Promise<void>,
): Promise<void> {
  const engines = { engine: target } as const;
  const options = { ...engines, from: "start", checkpoints, source: eager } as const;
  const follower = new PoolFollower(new StreamPool(options));
  await work(follower);
  await follower.discovered();
  await follower.end();
}

async function containers(store: WatchedStore): Promise<string[]> {
  const keys = Object.keys(await store.all());
  return keys.flatMap((key) => key.split("/")[1] ?? []).toSorted();
}

function make(fake: FakeEngine, name: string): FakeContainer {
  const container = fake.create({ name });
  container.write(`of ${name}`);
  return container;
}

describe("hosts whose engines have no id, at the same address", () => {
  /** One after the other at one port, as they would be at one socket path on machines of their own. */
  async function hosts(
    visit: (fake: FakeEngine, container: FakeContainer, index: number) => Promise<void>,
  ): Promise<string[]> {
    const ids: string[] = [];
    let port = 0;
    for (let index = 0; index < 3; index++) {
      const fake = await FakeEngine.start({ flavour: "podman", port });
      port = fake.engine.port ?? 0;
      const container = make(fake, `web-${index}`);
      await visit(fake, container, index);
      ids.push(container.id);
      await fake.close();
    }
    return ids.toSorted();
  }

  it("keep each other's entries, by sources", async () => {
    const store = new WatchedStore();
    const ids = await hosts(async (fake, _, index) => {
      pass(100 * DAY);
      expect(await read(fake.engine, `web-${index}`, store)).toEqual([`of web-${index}`]);
    });
    expect(await containers(store)).toEqual(ids);
  });

  it("keep each other's entries, by pools", async () => {
    const store = new WatchedStore();
    const ids = await hosts(async (fake, container) => {
      pass(100 * DAY);
      await pool(fake.engine, store, (follower) => follower.expectAll(container));
    });
    expect(await containers(store)).toEqual(ids);
  });

  it("have keys of their own by `engineName`, which a pool finds by its name in `engines`", async () => {
    const store = new WatchedStore();
    const fake = await engine({ flavour: "podman" });
    make(fake, "web");
    expect(await read(fake.engine, "web", store, { engineName: "host/1" })).toEqual(["of web"]);
    expect(await read(fake.engine, "web", store, { engineName: "host/2" })).toEqual(["of web"]);
    const keys = Object.keys(await store.all()).map((key) => key.split("@")[0]);
    expect(new Set(keys)).toEqual(new Set(["host%2F1", "host%2F2"]));
    fake.container("web").write("more");
    const engines = { "host/1": fake.engine };
    const options = { engines, from: "start", checkpoints: store, source: eager } as const;
    const follower = new PoolFollower(new StreamPool(options));
    await follower.expectAll(fake.container("web"), 1);
    await follower.end();
  });

  it("are told apart by the host's name in a pool's note", async () => {
    const fake = await engine({ flavour: "podman" });
    await using proxy = await RewritingProxy.start(fake);
    const web = make(fake, "web");
    const store = new WatchedStore();
    for (const Name of ["one", "two", "two"]) {
      proxy.rewrite = (path, answer) => (path.includes("/info") ? { ...answer, Name } : answer);
      await pool(proxy.engine, store, async (follower) => {
        await follower.attached(web);
      });
    }
    const notes = Object.keys(await store.all()).filter((key) => !key.includes("/"));
    expect(new Set(notes.map((key) => key.split("@").at(-1)))).toEqual(new Set(["one", "two"]));
  });

  it("are none where they are named or have an id: what nobody keeps is deleted there", async () => {
    for (const [flavour, options] of [
      ["podman", { engineName: "host" }],
      ["docker", {}],
    ] as const) {
      const store = new WatchedStore();
      const fake = await engine({ flavour });
      make(fake, "gone");
      const web = make(fake, "web");
      for (const name of ["gone", "web"]) await read(fake.engine, name, store, options);
      fake.container("gone").remove();
      pass(31 * DAY);
      await read(fake.engine, "web", store, options);
      await store.has((all) => Object.keys(all).length === 1, "one entry");
      expect(await containers(store)).toEqual([web.id]);
    }
  });
});

describe("cloned machines, whose engines have the same id", () => {
  async function clones(): Promise<{ target: Engine; web: FakeContainer; name: string }[]> {
    const all = [];
    for (const name of ["web-1", "web-2"]) {
      const fake = await engine();
      const proxy = await RewritingProxy.start(fake);
      proxy.rewrite = (path, answer) =>
        path.includes("/info") ? { ...answer, ID: "CLONED" } : answer;
      closing.push(proxy);
      all.push({ target: proxy.engine, web: make(fake, name), name });
    }
    return all;
  }

  it("keep each other's entries, by sources and by pools, as long as they run now and then", async () => {
    const store = new WatchedStore();
    const both = await clones();
    const ids = both.map(({ web }) => web.id).toSorted();
    for (const { target, name } of both) await read(target, name, store);
    for (let round = 0; round < 4; round++) {
      pass(20 * DAY);
      for (const { target, web, name } of both) {
        web.write(`round ${round}`);
        if (round % 2 === 0) expect(await read(target, name, store)).toEqual([`round ${round}`]);
        else
          await pool(target, store, async (follower) => {
            await follower.until(() => follower.texts(web).includes(`round ${round}`));
          });
      }
      expect(await containers(store)).toEqual(ids);
    }
  });

  it("keep those of containers that say nothing for years, while somebody follows them", async () => {
    const store = new WatchedStore();
    const [first, second] = await clones();
    if (first === undefined || second === undefined) throw new Error("no clones");
    await using source = new ContainerLogSource(first.name, {
      engine: first.target,
      checkpoints: store,
      checkpointEveryMs: 1,
    });
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
    const taken = source.deliver(() => {});
    const last = first.web.log.at(-1)?.timestamp ?? "";
    await store.has((all) => JSON.stringify(all).includes(last), "the position");
    for (let day = 0; day < 40; day++) await vi.advanceTimersByTimeAsync(DAY);
    const { saves } = store;
    await vi.advanceTimersByTimeAsync(DAY);
    await store.has(() => store.saves > saves, "a confirmation");
    await read(second.target, second.name, store);
    expect(await containers(store)).toEqual([first.web.id, second.web.id].toSorted());
    await source.close();
    await taken.done;
  });

  it("do not delete what a machine has saved whose clock was not set", async () => {
    const store = new WatchedStore();
    const [first, second] = await clones();
    if (first === undefined || second === undefined) throw new Error("no clones");
    vi.useFakeTimers({ toFake: ["Date"] });
    const now = Date.now();
    vi.setSystemTime(5_000);
    await read(first.target, first.name, store);
    vi.setSystemTime(now);
    await read(second.target, second.name, store);
    expect(await containers(store)).toEqual([first.web.id, second.web.id].toSorted());
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { PoolRuns } from "../support/checkpoint-pool.ts";
import { WatchedStore } from "../support/checkpoint-stores.ts";
import { eager, texts, thrown } from "../support/fake-follow.ts";

let fake: FakeEngine;
let runs: PoolRuns;
let web: FakeContainer;
let api: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  runs = new PoolRuns(fake);
  web = fake.create({ name: "web" });
  api = fake.create({ name: "api" });
});
afterEach(async () => {
  vi.useRealTimers();
  await runs.close();
  await fake.close();
});

function write(...lines: readonly string[]): void {
  for (const line of lines) for (const container of [web, api]) container.write(line);
}

/** What another pool reads that has the store as it is now. */
async function rest(options: Parameters<PoolRuns["follow"]>[0] = {}): Promise<string[]> {
  const store = await runs.store.kill();
  const own = new PoolRuns(fake);
  own.store = store;
  const follower = own.follow({ from: "now", ...options });
  await follower.streaming(web, api);
  write("mark");
  await follower.until(() => follower.records.filter(({ line }) => line === "mark").length === 2);
  await follower.end();
  const lines = [...follower.texts(web), "|", ...follower.texts(api)];
  return lines.filter((line) => line !== "mark");
}

/** What another source reads of the first one, with the store as it is now. */
async function saved(): Promise<string[]> {
  const checkpoints = await WatchedStore.of(await runs.store.all());
  const options = { engine: fake.engine, checkpoints, from: "start", follow: false } as const;
  const lines: string[] = [];
  for await (const { line } of new ContainerLogSource("web", options)) lines.push(line);
  return lines;
}

describe("a pool's positions", () => {
  it("are saved where reading begins, every so often, and on close, each container's own", async () => {
    write("one");
    const follower = runs.follow({ from: "start" });
    await follower.expectAll(web);
    await follower.expectAll(api);
    await follower.end();
    web.write("two");
    const next = runs.follow();
    await next.expectAll(web, 1);
    await next.end();
    expect(next.texts(web)).toEqual(["two"]);
    expect(next.texts(api)).toEqual([]);
  });

  it("count a record when the next one is asked for", async () => {
    web.write("one");
    web.write("two");
    const follower = runs.follow({ from: "start" }, ({ line }) =>
      line === "two" ? "break" : undefined,
    );
    await follower.done;
    expect(await rest()).toEqual(["two", "|"]);
  });

  it("count what is acknowledged, also by batches", async () => {
    web.write("one");
    const pool = runs.open({ from: "start" });
    for await (const batch of pool.batches()) {
      expect(texts(batch)).toEqual(["one"]);
      pool.acknowledge();
      break;
    }
    expect(await rest()).toEqual(["|"]);
  });

  it("do not count a batch in hand at a break", async () => {
    web.write("one");
    for await (const batch of runs.open({ from: "start" }).batches()) {
      expect(texts(batch)).toEqual(["one"]);
      break;
    }
    expect(await rest()).toEqual(["one", "|"]);
  });

  it("count what a sink has taken, and not what it refuses", async () => {
    write("one", "two");
    const pool = runs.open({ from: "start" });
    const delivery = pool.deliver(
      (batch) => {
        if (texts(batch).includes("two")) throw new Error("no");
      },
      { maxRecords: 1, retry: { attempts: 1 } },
    );
    await expect(delivery.done).rejects.toMatchObject({ code: "SINK_FAILED" });
    const left = await rest();
    expect(left.filter((line) => line === "two")).toHaveLength(2);
    expect(left.filter((line) => line === "one").length).toBeLessThan(2);
  });

  it("are saved by rotate() and by rotations of its own", async () => {
    for (const rotation of [false, { everyMs: 20 }] as const) {
      const follower = runs.follow({ rotation, from: "now" });
      await follower.streaming(web, api);
      const begun = web.written.length;
      write("one");
      await follower.expectAll(web, begun);
      await follower.until(() => follower.source(web).stats.delivered === 1);
      await follower.until(() => follower.source(api).stats.delivered === 1);
      if (rotation === false) {
        await follower.pool.rotate();
        expect(await rest()).toEqual(["|"]);
      } else await expect.poll(() => saved(), { timeout: 60_000 }).toEqual([]);
      await follower.pool.close();
      runs = new PoolRuns(fake);
    }
  });

  it("are saved when a container stops, and kept", async () => {
    const follower = runs.follow();
    await follower.streaming(web, api);
    web.write("one");
    await follower.expectAll(web);
    await follower.until(() => follower.source(web).stats.delivered === 1);
    web.stop();
    await follower.status(web, "stopped");
    await expect.poll(() => saved(), { timeout: 60_000 }).toEqual([]);
    expect(await runs.kept()).toEqual([web.id, api.id].toSorted());
    web.start();
    web.write("two");
    await follower.expectAll(web);
  });

  it("win over `from`", async () => {
    write("one", "two");
    const follower = runs.follow({ from: "start" });
    await follower.expectAll(web);
    await follower.expectAll(api);
    await follower.end();
    write("three");
    expect(await rest({ from: "start" })).toEqual(["three", "|", "three"]);
  });

  it("are read by attach(), whatever it is told", async () => {
    write("one", "two");
    const first = runs.open({ discover: false });
    await first.attach("web", { from: "start" });
    for await (const { line } of first) if (line === "two") break;
    const second = runs.open({ discover: false });
    await second.attach("web", { from: "start" });
    for await (const { line } of second) {
      expect(line).toBe("two");
      break;
    }
    expect(await runs.kept()).toEqual([web.id]);
  });

  it("are checked with the options", () => {
    for (const checkpoints of [null, "path", {}, { load: () => {} }])
      expect(
        thrown(() => runs.open({ checkpoints: checkpoints as never }), "INVALID_OPTION").message,
      ).toMatch("checkpoints");
    for (const checkpointEveryMs of [-1, NaN, "1000"])
      expect(
        thrown(
          () => runs.open({ source: { checkpointEveryMs: checkpointEveryMs as never } }),
          "INVALID_OPTION",
        ).message,
      ).toMatch("checkpointEveryMs");
  });
});

describe("a container's entry in a pool's store", () => {
  const often = { source: { ...eager, checkpointEveryMs: 1 } };

  it("is deleted when the container is gone", async () => {
    const follower = runs.follow(often);
    await follower.streaming(web, api);
    write("one");
    await follower.expectAll(web);
    await follower.expectAll(api);
    web.remove();
    await follower.until(() => follower.seen("detached").length === 1);
    await runs.store.has((all) => !JSON.stringify(all).includes(web.id), "without web");
    expect(await runs.kept()).toEqual([api.id]);
  });

  it("is deleted when it is gone and was never attached", async () => {
    web.stop();
    const follower = runs.follow(often);
    await follower.streaming(api);
    await runs.store.has((all) => JSON.stringify(all).includes(web.id), "web");
    expect(follower.pool.sources.has(web.id)).toBe(false);
    web.remove();
    await runs.store.has((all) => !JSON.stringify(all).includes(web.id), "without web");
  });

  it("is deleted when it is gone after it was detached", async () => {
    const follower = runs.follow(often);
    await follower.streaming(web, api);
    await follower.pool.detach("web");
    expect(await runs.kept()).toContain(web.id);
    web.remove();
    await runs.store.has((all) => !JSON.stringify(all).includes(web.id), "without web");
  });

  it("is deleted when it went while no pool ran a month ago, and nobody else's is", async () => {
    const gone = fake.create({ name: "gone" });
    const first = runs.follow(often);
    await first.streaming(web, api, gone);
    await first.end();
    await runs.store.save(new Map([["another engine/container", { version: 1 }]]));
    gone.remove();
    web.stop();
    const soon = runs.follow(often);
    await soon.streaming(api);
    await soon.discovered();
    await soon.end();
    expect(await runs.kept()).toContain(gone.id);
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 31 * 86_400_000);
    const next = runs.follow({ ...often, discover: false });
    await next.pool.attach("api");
    await runs.store.has((all) => !JSON.stringify(all).includes(gone.id), "without the one");
    expect(await runs.kept()).toEqual([web.id, api.id, "container"].toSorted());
  });

  for (const isAttached of [true, false]) {
    it(`is deleted when it went ${isAttached ? "" : "unattached "}while events were lost`, async () => {
      if (!isAttached) web.stop();
      const follower = runs.follow(often);
      await follower.streaming(api);
      await follower.discovered();
      await runs.store.has((all) => JSON.stringify(all).includes(web.id), "web");
      fake.fault = ({ path }) => (path.includes("/events") ? { delayMs: 50 } : undefined);
      fake.cutEvents();
      await follower.until(
        () => fake.requests.filter(({ path }) => path.includes("/events")).length > 1,
      );
      web.remove();
      fake.fault = undefined;
      const last = fake.create({ name: "last" });
      await follower.attached(last);
      await runs.store.has((all) => !JSON.stringify(all).includes(web.id), "without web");
      expect(await runs.kept()).not.toContain(web.id);
    });
  }
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DockspoolError } from "../../src/index.ts";
import { show } from "../../src/printable.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { PoolRuns } from "../support/checkpoint-pool.ts";
import { eager, eventually, failure, nothingOpen, turns } from "../support/fake-follow.ts";
import { asked } from "../support/pool-follow.ts";

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
  await runs.close();
  await fake.close();
});

const often = { source: { ...eager, checkpointEveryMs: 1 } };

/** Both have a line that is read, and another that is not. */
async function ran(): Promise<void> {
  for (const container of [web, api]) container.write("one");
  const follower = runs.follow({ from: "start" });
  await follower.expectAll(web);
  await follower.expectAll(api);
  await follower.end();
  for (const container of [web, api]) container.write("two");
}

function logsAsked(): number {
  return asked(fake, web, "logs") + asked(fake, api, "logs");
}

describe("a pool whose store can't be read", () => {
  const start = async (): Promise<number> => {
    await ran();
    runs.store.unreadable = "all";
    return logsAsked();
  };
  const end = async (before: number): Promise<void> => {
    expect(logsAsked()).toBe(before);
    await nothingOpen(fake);
    runs.store.unreadable = undefined;
    const follower = runs.follow();
    await follower.expectAll(web, 1);
    await follower.expectAll(api, 1);
  };

  it("throws that in the loop, and reads nothing", async () => {
    const before = await start();
    const follower = runs.follow({ from: "start" });
    await follower.done;
    expect(follower.error).toMatchObject({ code: "CHECKPOINT_UNREADABLE" });
    expect(follower.records).toEqual([]);
    await end(before);
  });

  it("throws that in a loop over batches", async () => {
    const before = await start();
    const loop = async (): Promise<void> => {
      for await (const batch of runs.open({ from: "start" }).batches())
        throw new Error(`a line: ${batch[0]?.line}`);
    };
    expect((await failure(loop(), "CHECKPOINT_UNREADABLE")).message).toMatch("no such store");
    await end(before);
  });

  it("rejects with that where it delivers", async () => {
    const before = await start();
    const taken: unknown[] = [];
    const delivery = runs.open({ from: "start" }).deliver((batch) => void taken.push(batch));
    await failure(delivery.done, "CHECKPOINT_UNREADABLE");
    expect(taken).toEqual([]);
    await end(before);
  });

  for (const discover of [true, false]) {
    it(`rejects attach() with that ${discover ? "" : "where it discovers nothing"}`, async () => {
      const before = await start();
      const pool = runs.open({ from: "start", discover });
      await failure(pool.attach("web"), "CHECKPOINT_UNREADABLE");
      await pool.close();
      await end(before);
    });
  }

  it("because the engine's own entry is damaged, does so too", async () => {
    await ran();
    const engine = Object.keys(await runs.store.all()).find((key) => !key.includes("/")) ?? "";
    const notes = [
      {},
      { version: 2, seenAt: new Date().toISOString() },
      { version: 1, seenAt: "?" },
    ];
    for (const note of notes) {
      await runs.store.save(new Map([[engine, note]]));
      const before = logsAsked();
      const follower = runs.follow({ from: "start" });
      await follower.done;
      expect(follower.error).toMatchObject({ code: "CHECKPOINT_UNREADABLE" });
      expect(logsAsked()).toBe(before);
      await follower.pool.close();
    }
  });
});

describe("a pool whose store lists what is no key", () => {
  it.each([5, null, undefined, {}])("throws that in the loop, and names it: %o", async (key) => {
    await ran();
    Object.assign(runs.store, {
      async *keys() {
        yield key;
      },
    });
    const follower = runs.follow({ from: "start" });
    await follower.done;
    const { message } = await failure(Promise.reject(follower.error), "CHECKPOINT_UNREADABLE");
    expect(message).toBe(`The checkpoint store's keys() gave ${show(key)}; allowed: strings.`);
    expect(follower.records).toEqual([]);
    await nothingOpen(fake);
  });

  it("and does so by what is no iterator, is told of until it is one", async () => {
    await ran();
    const keys = runs.store.keys.bind(runs.store);
    Object.assign(runs.store, {
      keys: () => ({ [Symbol.asyncIterator]: () => ({ next: async () => undefined }) }),
    });
    const follower = runs.follow({ from: "start" });
    await follower.until(
      () => follower.pool.health().components["checkpoints"]?.status === "unhealthy",
      "told of",
    );
    runs.store.keys = keys;
    await follower.expectAll(web, 1);
    expect(follower.pool.health().components["checkpoints"]?.status).toBe("healthy");
  });
});

describe("a pool whose store can't be read for a moment", () => {
  it("says so, reads nothing, and goes on where it was once it can", async () => {
    await ran();
    runs.store.unreadable = "all";
    runs.store.unreadableBy = new Error("There is no connection.");
    const before = logsAsked();
    const follower = runs.follow({ from: "start" });
    const isTold = ({ error }: { error?: unknown }): boolean =>
      DockspoolError.is(error, "CHECKPOINT_UNREADABLE") &&
      error.message.includes("can't be read: There is no connection. Nothing is read");
    await follower.until(() => follower.seen("engine").some(isTold), "told");
    const { checkpoints } = follower.pool.health().components;
    expect(checkpoints).toMatchObject({
      status: "unhealthy",
      detail: expect.stringMatching(/no connection/),
    });
    expect(logsAsked()).toBe(before);
    runs.store.unreadable = undefined;
    await follower.expectAll(web, 1);
    await follower.expectAll(api, 1);
    expect(follower.pool.health().components["checkpoints"]?.status).toBe("healthy");
  });

  it("at one entry, reads the others, says so of that container, and goes on where it was", async () => {
    await ran();
    const key = Object.keys(await runs.store.all()).find((name) => name.endsWith(web.id)) ?? "";
    runs.store.unreadable = key;
    runs.store.unreadableBy = new Error("no connection");
    const follower = runs.follow({ from: "start" });
    await follower.expectAll(api, 1);
    const { error } = await follower.status(web, "checkpoint-failed");
    expect(error).toMatchObject({ code: "CHECKPOINT_UNREADABLE", transient: true });
    expect(follower.texts(web)).toEqual([]);
    runs.store.unreadable = undefined;
    await follower.expectAll(web, 1);
    expect(follower.seen("skipped")).toEqual([]);
  });

  it("rejects attach() with that after a while", async () => {
    await ran();
    runs.store.unreadable = "all";
    runs.store.unreadableBy = new Error("no connection");
    const engine = { ...fake.engine, connectTimeoutMs: 100 };
    const pool = runs.open({ engine, from: "start", discover: false });
    const error = await failure(pool.attach("web"), "CHECKPOINT_UNREADABLE");
    expect(error.message).toMatch("no connection");
  });

  it("by not answering, is closed at once, and follows nothing afterwards", async () => {
    let answer = (): void => {};
    const idle = answer;
    const load = runs.store.load.bind(runs.store);
    runs.store.load = async (key) => {
      if (key.includes("/"))
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      return await load(key);
    };
    const follower = runs.follow({ from: "start" });
    await eventually(() => answer !== idle, "a load");
    await follower.end();
    answer();
    await turns(20);
    expect(follower.pool.sources.size).toBe(0);
    expect(follower.seen("attached")).toEqual([]);
    await nothingOpen(fake);
  });
});

describe("a pool of whose entries one can't be read", () => {
  it("skips that container, and reads the others", async () => {
    await ran();
    const key = Object.keys(await runs.store.all()).find((name) => name.endsWith(web.id)) ?? "";
    runs.store.unreadable = key;
    const before = asked(fake, web, "logs");
    const follower = runs.follow({ from: "start" });
    await follower.expectAll(api, 1);
    await follower.until(() => follower.seen("skipped").length > 0, "skipped");
    const skipped = follower.seen("skipped");
    expect(skipped).toHaveLength(1);
    expect(skipped[0]).toMatchObject({
      container: { name: "web" },
      error: { code: "CHECKPOINT_UNREADABLE" },
    });
    await failure(follower.pool.attach("web"), "CHECKPOINT_UNREADABLE");
    web.write("three");
    api.write("three");
    await follower.expectAll(api, 1);
    await follower.end();
    expect(follower.texts(web)).toEqual([]);
    expect(asked(fake, web, "logs")).toBe(before);
    runs.store.unreadable = undefined;
    const next = runs.follow();
    await next.expectAll(web, 1);
    await next.end();
    next.expectExactly(api, 3);
  });

  it("skips one whose entry is another's", async () => {
    await ran();
    const all = await runs.store.all();
    const [webKey, apiKey] = [web, api].map(({ id }) =>
      Object.keys(all).find((key) => key.endsWith(id)),
    );
    await runs.store.save(new Map([[webKey ?? "", all[apiKey ?? ""] ?? {}]]));
    const follower = runs.follow({ from: "start" });
    await follower.expectAll(api, 1);
    await follower.until(() => follower.seen("skipped").length > 0, "skipped");
    expect(follower.seen("skipped")[0]?.error.code).toBe("CHECKPOINT_UNREADABLE");
    expect(follower.texts(web)).toEqual([]);
  });
});

describe("a pool whose store can't be written", () => {
  it("says so for those concerned, goes on, and saves once it can", async () => {
    const follower = runs.follow({ ...often, from: "start" });
    await follower.streaming(web, api);
    await runs.store.has((all) => Object.keys(all).length === 3, "entries");
    runs.store.failure = new Error("no space");
    web.write("one");
    const { error } = await follower.status(web, "checkpoint-failed");
    expect(error).toMatchObject({ code: "CHECKPOINT_UNWRITABLE" });
    expect(follower.of(api).some(({ type }) => type === "checkpoint-failed")).toBe(false);
    for (let line = 0; line < 20; line++)
      for (const container of [web, api]) container.write("more");
    await follower.expectAll(web);
    await follower.expectAll(api);
    expect(follower.pool.sources.size).toBe(2);
    await follower.status(api, "checkpoint-failed");
    runs.store.failure = undefined;
    const { saves } = runs.store;
    await eventually(() => runs.store.saves > saves, "a save");
    await runs.kill();
    const next = runs.follow();
    await next.streaming(web, api);
    for (const container of [web, api]) container.write("last");
    await next.expectAll(web, 21);
    await next.expectAll(api, 20);
  });

  it("closes, and begins again where it could save last", async () => {
    await ran();
    runs.store.failure = new Error("no space");
    const follower = runs.follow(often);
    await follower.expectAll(web, 1);
    await follower.end();
    runs.store.failure = undefined;
    const next = runs.follow();
    await next.expectAll(web, 1);
    await next.expectAll(api, 1);
    await next.end();
    for (const container of [web, api]) expect(next.texts(container)).toEqual(["two"]);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { WatchedStore } from "../support/checkpoint-stores.ts";
import {
  eager,
  eventually,
  failure,
  Follower,
  nothingOpen,
  turns,
} from "../support/fake-follow.ts";
import { asked } from "../support/pool-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
let store: WatchedStore;
let sources: ContainerLogSource[];
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  store = new WatchedStore();
  sources = [];
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(sources.map((source) => source.close()));
  await fake.close();
});

function open(options: SourceOptions = {}): ContainerLogSource {
  const given = { engine: fake.engine, checkpoints: store, checkpointEveryMs: 1, ...eager };
  const source = new ContainerLogSource("web", { ...given, ...options });
  sources.push(source);
  return source;
}

/** Reads what there is. */
async function read(options: SourceOptions = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const { line } of open({ follow: false, ...options })) lines.push(line);
  return lines;
}

async function webKey(): Promise<string> {
  const key = Object.keys(await store.all()).find((name) => name.endsWith(`/${web.id}`));
  if (key === undefined) throw new Error("no checkpoint");
  return key;
}

/** However the source is consumed, that is its error, and no log was asked for. */
async function expectUnreadable(message: RegExp): Promise<void> {
  const before = asked(fake, web, "logs");
  expect((await failure(read(), "CHECKPOINT_UNREADABLE")).message).toMatch(message);
  const batches = async (): Promise<void> => {
    for await (const batch of open().batches()) throw new Error(`a line: ${batch[0]?.line}`);
  };
  await failure(batches(), "CHECKPOINT_UNREADABLE");
  const source = open();
  const delivery = source.deliver(() => {
    throw new Error("a line");
  });
  const error = await failure(delivery.done, "CHECKPOINT_UNREADABLE");
  expect(await source.ended).toEqual({ kind: "failed", error });
  expect(asked(fake, web, "logs")).toBe(before);
  await nothingOpen(fake);
}

describe("a source whose checkpoint can't be read", () => {
  beforeEach(async () => {
    web.write("one");
    await read();
    web.write("two");
  });

  it("because the store fails, fails, and reads nothing", async () => {
    store.unreadable = "all";
    await expectUnreadable(/no such store/);
    store.unreadable = undefined;
    expect(await read()).toEqual(["two"]);
  });

  it("because its entry is damaged, fails, and leaves it as it is", async () => {
    const key = await webKey();
    const sound = await store.load(key);
    const others = [
      {},
      { version: 1 },
      { ...sound, version: 2 },
      { ...sound, container: "0".repeat(64) },
      { version: 1, container: web.id },
      { ...sound, groups: "none" },
    ];
    for (const damaged of others) {
      await store.save(new Map([[key, damaged]]));
      await expectUnreadable(new RegExp(key.slice(0, 20)));
      expect(await store.load(key)).toEqual(damaged);
    }
    await store.delete([key]);
    expect(await read()).toEqual(["one", "two"]);
  });

  it("because keys can't be listed, fails", async () => {
    store.keys = () => {
      throw store.unreadableBy;
    };
    await expectUnreadable(/no such store/);
  });

  it("for a moment, says so, asks again, and goes on where it was", async () => {
    store.unreadable = "all";
    store.unreadableBy = new Error("no connection");
    const before = asked(fake, web, "logs");
    const follower = new Follower(open());
    const { error } = await follower.status("checkpoint-failed", 2);
    expect(error).toMatchObject({ code: "CHECKPOINT_UNREADABLE", transient: true });
    expect(error.message).toMatch("no connection");
    expect(asked(fake, web, "logs")).toBe(before);
    store.unreadable = undefined;
    await follower.has(1);
    expect(follower.records.map(({ line }) => line)).toEqual(["two"]);
  });

  it("because the store does not answer, is closed at once all the same", async () => {
    let loads = 0;
    store.load = () => {
      loads++;
      return new Promise(() => {});
    };
    const before = asked(fake, web, "logs");
    const follower = new Follower(open());
    await eventually(() => loads > 0, "a load");
    await follower.source.close();
    await follower.finished();
    expect(asked(fake, web, "logs")).toBe(before);
    await nothingOpen(fake);
  });

  it("because it is aborted meanwhile, reads nothing when the store answers after all", async () => {
    let answer = (): void => {};
    store.load = () =>
      new Promise((resolve) => {
        answer = () => resolve(undefined);
      });
    const controller = new AbortController();
    const idle = answer;
    const before = asked(fake, web, "logs");
    const follower = new Follower(open({ signal: controller.signal }));
    await eventually(() => answer !== idle, "a load");
    controller.abort(new Error("enough"));
    await follower.done;
    answer();
    await turns(20);
    expect(asked(fake, web, "logs")).toBe(before);
    await nothingOpen(fake);
  });
});

describe("a source whose checkpoint can't be written", () => {
  it("says so, goes on, and saves once it can", async () => {
    store.failure = new Error("no space");
    const follower = new Follower(open());
    for (let line = 0; line < 5; line++) web.write(`line ${line}`);
    const { error } = await follower.status("checkpoint-failed");
    expect(error).toMatchObject({ code: "CHECKPOINT_UNWRITABLE" });
    expect(error.message).toMatch("no space");
    web.write("more");
    await follower.has(6);
    await follower.status("checkpoint-failed", 2);
    expect(await store.all()).toEqual({});
    store.failure = undefined;
    await eventually(() => store.saves > 0, "a save");
    await follower.source.close();
    expect(await read()).toEqual([]);
  });

  it("closes, and reads again what could not be saved", async () => {
    web.write("one");
    expect(await read()).toEqual(["one"]);
    web.write("two");
    store.failure = new Error("no space");
    const follower = new Follower(open());
    await follower.has(1);
    await follower.status("checkpoint-failed");
    await follower.source.close();
    await follower.finished();
    store.failure = undefined;
    expect(await read()).toEqual(["two"]);
  });

  it("closes within `rotateTimeoutMs` where the store never answers", async () => {
    const never = new WatchedStore();
    never.save = () => new Promise(() => {});
    web.write("one");
    const follower = new Follower(open({ checkpoints: never, rotateTimeoutMs: 50 }));
    await follower.has(1);
    await eventually(() => follower.source.stats.delivered === 1);
    await follower.source.close();
    await follower.done;
    expect(follower.error).toBeUndefined();
  });
});

describe("a source's entry", () => {
  it("is deleted when the container is gone, and stays when it stops", async () => {
    const follower = new Follower(open());
    web.write("one");
    await follower.has(1);
    web.stop();
    await follower.status("stopped");
    await store.has((all) => Object.keys(all).length > 0, "an entry");
    expect(Object.keys(await store.all())).toEqual([await webKey()]);
    web.remove();
    await follower.finished();
    await store.has((all) => Object.keys(all).length === 0, "nothing left");
  });

  it("is deleted when the container went meanwhile, once nobody has kept it for a month", async () => {
    web.write("one");
    expect(await read()).toEqual(["one"]);
    const former = await webKey();
    web.remove();
    web = fake.create({ name: "web" });
    web.write("of another");
    expect(await read()).toEqual(["of another"]);
    expect(Object.keys(await store.all())).toContain(former);
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 31 * 86_400_000);
    expect(await read()).toEqual([]);
    await store.has((all) => !(former in all), "without the former");
    const keys = Object.keys(await store.all());
    expect(keys).toEqual([await webKey()]);
  });

  it("stays while its container is there, whoever reads another one", async () => {
    const api = fake.create({ name: "api" });
    for (const container of [web, api]) container.write("one");
    expect(await read()).toEqual(["one"]);
    const source = new ContainerLogSource("api", {
      engine: fake.engine,
      checkpoints: store,
      follow: false,
    });
    web.stop();
    for await (const { line } of source) expect(line).toBe("one");
    const ids = Object.keys(await store.all()).map((key) => key.split("/")[1] ?? "");
    expect(ids.toSorted()).toEqual([web.id, api.id].toSorted());
  });
});

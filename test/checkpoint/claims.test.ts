import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ContainerLogSource, FileCheckpointStore } from "../../src/index.ts";
import type { Checkpoint, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { PoolRuns } from "../support/checkpoint-pool.ts";
import type { PoolFollower } from "../support/pool-follow.ts";
import { WatchedStore } from "../support/checkpoint-stores.ts";
import { eager, eventually, failure, Follower } from "../support/fake-follow.ts";

let fake: FakeEngine;
let runs: PoolRuns;
let web: FakeContainer;
let sources: ContainerLogSource[];
beforeEach(async () => {
  fake = await FakeEngine.start();
  runs = new PoolRuns(fake);
  web = fake.create({ name: "web" });
  web.write("one");
  sources = [];
});
afterEach(async () => {
  await Promise.all(sources.map((source) => source.close()));
  await runs.close();
  await fake.close();
});

/** After a save of so long a keeper rests for a second. */
class SlowStore extends WatchedStore {
  override async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    await sleep(100);
    await super.save(entries);
  }
}

function open(options: SourceOptions = {}): ContainerLogSource {
  const given = { engine: fake.engine, checkpoints: runs.store, checkpointEveryMs: 1, ...eager };
  const source = new ContainerLogSource("web", { ...given, ...options });
  sources.push(source);
  return source;
}

async function read(options: SourceOptions = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const { line } of open({ follow: false, ...options })) lines.push(line);
  return lines;
}

async function follow(options: SourceOptions = {}): Promise<Follower> {
  const follower = new Follower(open(options));
  await follower.has(1);
  await runs.store.has((all) => JSON.stringify(all).includes(web.id), "a position");
  return follower;
}

async function expectRefused(reading: Promise<unknown>): Promise<void> {
  const { message, container } = await failure(reading, "INVALID_OPTION");
  expect(container).toBe(web.id);
  expect(message).toMatch('Option "checkpoints"');
  expect(message).toMatch("a WatchedStore");
  expect(message).toMatch(web.id);
}

describe("a second source of a container on one store", () => {
  it("is refused while the first one follows, and not once it has ended", async () => {
    const first = await follow();
    await expectRefused(read());
    await expectRefused(read({ from: "now" }));
    web.write("two");
    await first.has(2);
    await first.source.close();
    await first.finished();
    expect(await read()).toEqual([]);
    web.write("three");
    expect(await read()).toEqual(["three"]);
  });

  it("is refused while the first one waits for a stopped container to start", async () => {
    const first = await follow();
    web.stop();
    await first.status("stopped");
    await expectRefused(read());
  });

  it("may follow once the first has failed, was aborted, or its loop was left", async () => {
    const controller = new AbortController();
    const first = await follow({ signal: controller.signal });
    controller.abort(new Error("enough"));
    await first.done;
    web.write("two");
    for await (const { line } of open()) if (line === "two") break;
    expect(await read()).toContain("two");
  });

  it("is none where it has another store, or another container", async () => {
    await follow();
    expect(await read({ checkpoints: new WatchedStore() })).toEqual(["one"]);
    const api = fake.create({ name: "api" });
    api.write("of api");
    const source = new ContainerLogSource("api", {
      engine: fake.engine,
      checkpoints: runs.store,
      follow: false,
    });
    for await (const { line } of source) expect(line).toBe("of api");
  });

  it("leaves the position to the one that follows, when lines of an ended one are delivered later", async () => {
    for (const line of ["two", "three"]) web.write(line);
    const first = open({ follow: false })[Symbol.asyncIterator]();
    await first.next();
    const source = sources[0];
    await source?.ended;
    expect(await read()).toEqual(["one", "two", "three"]);
    for (let left = 3; left > 0; left--) await first.next();
    expect(await read()).toEqual([]);
  });

  it("is named with its file where the store is one", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dp-claims-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "positions.json");
    const checkpoints = new FileCheckpointStore(path);
    const first = new Follower(open({ checkpoints }));
    await first.has(1);
    const { message } = await failure(read({ checkpoints }), "INVALID_OPTION");
    expect(message).toMatch(`FileCheckpointStore of ${path}`);
    await first.source.close();
  });
});

describe("a source and a pool of one store", () => {
  it("do not follow one container at once", async () => {
    const follower = runs.follow({ from: "start" });
    await follower.expectAll(web);
    await expectRefused(read());
    await follower.end();
    expect(await read()).toEqual([]);
  });

  it("leave a container to the one that follows it, and the pool follows the others", async () => {
    const first = await follow();
    const api = fake.create({ name: "api" });
    api.write("of api");
    const follower = runs.follow({ from: "start" });
    await follower.expectAll(api);
    await follower.until(() => follower.seen("skipped").length > 0, "skipped");
    expect(follower.seen("skipped")[0]).toMatchObject({
      container: { name: "web" },
      error: { code: "INVALID_OPTION" },
    });
    await expectRefused(follower.pool.attach("web"));
    await first.source.close();
    await first.finished();
    web.write("two");
    await follower.pool.attach("web");
    await follower.expectAll(web, 1);
  });

  it("follow one after the other: once it is detached, or its pool is closed", async () => {
    const follower = runs.follow({ from: "start" });
    await follower.expectAll(web);
    await follower.pool.detach("web");
    web.write("two");
    expect(await read()).toEqual(["two"]);
    await follower.pool.attach("web");
    await expectRefused(read());
    await follower.end();
    web.write("three");
    expect(await read()).toContain("three");
  });

  for (const [what, end] of [
    ["its pool has detached it", ({ pool }) => pool.detach("web")],
    ["its pool's source of it is closed", (follower) => follower.source(web).close()],
  ] satisfies [string, (follower: PoolFollower) => Promise<void>][])
    it(`follow one after the other where ${what}, and the store is so slow that saving rests`, async () => {
      runs.store = new SlowStore();
      const follower = runs.follow({ from: "start" });
      await follower.expectAll(web);
      await end(follower);
      web.write("two");
      expect(await read()).toEqual(["two"]);
    });

  it("count a stopped container as the pool's, which will follow it", async () => {
    web.stop();
    const follower = runs.follow({ from: "now" });
    await follower.discovered();
    await runs.store.has((all) => JSON.stringify(all).includes(web.id), "a position");
    await expectRefused(read());
  });
});

describe("two pools of one store", () => {
  it("do not follow one container at once", async () => {
    const first = runs.follow({ from: "start" });
    await first.expectAll(web);
    const second = runs.follow({ from: "start" });
    await second.until(() => second.seen("skipped").length > 0, "skipped");
    expect(second.seen("skipped")[0]?.error.code).toBe("INVALID_OPTION");
    expect(second.texts(web)).toEqual([]);
    await first.end();
    web.write("two");
    await second.pool.attach("web");
    await eventually(() => second.texts(web).includes("two"), "two");
    expect(second.texts(web)).toEqual(["two"]);
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { PoolRuns } from "../support/checkpoint-pool.ts";
import { WatchedStore } from "../support/checkpoint-stores.ts";
import { eager } from "../support/fake-follow.ts";
import { RewritingProxy } from "../support/rewriting-proxy.ts";

const OF_20_10 = "HVAX:D2QA:SON2:277A:3S3C:GN3R:WVRA:UQQ2:5UGQ:AZQE:NZJ7:WERS";
const OF_26 = "b9cfd3ed-f944-44ef-8fdd-234551ca361d";
const OF_A_CLONE = "5b3f7a52-8c1d-4a50-9f9f-0c2c6a3d8e11";

let fake: FakeEngine;
let proxy: RewritingProxy;
let runs: PoolRuns;
let web: FakeContainer;
let id: string;
beforeEach(async () => {
  fake = await FakeEngine.start();
  proxy = await RewritingProxy.start(fake);
  proxy.rewrite = (path, answer) => (path.endsWith("/info") ? { ...answer, ID: id } : answer);
  runs = new PoolRuns(fake);
  web = fake.create({ name: "web" });
});
afterEach(async () => {
  await runs.close();
  await proxy[Symbol.asyncDispose]();
  await fake.close();
});

/** A pool reads what is there under one id; more is written, also by a new container, and the engine has another id. */
async function update(from: string, to: string): Promise<FakeContainer> {
  id = from;
  web.write("before");
  const follower = runs.follow({ engine: proxy.engine, from: "start" });
  await follower.expectAll(web);
  await follower.end();
  id = to;
  web.write("meanwhile");
  const made = fake.create({ name: "made meanwhile" });
  made.write("from its start");
  return made;
}

async function keys(): Promise<string[]> {
  return Object.keys(await runs.store.all()).toSorted();
}

describe("an engine that has another id since it was updated from 20.10", () => {
  it("is read on where it was, by a pool", async () => {
    const made = await update(OF_20_10, OF_26);
    const follower = runs.follow({ engine: proxy.engine, from: "now" });
    await follower.expectAll(web, 1);
    await follower.expectAll(made);
    await follower.end();
    expect(follower.texts(web)).toEqual(["meanwhile"]);
    expect(follower.texts(made)).toEqual(["from its start"]);
    expect(await keys()).toEqual(
      [OF_20_10, OF_26, `${OF_26}/${web.id}`, `${OF_26}/${made.id}`].toSorted(),
    );
  });

  it("is read on where it was, by a source", async () => {
    await update(OF_20_10, OF_26);
    const lines: string[] = [];
    const options = { engine: proxy.engine, checkpoints: runs.store, follow: false, ...eager };
    for await (const { line } of new ContainerLogSource("web", options)) lines.push(line);
    expect(lines).toEqual(["meanwhile"]);
    expect(await keys()).toEqual([OF_20_10, `${OF_26}/${web.id}`].toSorted());
  });

  it("is read on where it was, though nothing can be saved", async () => {
    await update(OF_20_10, OF_26);
    runs.store.failure = new Error("disk full");
    const follower = runs.follow({ engine: proxy.engine, from: "now" });
    await follower.expectAll(web, 1);
    runs.store.failure = undefined;
    await follower.end();
    expect(follower.texts(web)).toEqual(["meanwhile"]);
  });

  it("keeps what was saved under its new id", async () => {
    await update(OF_20_10, OF_26);
    const saved = await runs.store.all();
    runs.store = await WatchedStore.of({
      ...saved,
      [`${OF_26}/${"0".repeat(64)}`]: { version: 1 },
    });
    const follower = runs.follow({ engine: proxy.engine, from: "start" });
    await follower.expectAll(web);
    await follower.end();
    expect(await keys()).toContain(`${OF_20_10}/${web.id}`);
  });
});

describe("a machine that is a clone of another, and has an id of its own", () => {
  it.each([OF_26, OF_20_10.replace("HVAX", "CLON")])(
    "leaves the other one's positions alone (%s)",
    async (own) => {
      const other = own === OF_26 ? OF_A_CLONE : OF_20_10;
      await update(other, own);
      const follower = runs.follow({ engine: proxy.engine, from: "start" });
      await follower.expectAll(web);
      await follower.end();
      expect(await keys()).toContain(`${other}/${web.id}`);
    },
  );
});

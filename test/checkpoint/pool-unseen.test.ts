import { afterEach, beforeEach, describe, it, vi } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { PoolRuns } from "../support/checkpoint-pool.ts";
import { eager, eventually, turns } from "../support/fake-follow.ts";
import type { PoolFollower } from "../support/pool-follow.ts";

let fake: FakeEngine;
let runs: PoolRuns;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  runs = new PoolRuns(fake);
  web = fake.create({ name: "web" });
});
afterEach(async () => {
  vi.useRealTimers();
  await runs.close();
  await fake.close();
});

const often = { source: { ...eager, checkpointEveryMs: 1 } };

function asked(what: "/events" | "/containers/json"): number {
  return fake.requests.filter(({ path }) => path.includes(what)).length;
}

/** The engine is asked for its list, and does not answer. */
async function listless(act: () => void): Promise<void> {
  const before = asked("/containers/json");
  fake.fault = ({ path }) =>
    path.includes("/containers/json") ? { withholdHeaders: true } : undefined;
  act();
  await eventually(() => asked("/containers/json") > before, "a look");
}

/** An event has come, and what it led to is done. */
async function afterEvent(): Promise<void> {
  web.rename(`${web.id.slice(0, 12)}-renamed`);
  const { id } = fake.create({ name: "marker" });
  await eventually(() => fake.requests.some(({ path }) => path.includes(id)), "a look at it");
  await turns(20);
}

/** Long after the last look, and long before now. */
function createUnseen(): FakeContainer {
  vi.useFakeTimers({ toFake: ["Date"] });
  const pass = (minutes: number): void => void vi.setSystemTime(Date.now() + minutes * 60_000);
  pass(5);
  const unseen = fake.create({ name: "unseen" });
  unseen.write("one");
  pass(5);
  return unseen;
}

/** The next pool reads all of it. */
async function expectRead(unseen: FakeContainer): Promise<void> {
  fake.fault = undefined;
  await runs.follow().expectAll(unseen);
}

describe("a container created while no pool ran is read from its start", () => {
  async function begun(): Promise<{ unseen: FakeContainer; follower: PoolFollower }> {
    const first = runs.follow();
    await first.streaming(web);
    await first.discovered();
    await first.end();
    const unseen = createUnseen();
    const followers: PoolFollower[] = [];
    await listless(() => followers.push(runs.follow(often)));
    const [follower] = followers;
    if (follower === undefined) throw new Error("no pool");
    return { unseen, follower };
  }

  it("where the next pool was killed after an event, before its first look was over", async () => {
    const { unseen } = await begun();
    await afterEvent();
    await runs.kill();
    await expectRead(unseen);
  });

  it("where the next pool was closed before its first look was over", async () => {
    const { unseen, follower } = await begun();
    await turns(20);
    await follower.pool.close();
    await expectRead(unseen);
  });
});

describe("a container created while events were lost is read from its start", () => {
  async function lost(): Promise<{ unseen: FakeContainer; follower: PoolFollower }> {
    const follower = runs.follow(often);
    await follower.streaming(web);
    await follower.discovered();
    const before = asked("/events");
    fake.fault = ({ path }) => (path.includes("/events") ? { delayMs: 50 } : undefined);
    fake.cutEvents();
    await eventually(() => asked("/events") > before, "another request for events");
    const unseen = createUnseen();
    await listless(() => {});
    return { unseen, follower };
  }

  it("where the pool was killed after an event, before it had looked", async () => {
    const { unseen, follower } = await lost();
    await afterEvent();
    web.write("one");
    await follower.expectAll(web);
    await follower.pool.rotate();
    await runs.kill();
    await expectRead(unseen);
  });

  it("where the pool was closed before it had looked", async () => {
    const { unseen, follower } = await lost();
    await follower.pool.close();
    await expectRead(unseen);
  });
});

describe("a container that was seen, and waits for its first turn when the pool is killed", () => {
  it("is read by the next pool, though it has stopped by then", async () => {
    const waits = fake.create({ name: "waits" });
    waits.write("one");
    // It was there long before the pool: else it counts as new, which is read from its start anyhow.
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 5 * 60_000);
    // Whoever has the turn keeps it.
    fake.fault = ({ path }) => (path.includes("/logs") ? { withholdHeaders: true } : undefined);
    const first = runs.follow({ from: "start", maxStreams: 1 });
    await first.attached(web, waits);
    await first.discovered();
    const isNoted = (entries: object): boolean =>
      Object.keys(entries).some((key) => !key.includes("/"));
    await runs.store.has(isNoted, "a note of the engine");
    await runs.kill();
    web.stop();
    waits.stop();
    await expectRead(waits);
  });
});

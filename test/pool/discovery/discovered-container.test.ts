import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DockspoolError, MemoryCheckpointStore, StreamPool } from "../../../src/index.ts";
import type { Checkpoint, PoolOptions } from "../../../src/index.ts";
import { DiscoveredContainer } from "../../../src/pool/discovery/discovered-container.ts";
import type { HeadStart } from "../../../src/source/host.ts";
import { FakeEngine } from "../../../src/testing.ts";
import type { FakeContainer } from "../../../src/testing.ts";
import { eager, turns } from "../../support/fake-follow.ts";
import { PoolFollower } from "../../support/pool-follow.ts";

function discovered(): { container: DiscoveredContainer; changes: string[] } {
  const changes: string[] = [];
  const container = new DiscoveredContainer("c".repeat(64), "web", true, ({ state }) => {
    changes.push(state.kind);
  });
  return { container, changes };
}

function headStart(): { headStart: HeadStart; cancelled: () => number } {
  let count = 0;
  const own: HeadStart = {
    begin: () => {},
    isStarting: true,
    knows: () => {},
    hasFile: () => Promise.resolve(false),
    take: () => Promise.resolve(undefined),
    takeFile: () => undefined,
    cancel: () => {
      count++;
    },
  };
  return { headStart: own, cancelled: () => count };
}

describe("a discovered container", () => {
  const before = { kind: "found" } as const;

  it("ends what its state had under way, whatever it becomes", () => {
    for (const kind of ["refused", "gone", "unwanted"] as const) {
      const { container, changes } = discovered();
      const stop = new AbortController();
      const started = headStart();
      const looking = { kind: "looking", before, stop, error: undefined } as const;
      container.become({ ...looking, headStart: undefined });
      container.become({ ...looking, headStart: started.headStart });
      expect(stop.signal.aborted).toBe(false);
      if (kind === "unwanted") container.become({ kind });
      else container.become({ kind });
      expect(stop.signal.aborted).toBe(true);
      expect(started.cancelled()).toBe(1);
      expect(changes).toEqual(["looking", "looking", kind]);
    }
  });

  it("hands its head start to the source that follows it", () => {
    const { container } = discovered();
    const { headStart: own, cancelled } = headStart();
    const stop = new AbortController();
    container.become({ kind: "looking", before, stop, headStart: own, error: undefined });
    container.become({ kind: "followed", failures: 0, headStart: own });
    expect(cancelled()).toBe(0);
  });

  it("is looked at for all reasons that came meanwhile", () => {
    const { container } = discovered();
    container.ask({ isCheck: true });
    expect(container.takeReason()).toMatchObject({ isCheck: true });
    expect(container.isAsked).toBe(false);
    container.ask({ startedBy: Infinity });
    container.ask({ isCheck: true });
    container.ask({ startedBy: 5, hasRun: true });
    container.ask({ startedBy: 3, isRenamed: true });
    expect(container.takeReason()).toEqual({
      startedBy: 5,
      hasRun: true,
      isCreated: false,
      isRenamed: true,
      isCheck: false,
    });
  });
});

let fake: FakeEngine;
let web: FakeContainer;
let other: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  [web, other] = [fake.create({ name: "web" }), fake.create({ name: "other" })];
  for (const container of [web, other]) container.write("one");
});
afterEach(() => fake.close());

function follow(options: PoolOptions): PoolFollower {
  return new PoolFollower(
    new StreamPool({ engine: fake.engine, source: eager, from: "start", ...options }),
  );
}

/** Does nothing about it; a container that is made afterwards is dealt with by then. */
async function dealtWith(follower: PoolFollower): Promise<void> {
  const last = fake.create({ name: `last${follower.statuses.length}` });
  last.write("one");
  await follower.expectAll(last);
}

describe("a container that is not selected", () => {
  it("is forgotten when it is removed, and another one of its name is another one", async () => {
    const select: PoolOptions["select"] = ({ image }) => image !== "unwanted";
    const unwanted = fake.create({ name: "unwanted", image: "unwanted" });
    const follower = follow({ select });
    await follower.expectAll(web);
    await follower.discovered();
    unwanted.remove();
    const wanted = fake.create({ name: "unwanted" });
    wanted.write("one");
    await follower.expectAll(wanted);
    await follower.end();
    expect(follower.lines(unwanted)).toEqual([]);
  });
});

describe("a container that is skipped", () => {
  async function skipping(): Promise<PoolFollower> {
    const follower = follow({
      select: ({ name }) => {
        if (name === "web") throw new Error("what is that?");
        return true;
      },
    });
    await follower.until(() => follower.seen("skipped").length === 1, "skipped");
    await follower.expectAll(other);
    return follower;
  }

  it("can be attached", async () => {
    const follower = await skipping();
    await follower.pool.attach("web", { from: "start" });
    await follower.expectAll(web);
    await follower.end();
    expect(follower.seen("skipped")).toHaveLength(1);
  });

  it("can be detached: then another run is no reason to try it", async () => {
    const follower = await skipping();
    await follower.pool.detach("web");
    web.restart();
    await dealtWith(follower);
    expect(follower.seen("skipped")).toHaveLength(1);
    await follower.end();
  });

  it("is tried again with each run, and forgotten when it is removed", async () => {
    const follower = await skipping();
    web.restart();
    await follower.until(() => follower.seen("skipped").length === 2, "skipped again");
    web.remove();
    await dealtWith(follower);
    const again = fake.create({ name: "web" });
    await follower.until(() => follower.seen("skipped").length === 3, "another one");
    expect(follower.seen("skipped").at(-1)?.container.id).toBe(again.id);
    await follower.end();
  });
});

describe("a container whose saved position is damaged", () => {
  it("is told of once, and followed as soon as it is mended", async () => {
    let isDamaged = true;
    class Damaged extends MemoryCheckpointStore {
      override async load(key: string): Promise<Checkpoint | undefined> {
        return key.endsWith(web.id) && isDamaged ? { version: 99 } : super.load(key);
      }
    }
    const follower = follow({ checkpoints: new Damaged() });
    await follower.until(() => follower.seen("skipped").length === 1, "skipped");
    await follower.expectAll(other);
    const [skipped] = follower.seen("skipped");
    expect(DockspoolError.is(skipped?.error, "CHECKPOINT_UNREADABLE")).toBe(true);
    isDamaged = false;
    await follower.expectAll(web);
    await turns(20);
    expect(follower.seen("skipped")).toHaveLength(1);
    await follower.end();
  });
});

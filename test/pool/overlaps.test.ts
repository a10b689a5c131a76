import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DockspoolError, MemoryCheckpointStore, StreamPool } from "../../src/index.ts";
import type { Checkpoint, PoolOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer, FakeRequest } from "../../src/testing.ts";
import { eager, eventually, failure, nothingOpen, turns } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  web.write("one");
});
afterEach(async () => {
  fake.fault = undefined;
  await fake.close();
});

/** What is under way, and does not come to its end by itself. */
interface Hold {
  readonly options: PoolOptions;
  /** It is under way. */
  readonly isHeld: () => boolean;
  readonly release: () => void;
}

/** Requests that are never answered. */
function unanswered(isMeant: (request: FakeRequest) => boolean, options: PoolOptions = {}): Hold {
  let held = 0;
  fake.fault = (request) => {
    if (!isMeant(request)) return undefined;
    held++;
    return { withholdHeaders: true };
  };
  return {
    options,
    isHeld: () => held > 0,
    release: () => {
      fake.fault = undefined;
    },
  };
}

/** A store that does not answer the question for a container's position. */
class StuckStore extends MemoryCheckpointStore {
  readonly #waiting: (() => void)[] = [];

  get waiting(): number {
    return this.#waiting.length;
  }

  release(): void {
    for (const resolve of this.#waiting) resolve();
  }

  override async load(key: string): Promise<Checkpoint | undefined> {
    if (key.includes("/")) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return super.load(key);
  }
}

const isLook = ({ path }: FakeRequest): boolean => /\/containers\/[^/]+\/json/.test(path);
const isList = ({ path }: FakeRequest): boolean => path.startsWith("/containers/json");
const isRead = ({ path }: FakeRequest): boolean =>
  path.includes(`${web.id}/logs`) && path.includes("follow=0");
const isFollow = ({ path }: FakeRequest): boolean =>
  path.includes(`${web.id}/logs`) && path.includes("follow=1");

const holds: Readonly<Record<string, () => Hold>> = {
  "a store's load()": () => {
    const checkpoints = new StuckStore();
    return {
      options: { checkpoints },
      isHeld: () => checkpoints.waiting > 0,
      release: () => checkpoints.release(),
    };
  },
  "a look at the container": () => unanswered(isLook),
  "the list of containers": () => unanswered(isList),
  "a read of the log that finds where to begin": () => unanswered(isRead, { from: "now" }),
  "a stream that does not open": () => unanswered(isFollow, { from: "start" }),
  "a turn": () => {
    const busy = fake.create({ name: "busy" });
    const hold = unanswered(({ path }) => path.includes(`${busy.id}/logs`), { maxStreams: 1 });
    // Whoever comes first has the turn.
    const select: PoolOptions["select"] = ({ name }) => name !== "web" || hold.isHeld();
    return { ...hold, options: { ...hold.options, select } };
  },
};

interface Watched {
  readonly pool: StreamPool;
  readonly follower: PoolFollower;
  readonly abort: AbortController;
  readonly hold: Hold;
}

/** A pool that has come to where it is held. */
async function holding(make: () => Hold, options: PoolOptions): Promise<Watched> {
  const hold = make();
  const abort = new AbortController();
  const pool = new StreamPool({
    engine: fake.engine,
    source: eager,
    signal: abort.signal,
    ...hold.options,
    ...options,
  });
  return { pool, follower: new PoolFollower(pool), abort, hold };
}

/** Nothing is left at either side, also once that comes to its end which was waited for. */
async function expectNothingLeft({ pool, hold, follower }: Watched): Promise<void> {
  await follower.done;
  const { tasks, sockets, streamsOpen, streamsWaiting } = pool.stats;
  expect({ tasks, sockets, streamsOpen, streamsWaiting }).toEqual({
    tasks: 0,
    sockets: 0,
    streamsOpen: 0,
    streamsWaiting: 0,
  });
  expect(pool.sources.size).toBe(0);
  await nothingOpen(fake);
  const asked = fake.requests.length;
  const told = follower.statuses.length;
  hold.release();
  web.write("two");
  web.restart();
  await turns(50);
  expect(fake.requests.length).toBe(asked);
  expect(follower.statuses.length).toBe(told);
  expect(pool.sources.size).toBe(0);
}

describe.each(Object.entries(holds))("while a discovered container waits for %s", (name, make) => {
  async function discovering(): Promise<Watched> {
    const watched = await holding(make, {});
    await eventually(() => watched.hold.isHeld(), "held");
    if (name === "a turn") fake.create({ name: "other" });
    await turns(20);
    return watched;
  }

  it("close() ends it", async () => {
    const watched = await discovering();
    await watched.pool.close();
    await expectNothingLeft(watched);
    expect(watched.follower.error).toBeUndefined();
  });

  it("an abort ends it", async () => {
    const watched = await discovering();
    watched.abort.abort(new Error("enough"));
    await watched.pool.close();
    await expectNothingLeft(watched);
    expect(watched.follower.error).toEqual(new Error("enough"));
  });

  it("detach() ends it, and leaves the container alone", async () => {
    const watched = await discovering();
    const { pool, hold } = watched;
    await pool.detach("web");
    expect([...pool.sources.keys()]).not.toContain(web.id);
    hold.release();
    web.restart();
    web.write("two");
    const other = fake.create({ name: "another" });
    // Later than whatever is done about the one that was detached.
    if (name !== "a turn" && name !== "the list of containers")
      await watched.follower.attached(other);
    await turns(50);
    expect([...pool.sources.keys()]).not.toContain(web.id);
    await pool.close();
    await expectNothingLeft(watched);
    expect(watched.follower.lines(web)).toEqual([]);
  });
});

describe.each(Object.entries(holds).filter(([name]) => name !== "the list of containers"))(
  "while attach() waits for %s",
  (name, make) => {
    async function attaching(): Promise<Watched & { readonly attached: Promise<unknown> }> {
      const watched = await holding(make, { discover: false });
      const { pool, hold } = watched;
      if (name === "a turn") {
        await pool.attach("busy", { from: "start" });
        await eventually(() => hold.isHeld(), "held");
      }
      const attached = pool.attach("web");
      attached.catch(() => {});
      await eventually(() => hold.isHeld(), "held");
      await turns(20);
      return { ...watched, attached };
    }

    /** Where it has a source by now, that has ended. */
    async function expectGivenUp(attached: Promise<unknown>): Promise<void> {
      if (name === "a stream that does not open") await attached;
      else await failure(attached, "CLOSED");
    }

    it("close() ends it", async () => {
      const watched = await attaching();
      await watched.pool.close();
      await expectGivenUp(watched.attached);
      await expectNothingLeft(watched);
    });

    it("an abort ends it", async () => {
      const watched = await attaching();
      watched.abort.abort();
      await watched.pool.close();
      await expectGivenUp(watched.attached);
      await expectNothingLeft(watched);
    });

    it("detach() ends it, and leaves the container alone", async () => {
      const watched = await attaching();
      const { pool, hold } = watched;
      await pool.detach(web.id.slice(0, 20));
      await pool.detach("web");
      await expectGivenUp(watched.attached);
      hold.release();
      web.restart();
      await turns(50);
      expect([...pool.sources.keys()]).not.toContain(web.id);
      await pool.close();
      await expectNothingLeft(watched);
    });
  },
);

describe("detach() right behind attach()", () => {
  it.each(["web", "id", "prefix"])("by %s gives it up, whatever is known of it", async (by) => {
    const pool = new StreamPool({ engine: fake.engine, source: eager });
    const follower = new PoolFollower(pool);
    const named = { web: "web", id: web.id, prefix: web.id.slice(0, 16) }[by] ?? "";
    for (let round = 0; round < 12; round++) {
      const attaching = pool.attach("web").catch((error: unknown) => error);
      await turns(round);
      await pool.detach(named);
      const result = await attaching;
      const isGivenUp = DockspoolError.is(result, "CLOSED");
      if (!isGivenUp) expect(pool.sources.get(web.id)).toBeUndefined();
    }
    await follower.discovered();
    web.restart();
    web.write("two");
    await turns(50);
    expect(pool.sources.size).toBe(0);
    const source = await pool.attach("web", { from: "start" });
    await follower.expectAll(web);
    expect(pool.sources.get(web.id)).toBe(source);
    await follower.end();
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("of another container leaves it alone", async () => {
    const pool = new StreamPool({ engine: fake.engine, source: eager, discover: false });
    const follower = new PoolFollower(pool);
    const attaching = pool.attach("web", { from: "start" });
    await pool.detach("we");
    await pool.detach("f".repeat(64));
    const source = await attaching;
    await follower.expectAll(web);
    expect(source.stats.state).not.toBe("ended");
    await follower.end();
  });
});

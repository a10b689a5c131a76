import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, eventually, Follower, nothingOpen, thrown, turns } from "../support/fake-follow.ts";

const count = (kind: RegExp): number =>
  process.getActiveResourcesInfo().filter((name) => kind.test(name)).length;

let fake: FakeEngine;
let web: FakeContainer;
let timers = 0;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  web.write("one");
  timers = count(/Timeout/);
});
afterEach(() => fake.close());

/** A source, brought to some point of its life. */
interface Moment {
  readonly options?: SourceOptions;
  readonly reach: (follower: Follower) => Promise<unknown>;
}

const never = 2 ** 30;
const moments: Readonly<Record<string, Moment>> = {
  "before anything was done": { reach: async () => undefined },
  "while the container is inspected": {
    reach: async () => eventually(() => fake.requests.length === 1),
    options: {},
  },
  "while reading": { reach: (follower) => follower.has(1) },
  "while rotating": {
    reach: async (follower) => {
      await follower.has(1);
      follower.source.rotate().catch(() => {});
    },
  },
  "while backing off": {
    options: { reconnect: { minDelayMs: never, maxDelayMs: never } },
    reach: async (follower) => {
      await follower.has(1);
      fake.outage();
      await follower.status("reconnecting");
    },
  },
  "while the container is stopped": {
    reach: async (follower) => {
      await follower.has(1);
      web.stop();
      await follower.status("stopped");
      await eventually(() => fake.requests.some(({ path }) => path.startsWith("/events")));
    },
  },
  "while headers are withheld": {
    reach: async () => {
      fake.fault = ({ path }) => (path.includes("/logs") ? { withholdHeaders: true } : undefined);
      await eventually(() => fake.open.follows === 1);
    },
  },
  "while an answer is delayed": {
    reach: async () => {
      fake.fault = () => ({ delayMs: never });
      await eventually(() => fake.requests.length === 1);
    },
  },
};

/** Nothing of a source is left: at the engine, in this process, on the signal. */
async function expectNothingLeft(follower: Follower, signal: AbortSignal): Promise<void> {
  await follower.source.ended;
  await follower.done;
  fake.restore();
  await nothingOpen(fake);
  expect(follower.source.tasks.size).toBe(0);
  expect(follower.source.stats).toMatchObject({ state: "ended", tasks: 0 });
  await eventually(() => follower.source.stats.sockets === 0, "no socket of the source's");
  expect(getEventListeners(signal, "abort")).toEqual([]);
  await eventually(() => count(/Timeout/) <= timers, "no timer of the source's");
}

describe.each(Object.entries(moments))("%s", (_, { options, reach }) => {
  const open = (signal: AbortSignal): Follower =>
    new Follower(
      new ContainerLogSource("web", { engine: fake.engine, ...eager, signal, ...options }),
    );

  it("close() ends the loop normally and leaves nothing behind", async () => {
    const { signal } = new AbortController();
    const follower = open(signal);
    await reach(follower);
    await Promise.all([follower.source.close(), follower.source.close()]);
    await follower.source.close();
    await expectNothingLeft(follower, signal);
    expect(follower.error).toBeUndefined();
    expect(await follower.source.ended).toEqual({ kind: "closed" });
    expect(follower.seen("ended")).toHaveLength(1);
  });

  it("an abort makes the loop throw its reason and leaves nothing behind", async () => {
    const controller = new AbortController();
    const follower = open(controller.signal);
    await reach(follower);
    const reason = new Error("enough");
    controller.abort(reason);
    await expectNothingLeft(follower, controller.signal);
    expect(follower.error).toBe(reason);
    expect(await follower.source.ended).toEqual({ kind: "aborted", reason });
    await follower.source.close();
  });

  it("disposal ends it", async () => {
    const { signal } = new AbortController();
    const follower = open(signal);
    await reach(follower);
    await follower.source[Symbol.asyncDispose]();
    await expectNothingLeft(follower, signal);
  });
});

describe("leaving the loop", () => {
  it("by break closes the source before the statement behind it", async () => {
    const source = new ContainerLogSource("web", { engine: fake.engine });
    for await (const { line } of source) {
      expect(line).toBe("one");
      break;
    }
    expect(source.stats.state).toBe("ended");
    expect(await source.ended).toEqual({ kind: "closed" });
    await nothingOpen(fake);
  });

  it("by throw closes the source and keeps the error", async () => {
    const source = new ContainerLogSource("web", { engine: fake.engine });
    const loop = async (): Promise<void> => {
      for await (const { line } of source) throw new Error(line);
    };
    await expect(loop()).rejects.toThrow("one");
    expect(source.stats.state).toBe("ended");
    await nothingOpen(fake);
  });

  it("by return of a batch loop closes it too", async () => {
    const source = new ContainerLogSource("web", { engine: fake.engine });
    const first = async (): Promise<number> => {
      for await (const batch of source.batches()) return batch.length;
      return 0;
    };
    expect(await first()).toBe(1);
    expect(source.stats.state).toBe("ended");
    await nothingOpen(fake);
  });
});

describe("a source", () => {
  it("leaves nothing behind where its container is removed while it is looked at again", async () => {
    const source = new ContainerLogSource("web", { engine: fake.engine, ...eager });
    const follower = new Follower(source);
    await follower.has(1);
    web.cut();
    await follower.status("reconnecting");
    web.remove();
    await follower.done;
    expect(await source.ended).toMatchObject({ kind: "removed" });
    await turns(2);
    expect(source.stats.tasks).toBe(0);
    await nothingOpen(fake);
  });

  it("is consumed once, whichever way", async () => {
    const source = new ContainerLogSource("web", { engine: fake.engine });
    const iterator = source[Symbol.asyncIterator]();
    thrown(() => source[Symbol.asyncIterator](), "ALREADY_CONSUMED");
    thrown(() => source.batches()[Symbol.asyncIterator](), "ALREADY_CONSUMED");
    await iterator.next();
    await source.close();
    thrown(() => source[Symbol.asyncIterator](), "ALREADY_CONSUMED");
  });

  it("with a signal that has aborted opens nothing and throws the reason", async () => {
    const follower = new Follower(
      new ContainerLogSource("web", { engine: fake.engine, signal: AbortSignal.abort("no") }),
    );
    await follower.done;
    expect(follower.error).toBe("no");
    expect(await follower.source.ended).toEqual({ kind: "aborted", reason: "no" });
    expect(fake.requests).toEqual([]);
  });

  it("that was closed before it was consumed has nothing to read, and opened nothing", async () => {
    const source = new ContainerLogSource("web", { engine: fake.engine });
    await source.close();
    const follower = new Follower(source);
    await follower.done;
    expect([follower.error, follower.records, fake.requests]).toEqual([undefined, [], []]);
  });

  it("hands out the lines already read after close()", async () => {
    for (const line of ["two", "three"]) web.write(line);
    const source = new ContainerLogSource("web", { engine: fake.engine });
    const iterator = source[Symbol.asyncIterator]();
    await iterator.next();
    await eventually(() => source.stats.lines === 3);
    await source.close();
    const rest = [await iterator.next(), await iterator.next(), await iterator.next()];
    expect(rest.map(({ value }) => value?.line)).toEqual(["two", "three", undefined]);
  });

  it("shares its signal with many others without a warning", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    try {
      const controller = new AbortController();
      const { signal } = controller;
      const followers = Array.from(
        { length: 50 },
        () => new Follower(new ContainerLogSource("web", { engine: fake.engine, signal })),
      );
      for (const follower of followers) await follower.has(1);
      await Promise.all(followers.map(({ source }) => source.rotate()));
      controller.abort();
      for (const follower of followers) await expectNothingLeft(follower, signal);
      expect(warnings).toEqual([]);
    } finally {
      process.off("warning", note);
    }
  });

  it("ends normally when its container is removed, after the last line", async () => {
    const follower = new Follower(new ContainerLogSource("web", { engine: fake.engine, ...eager }));
    await follower.has(1);
    web.write("last");
    web.remove();
    await follower.done;
    expect([follower.texts, follower.error]).toEqual([["one", "last"], undefined]);
    expect(await follower.source.ended).toEqual({ kind: "removed", complete: true });
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CheckpointKeeper } from "../../src/checkpoint/keeper.ts";
import { DockspoolError } from "../../src/index.ts";
import { Counter, ScriptedStore } from "../support/checkpoint-keeper.ts";
import { failure } from "../support/fake-follow.ts";

let store: ScriptedStore;
let keeper: CheckpointKeeper;
beforeEach(() => {
  vi.useFakeTimers();
  store = new ScriptedStore();
  keeper = new CheckpointKeeper(store);
});
afterEach(() => {
  vi.useRealTimers();
});

function counter(key = "e/web", everyMs = 1_000): Counter {
  return new Counter(keeper, key, everyMs);
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe("a keeper whose store can't be written", () => {
  it("tries again, ever less often, and tells those concerned each time", async () => {
    const [web, api] = [counter(), counter("e/api")];
    await store.save(new Map([["e/api", { n: 0 }]]));
    store.fails = "save";
    web.move();
    await pass(600_000);
    const gaps = store.failedAt.slice(1).map((at, index) => at - (store.failedAt[index] ?? 0));
    for (const [index, gap] of gaps.entries()) {
      expect(gap).toBeGreaterThanOrEqual(gaps[index - 1] ?? 1_000);
      expect(gap).toBeLessThanOrEqual(30_000);
    }
    expect(gaps.length).toBeGreaterThan(20);
    expect(gaps.at(-1)).toBe(30_000);
    expect(web.failures).toHaveLength(store.failedAt.length);
    for (const error of web.failures) {
      expect(DockspoolError.is(error, "CHECKPOINT_UNWRITABLE")).toBe(true);
      expect(error.message).toMatch("no space");
    }
    expect(api.failures).toEqual([]);
    expect(keeper.failure).toBe(web.failures.at(-1));
  });

  it("is not asked more often because positions move, or somebody hurries", async () => {
    store.fails = "save";
    const web = counter("e/web", 10);
    for (let ms = 0; ms < 60_000; ms += 20) {
      web.move();
      keeper.hurry();
      await pass(20);
    }
    expect(store.failedAt.length).toBeLessThan(10);
  });

  it("loses nothing: once it works, all is saved as it is then", async () => {
    store.fails = "save";
    const [web, api, late] = [counter(), counter("e/api"), counter("e/late")];
    web.move();
    api.move();
    await pass(5_000);
    web.move();
    late.move();
    await pass(5_000);
    store.fails = undefined;
    await pass(30_000);
    expect(store.entries).toEqual({ "e/web": { n: 2 }, "e/api": { n: 1 }, "e/late": { n: 1 } });
    expect(keeper.failure).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("saves as often as before once it works", async () => {
    store.fails = "save";
    const web = counter();
    web.move();
    await pass(100_000);
    store.fails = undefined;
    await pass(30_000);
    const { length } = store.saves;
    for (let ms = 0; ms < 10_000; ms += 100) {
      web.move();
      await pass(100);
    }
    expect(store.saves.length - length).toBeGreaterThanOrEqual(9);
  });

  it("saves the later of two that keep one position, whichever failed", async () => {
    store.delayMs = 100;
    store.fails = "save";
    const [former, later] = [counter(), counter()];
    former.move();
    await pass(50);
    later.moveTo(7);
    await pass(100);
    store.fails = undefined;
    await pass(60_000);
    expect(store.entries).toEqual({ "e/web": { n: 7 } });
  });

  it("makes an error of whatever the store throws", async () => {
    const web = counter();
    for (const thrown of ["a text", undefined, null, 7]) {
      store.fails = { save: thrown };
      web.move();
      await keeper.save();
      expect(keeper.failure?.code).toBe("CHECKPOINT_UNWRITABLE");
      expect(keeper.failure?.message).toContain(String(thrown));
    }
  });

  it("never rejects", async () => {
    store.fails = "save";
    counter().move();
    await expect(keeper.save()).resolves.toBeUndefined();
    counter().move();
    await expect(keeper.saveWithin(1_000)).resolves.toBe(true);
  });
});

describe("a keeper whose store can't be read", () => {
  it("says so, with the cause", async () => {
    store.fails = "load";
    const error = await failure(keeper.load("e/web"), "CHECKPOINT_UNREADABLE");
    expect(error.message).toMatch("no space");
    expect(error.cause).toBeInstanceOf(Error);
    store.fails = "keys";
    await failure(keeper.keys("e/"), "CHECKPOINT_UNREADABLE");
    store.fails = undefined;
    expect(await keeper.keys("e/")).toEqual([]);
  });
});

describe("a keeper whose store never answers", () => {
  it("gives up waiting, and leaves no timer", async () => {
    store.delayMs = Infinity;
    counter().move();
    const saved = keeper.saveWithin(5_000);
    await pass(4_999);
    let isOver = false;
    void saved.then(() => (isOver = true));
    await pass(0);
    expect(isOver).toBe(false);
    await pass(1);
    expect(await saved).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("asks it no second time meanwhile, and goes on when it does answer", async () => {
    store.delayMs = Infinity;
    const web = counter();
    web.move();
    await pass(2_000);
    web.move();
    const saved = keeper.saveWithin(1_000);
    await pass(100_000);
    expect(await saved).toBe(false);
    expect(store.calls).toBe(1);
    store.delayMs = 0;
    store.answer();
    await pass(2_000_000);
    expect(store.entries).toEqual({ "e/web": { n: 2 } });
  });

  it("leaves no timer of a wait that was met", async () => {
    store.delayMs = 100;
    counter().move();
    const saved = keeper.saveWithin(5_000);
    await pass(100);
    expect(await saved).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CheckpointKeeper } from "../../src/checkpoint/keeper.ts";
import { ANSWER_WITHIN_MS } from "../../src/checkpoint/store-calls.ts";
import { DockspoolError } from "../../src/index.ts";
import { Counter, ScriptedStore } from "../support/checkpoint-keeper.ts";
import { failure } from "../support/fake-follow.ts";

const { signal } = new AbortController();
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
      expect(gap).toBeLessThanOrEqual(5_000);
    }
    expect(gaps.length).toBeGreaterThan(20);
    expect(gaps.at(-1)).toBe(5_000);
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
    expect(store.failedAt.length).toBeLessThan(16);
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
    await pass(5_000);
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
    await pass(5_000);
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
    const error = await failure(keeper.load("e/web", signal), "CHECKPOINT_UNREADABLE");
    expect(error.message).toMatch("no space");
    expect(error.cause).toBeInstanceOf(Error);
    store.fails = "keys";
    await failure(keeper.keys("e/", signal), "CHECKPOINT_UNREADABLE");
    store.fails = undefined;
    expect(await keeper.keys("e/", signal)).toEqual([]);
  });
});

describe("a keeper of which one entry can't be read", () => {
  for (const how of ["for good", "and whoever is told throws as well"]) {
    it(`${how}, saves the others, tells that one, and never rejects`, async () => {
      const failures: DockspoolError[] = [];
      const web = counter();
      const broken = {
        key: "e/broken",
        everyMs: 0,
        read: (): never => {
          throw new ReferenceError("no feed");
        },
        failed: (error: DockspoolError): void => {
          failures.push(error);
          if (how !== "for good") throw new Error("a listener's");
        },
      };
      for (let round = 1; round <= 3; round++) {
        keeper.changed(broken);
        web.move();
        await pass(2_000);
        expect(store.entries).toEqual({ "e/web": { n: round } });
        expect(failures).toHaveLength(round);
      }
      expect(failures[0]).toMatchObject({ code: "CHECKPOINT_UNWRITABLE", transient: true });
      expect(failures[0]?.message).toMatch("no feed");
      expect(web.failures).toEqual([]);
      expect(keeper.failure).toBeUndefined();
      store.fails = "save";
      keeper.changed({ ...broken, read: () => ({}) });
      await expect(keeper.save()).resolves.toBeUndefined();
    });
  }
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
    keeper.close();
    await pass(ANSWER_WITHIN_MS);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("asks it no second time meanwhile, and goes on when it does answer", async () => {
    store.delayMs = Infinity;
    const web = counter();
    web.move();
    await pass(2_000);
    web.move();
    const saved = keeper.saveWithin(1_000);
    await pass(ANSWER_WITHIN_MS - 3_000);
    expect(await saved).toBe(false);
    expect(store.calls).toBe(1);
    store.delayMs = 0;
    store.answer();
    await pass(2_000_000);
    expect(store.entries).toEqual({ "e/web": { n: 2 } });
    expect(web.failures).toEqual([]);
  });

  it("says so after a while, and tries again", async () => {
    store.delayMs = Infinity;
    const web = counter();
    web.move();
    await pass(ANSWER_WITHIN_MS);
    expect(web.failures).toHaveLength(1);
    expect(web.failures[0]?.message).toMatch(`no answer within ${ANSWER_WITHIN_MS} ms`);
    expect(web.failures[0]).toMatchObject({ code: "CHECKPOINT_UNWRITABLE", transient: true });
    store.delayMs = 0;
    web.move();
    await pass(5_000);
    expect(store.entries).toEqual({ "e/web": { n: 2 } });
    expect(keeper.failure).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("saves again what an answer that comes too late has put back", async () => {
    store.delayMs = Infinity;
    const web = counter();
    web.move();
    await pass(ANSWER_WITHIN_MS);
    const answerLate = store.answerer();
    store.delayMs = 0;
    web.move();
    await pass(5_000);
    expect(store.entries).toEqual({ "e/web": { n: 2 } });
    const { length } = store.saves;
    answerLate();
    await pass(5_000);
    expect(store.saves).toHaveLength(length + 2);
    expect(store.entries).toEqual({ "e/web": { n: 2 } });
  });

  it("deletes again what an answer that comes too late has put back", async () => {
    store.delayMs = Infinity;
    counter().move();
    await pass(ANSWER_WITHIN_MS);
    const answerLate = store.answerer();
    store.delayMs = 0;
    keeper.delete("e/web");
    await pass(5_000);
    expect(store.entries).toEqual({});
    const { length } = store.saves;
    answerLate();
    await pass(5_000);
    expect(store.saves).toHaveLength(length + 1);
    expect(store.entries).toEqual({});
  });

  it("gives up a load and a list of keys as well, and leaves them at once when it is told to", async () => {
    const silent = new CheckpointKeeper({
      load: () => new Promise(() => {}),
      save: () => new Promise(() => {}),
      delete: () => new Promise(() => {}),
      keys: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
    });
    const loading = failure(silent.load("e/web", signal), "CHECKPOINT_UNREADABLE");
    const listing = failure(silent.keys("e/", signal), "CHECKPOINT_UNREADABLE");
    await pass(ANSWER_WITHIN_MS);
    for (const error of [await loading, await listing]) {
      expect(error.message).toMatch("no answer within");
      expect(error.transient).toBe(true);
    }
    const leave = new AbortController();
    const left = silent.load("e/web", leave.signal);
    leave.abort(new Error("closed"));
    await expect(left).rejects.toThrow("closed");
    expect(vi.getTimerCount()).toBe(0);
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

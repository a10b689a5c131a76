import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CheckpointKeeper } from "../../src/checkpoint/keeper.ts";
import { ScriptedStore, Counter } from "../support/checkpoint-keeper.ts";

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

describe("a keeper", () => {
  it("saves no more often than asked, and the latest", async () => {
    const web = counter();
    for (let ms = 0; ms < 10_000; ms += 10) {
      web.move();
      await pass(10);
    }
    await pass(1_000);
    expect(store.saves.length).toBeGreaterThanOrEqual(10);
    for (const [index, { at }] of store.saves.entries()) {
      const before = store.saves[index - 1];
      if (before !== undefined) expect(at - before.at).toBeGreaterThanOrEqual(1_000);
    }
    expect(store.entries).toEqual({ "e/web": { n: 1_000 } });
  });

  it("saves only what has changed, and only when something has", async () => {
    const [web, api] = [counter(), counter("e/api")];
    web.move();
    api.move();
    await pass(5_000);
    expect(store.saves.map(({ keys }) => keys)).toEqual([["e/web", "e/api"]]);
    await pass(100_000);
    expect(store.saves).toHaveLength(1);
    api.move();
    await pass(5_000);
    expect(store.saves.map(({ keys }) => keys)).toEqual([["e/web", "e/api"], ["e/api"]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("saves none of which there is no position yet", async () => {
    keeper.changed({ key: "e/web", everyMs: 0, read: () => undefined, failed: () => {} });
    await pass(5_000);
    expect(store.saves).toEqual([]);
    expect(store.calls).toBe(0);
  });

  it("goes by the shortest interval of those that have changed", async () => {
    const [slow, fast] = [counter("e/slow", 60_000), counter("e/fast", 500)];
    fast.move();
    await keeper.save();
    slow.move();
    await pass(1_000);
    expect(store.saves).toHaveLength(1);
    fast.move();
    await pass(500);
    expect(store.saves.map(({ keys }) => keys.toSorted())).toEqual([
      ["e/fast"],
      ["e/fast", "e/slow"],
    ]);
  });

  it("saves at once when hurried, and nothing where nothing has changed", async () => {
    const web = counter("e/web", 60_000);
    web.move();
    await pass(0);
    web.move();
    await pass(1_000);
    const { length } = store.saves;
    expect(store.entries).not.toEqual({ "e/web": { n: 2 } });
    keeper.hurry();
    await pass(0);
    expect(store.entries).toEqual({ "e/web": { n: 2 } });
    keeper.hurry();
    await pass(120_000);
    expect(store.saves).toHaveLength(length + 1);
  });

  it("that is hurried during a save, saves again right after it", async () => {
    const web = counter("e/web", 3_600_000);
    store.delayMs = 100;
    web.move();
    await pass(50);
    web.move();
    keeper.hurry();
    await pass(5_000);
    expect(store.entries).toEqual({ "e/web": { n: 2 } });
  });

  it("saves after a save what changed during it", async () => {
    const web = counter();
    store.delayMs = 200;
    web.move();
    await pass(100);
    web.move();
    await pass(100);
    expect(store.entries).toEqual({ "e/web": { n: 1 } });
    await pass(10_000);
    expect(store.entries).toEqual({ "e/web": { n: 2 } });
    expect(store.most).toBe(1);
  });

  it("by save(), saves what has changed by then, also during a save", async () => {
    const web = counter("e/web", 3_600_000);
    store.delayMs = 200;
    web.move();
    await pass(100);
    web.move();
    const saved = Promise.all([keeper.save(), keeper.save(), keeper.save()]);
    await pass(300);
    await saved;
    expect(store.entries).toEqual({ "e/web": { n: 2 } });
    expect(store.saves).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("knows what is not saved yet", async () => {
    const web = counter("e/web", 1_000);
    expect(keeper.isChanged("e/web")).toBe(false);
    web.move();
    expect(keeper.isChanged("e/web")).toBe(true);
    await keeper.save();
    expect(keeper.isChanged("e/web")).toBe(false);
  });

  it("gives a slow store no more than about a tenth of the time", async () => {
    const web = counter("e/web", 1_000);
    store.delayMs = 150;
    for (let ms = 0; ms < 200_000; ms += 100) {
      web.move();
      if (ms % 3_000 === 0) keeper.hurry();
      await pass(100);
    }
    const busyMs = store.saves.length * 150;
    expect(busyMs).toBeGreaterThan(200_000 * 0.05);
    expect(busyMs).toBeLessThan(200_000 * 0.11);
  });

  it("rests no longer than two seconds, however slow a save was", async () => {
    const web = counter("e/web", 1_000);
    store.delayMs = 5_000;
    for (let ms = 0; ms < 70_000; ms += 100) {
      web.move();
      await pass(100);
    }
    expect(store.saves.length).toBe(10);
  });
});

describe("a keeper's delete", () => {
  it("wins over a position that was to be saved", async () => {
    const web = counter();
    await store.save(new Map([["e/web", { n: 0 }]]));
    web.move();
    keeper.delete("e/web");
    await pass(5_000);
    expect(store.entries).toEqual({});
  });

  it("wins over one that is being saved", async () => {
    store.delayMs = 100;
    counter().move();
    await pass(50);
    keeper.delete("e/web");
    await pass(10_000);
    expect(store.entries).toEqual({});
  });

  it("wins over one that could not be saved", async () => {
    store.delayMs = 100;
    store.fails = "save";
    const web = counter();
    web.move();
    await pass(50);
    keeper.delete("e/web");
    await pass(5_000);
    store.fails = undefined;
    await pass(60_000);
    expect(store.entries).toEqual({});
    expect(store.deletes).toContainEqual(["e/web"]);
  });

  it("that failed is tried again, and what was saved before it is no loss", async () => {
    await store.save(new Map([["e/old", { n: 0 }]]));
    store.fails = "delete";
    const web = counter();
    web.move();
    keeper.delete("e/old");
    await pass(5_000);
    expect(store.entries).toEqual({ "e/old": { n: 0 }, "e/web": { n: 1 } });
    expect(keeper.failure?.code).toBe("CHECKPOINT_UNWRITABLE");
    store.fails = undefined;
    await pass(60_000);
    expect(store.entries).toEqual({ "e/web": { n: 1 } });
    expect(keeper.failure).toBeUndefined();
  });
});

describe("for how long a change waits to be saved", () => {
  it("counts from the first one that is not saved", async () => {
    const web = counter();
    expect(keeper.unsavedForMs).toBe(0);
    web.move();
    await pass(10);
    expect(keeper.unsavedForMs).toBe(0);
    web.move();
    await pass(600);
    web.move();
    await pass(200);
    expect(keeper.unsavedForMs).toBe(800);
    await pass(1_000);
    expect(keeper.unsavedForMs).toBe(0);
  });

  it("goes on over saves that fail, and ends with one that works", async () => {
    const web = counter();
    store.fails = "save";
    web.move();
    await pass(20_000);
    web.move();
    await pass(5_000);
    expect(store.failedAt.length).toBeGreaterThan(1);
    expect(keeper.unsavedForMs).toBe(25_000);
    store.fails = undefined;
    await pass(60_000);
    expect(keeper.unsavedForMs).toBe(0);
  });

  it("counts while a save takes long; then what has changed meanwhile counts", async () => {
    const web = counter("e/web", 0);
    store.delayMs = 2_000;
    web.move();
    await pass(1_500);
    expect(keeper.unsavedForMs).toBe(1_500);
    web.move();
    await pass(1_000);
    expect(keeper.unsavedForMs).toBe(1_000);
  });

  it("counts what is to be deleted as well", async () => {
    const web = counter();
    web.move();
    await pass(10);
    store.fails = "delete";
    keeper.delete("e/web");
    await pass(3_000);
    expect(keeper.unsavedForMs).toBe(3_000);
  });
});

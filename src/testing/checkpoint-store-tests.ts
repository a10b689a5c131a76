import assert from "node:assert/strict";
import type { Checkpoint, CheckpointStore } from "../checkpoint/store.ts";

/** One thing that a store must do. */
export interface CheckpointStoreTest {
  readonly name: string;
  /** Rejects with an AssertionError where the store does not. */
  readonly run: () => Promise<void>;
}

export interface CheckpointStoreTestOptions<T extends CheckpointStore = CheckpointStore> {
  /** Resolves with a store that holds nothing. Called once for each test. */
  readonly create: () => T | Promise<T>;
  /** Resolves with another store over the same data, as the next process has it. Without it persistence is not tested. */
  readonly reopen?: (store: T) => T | Promise<T>;
}

const WEB = "engine-1/web";
const API = "engine-1/api";
const OTHER = "engine-10/web";
const position: Checkpoint = {
  version: 1,
  container: "web",
  groups: [["2026-01-01T00:00:00.000000001Z", 3, "k2j"]],
  nested: { text: 'Grüße, "quoted"\n', empty: "", none: null, flag: true, float: 1.5 },
};
const later: Checkpoint = { version: 1, container: "web", groups: [] };

/**
 * What a checkpoint store of your own must do, for any test runner.
 *
 * @example
 * for (const { name, run } of checkpointStoreTests({ create: () => new RedisStore() })) test(name, run);
 */
export function checkpointStoreTests<T extends CheckpointStore>({
  create,
  reopen,
}: CheckpointStoreTestOptions<T>): readonly CheckpointStoreTest[] {
  const tests: CheckpointStoreTest[] = [];
  const it = (name: string, check: (store: T) => Promise<void>): void => {
    tests.push({ name, run: async () => check(await create()) });
  };

  it("gives undefined for what was never saved", async (store) => {
    assert.equal(await store.load(WEB), undefined);
    assert.deepEqual(await keysOf(store, ""), []);
  });
  it("gives back what was saved", async (store) => {
    await store.save(new Map([[WEB, position]]));
    assert.deepEqual(await store.load(WEB), position);
  });
  it("keeps what was saved whatever happens to the object", async (store) => {
    const changing: Record<string, unknown> = { ...position };
    await store.save(new Map([[WEB, changing]]));
    changing["container"] = "changed";
    assert.deepEqual(await store.load(WEB), position);
  });
  it("replaces an entry, and no others", async (store) => {
    await store.save(entries([WEB, position], [API, position]));
    await store.save(new Map([[WEB, later]]));
    assert.deepEqual(await store.load(WEB), later);
    assert.deepEqual(await store.load(API), position);
  });
  it("saves many entries at once, and none", async (store) => {
    const many = new Map(Array.from({ length: 1_000 }, (_, n) => [`engine-1/${n}`, { n }]));
    await store.save(many);
    await store.save(new Map());
    assert.equal((await keysOf(store, "engine-1/")).length, 1_000);
    assert.deepEqual(await store.load("engine-1/999"), { n: 999 });
  });
  it("lists the keys that begin with a prefix, and no others", async (store) => {
    await store.save(
      entries([WEB, position], [API, position], [OTHER, position], ["engine-1", later]),
    );
    assert.deepEqual(await keysOf(store, "engine-1/"), [API, WEB]);
    assert.deepEqual(await keysOf(store, "engine-2/"), []);
    assert.deepEqual(await keysOf(store, ""), ["engine-1", API, WEB, OTHER]);
  });
  it("takes the prefix as it is, not as a pattern", async (store) => {
    await store.save(entries(["a%/1", later], ["a_/1", later], ["a*/1", later], ["ab/1", later]));
    assert.deepEqual(await keysOf(store, "a%/"), ["a%/1"]);
    assert.deepEqual(await keysOf(store, "a_/"), ["a_/1"]);
    assert.deepEqual(await keysOf(store, "a*/"), ["a*/1"]);
  });
  it("deletes entries, and no others", async (store) => {
    await store.save(entries([WEB, position], [API, position], [OTHER, position]));
    await store.delete([WEB, API]);
    assert.equal(await store.load(WEB), undefined);
    assert.deepEqual(await keysOf(store, ""), [OTHER]);
  });
  it("deletes what is not there, and nothing", async (store) => {
    await store.save(new Map([[WEB, position]]));
    await store.delete(["engine-1/none"]);
    await store.delete([]);
    assert.deepEqual(await store.load(WEB), position);
  });
  it("lets entries be deleted while keys are listed", async (store) => {
    await store.save(entries([WEB, position], [API, position]));
    for await (const key of store.keys("engine-1/")) await store.delete([key]);
    assert.deepEqual(await keysOf(store, ""), []);
  });
  it("takes calls that overlap, the last one last", async (store) => {
    const saves = Array.from({ length: 20 }, (_, n) =>
      store.save(entries([WEB, { n }], [`engine-1/${n}`, { n }])),
    );
    await Promise.all(saves);
    assert.deepEqual(await store.load(WEB), { n: 19 });
    assert.equal((await keysOf(store, "engine-1/")).length, 21);
  });
  if (reopen === undefined) return tests;

  it("keeps entries for the next process", async (store) => {
    await store.save(entries([WEB, position], [API, later]));
    await store.delete([API]);
    const next = await reopen(store);
    assert.deepEqual(await next.load(WEB), position);
    assert.deepEqual(await keysOf(next, ""), [WEB]);
  });
  return tests;
}

function entries(...given: readonly (readonly [string, Checkpoint])[]): Map<string, Checkpoint> {
  return new Map(given);
}

async function keysOf(store: CheckpointStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of store.keys(prefix)) keys.push(key);
  return keys.toSorted();
}

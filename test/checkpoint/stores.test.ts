import { AssertionError } from "node:assert";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FileCheckpointStore, MemoryCheckpointStore } from "../../src/index.ts";
import type { CheckpointStore } from "../../src/index.ts";
import { checkpointStoreTests } from "../../src/testing.ts";
import type { CheckpointStoreTest } from "../../src/testing.ts";
import { brokenStores } from "../support/checkpoint-broken-stores.ts";
import { failure } from "../support/fake-follow.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";

describe("a MemoryCheckpointStore", () => {
  const tests = checkpointStoreTests({ create: () => new MemoryCheckpointStore() });
  it.each(tests)("$name", async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe("a FileCheckpointStore", () => {
  const paths = new Map<CheckpointStore, string>();
  const create = (path: string): CheckpointStore => {
    const store = new FileCheckpointStore(path);
    paths.set(store, path);
    return store;
  };
  const tests = checkpointStoreTests({
    create: () => create(join(temporaryFolder(), "positions.json")),
    reopen: (store) => create(paths.get(store) ?? "unknown"),
  });
  it.each(tests)("$name", async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

it.each([
  ["memory", () => new MemoryCheckpointStore()],
  ["file", () => new FileCheckpointStore(join(temporaryFolder(), "positions.json"))],
] as const)("refuses what is no JSON, and keeps what it has: %s", async (_, create) => {
  const store = create();
  await store.save(new Map([["a", { at: 1 }]]));
  const own: Record<string, unknown> = {};
  own["own"] = own;
  for (const wrong of [undefined, 5, null, own, { count: 1n }, { toJSON: () => undefined }]) {
    const entries = new Map<string, never>([["b", wrong as never]]);
    await expect(store.save(entries)).rejects.toMatchObject({ code: "INVALID_OPTION" });
  }
  await store.save(new Map([["c", { at: 2 }]]));
  const again = store instanceof FileCheckpointStore ? new FileCheckpointStore(store.path) : store;
  const keys: string[] = [];
  for await (const key of again.keys("")) keys.push(key);
  expect(keys).toEqual(["a", "c"]);
});

it.each([
  ["memory", () => new MemoryCheckpointStore()],
  ["file", () => new FileCheckpointStore(join(temporaryFolder(), "positions.json"))],
] as const)("refuses arguments that would do nothing, or something else: %s", async (_, create) => {
  const store = create();
  await store.save(new Map([["a", { at: 1 }]]));
  const first = async (prefix: unknown): Promise<void> => {
    for await (const key of store.keys(prefix as never)) return expect.fail(key);
  };
  for (const wrong of [{ b: { at: 2 } }, null, undefined, "b", [[5, {}]], [5]])
    await failure(store.save(wrong as never), "INVALID_OPTION");
  for (const wrong of ["a", undefined, { a: 1 }, [5]])
    await failure(store.delete(wrong as never), "INVALID_OPTION");
  for (const wrong of [undefined, 5, {}])
    await failure(store.load(wrong as never), "INVALID_OPTION");
  for (const wrong of [undefined, 5, /a/]) await failure(first(wrong), "INVALID_OPTION");
  expect(await store.load("a")).toEqual({ at: 1 });
});

/** The names of the tests that a store fails. */
async function failed(tests: readonly CheckpointStoreTest[]): Promise<string[]> {
  const names: string[] = [];
  for (const { name, run } of tests) {
    try {
      await run();
    } catch (error) {
      expect(error).toBeInstanceOf(AssertionError);
      names.push(name);
    }
  }
  return names;
}

describe("the tests for stores", () => {
  for (const [fault, { create, reopen, fails }] of Object.entries(brokenStores)) {
    it(`find a store that ${fault}`, async () => {
      const tests = checkpointStoreTests({
        create,
        ...(reopen === undefined ? {} : { reopen }),
      });
      expect(await failed(tests)).toContain(fails);
    });
  }

  it("have a broken store for each", () => {
    const reopen = (store: CheckpointStore): CheckpointStore => store;
    const tests = checkpointStoreTests({ create: () => new MemoryCheckpointStore(), reopen });
    const found = new Set(Object.values(brokenStores).map(({ fails }) => fails));
    expect(found).toEqual(new Set(tests.map(({ name }) => name)));
  });

  it("leave persistence out where a store can't be opened again", () => {
    const create = (): CheckpointStore => new MemoryCheckpointStore();
    const names = checkpointStoreTests({ create }).map(({ name }) => name);
    expect(names).not.toContain("keeps entries for the next process");
    expect(new Set(names).size).toBe(names.length);
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, MemoryCheckpointStore } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { WatchedStore } from "../support/checkpoint-stores.ts";
import { eager, eventually, Follower, texts, thrown } from "../support/fake-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
let store: WatchedStore;
let sources: ContainerLogSource[];
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  store = new WatchedStore();
  sources = [];
});
afterEach(async () => {
  await Promise.all(sources.map((source) => source.close()));
  await fake.close();
});

/** Saves only where it must. */
const rarely = { checkpointEveryMs: 3_600_000 } as const;

function open(options: SourceOptions = {}, container = "web"): ContainerLogSource {
  const source = new ContainerLogSource(container, {
    engine: fake.engine,
    checkpoints: store,
    ...eager,
    ...rarely,
    ...options,
  });
  sources.push(source);
  return source;
}

function write(...lines: readonly string[]): void {
  for (const line of lines) web.write(line);
}

/** The rest of the log, as another source with the same store reads it. */
async function rest(options: SourceOptions = {}): Promise<string[]> {
  const lines: string[] = [];
  const own = new MemoryCheckpointStore();
  const before = Object.entries(await store.all());
  await own.save(new Map(before));
  for await (const { line } of open({ follow: false, checkpoints: own, ...options }))
    lines.push(line);
  return lines;
}

describe("a source that is iterated", () => {
  it("begins behind the last line that was followed by another", async () => {
    write("one", "two", "three", "four");
    const seen: string[] = [];
    for await (const { line } of open()) {
      seen.push(line);
      if (line === "three") break;
    }
    expect(seen).toEqual(["one", "two", "three"]);
    expect(await rest()).toEqual(["three", "four"]);
  });

  it("counts the one in hand where it is acknowledged", async () => {
    write("one", "two", "three");
    const source = open();
    for await (const { line } of source) {
      if (line !== "two") continue;
      source.acknowledge();
      break;
    }
    expect(await rest()).toEqual(["three"]);
  });

  it("does not count the one whose handling throws", async () => {
    write("one", "two");
    const loop = async (): Promise<void> => {
      for await (const { line } of open()) if (line === "two") throw new Error("disk full");
    };
    await expect(loop()).rejects.toThrow("disk full");
    expect(await rest()).toEqual(["two"]);
  });

  it("saves at the end of the loop, and reads only what is new then", async () => {
    write("one", "two");
    expect(await read()).toEqual(["one", "two"]);
    expect(await read()).toEqual([]);
    write("three");
    expect(await read()).toEqual(["three"]);
  });

  async function read(): Promise<string[]> {
    const lines: string[] = [];
    for await (const { line } of open({ follow: false })) lines.push(line);
    return lines;
  }

  it("saves what was handed out after close()", async () => {
    write("one", "two", "three");
    const source = open();
    const iterator = source[Symbol.asyncIterator]();
    await iterator.next();
    await eventually(() => source.stats.lines === 3, "three lines");
    await source.close();
    expect(await rest()).toEqual(["one", "two", "three"]);
    for (let result = await iterator.next(); result.done !== true;) result = await iterator.next();
    expect(await rest()).toEqual([]);
  });

  it("saves when it is aborted", async () => {
    write("one", "two");
    const aborting = new AbortController();
    const follower = new Follower(open({ signal: aborting.signal }), (record) => {
      if (record.line === "two") aborting.abort(new Error("enough"));
    });
    await follower.done;
    expect(follower.error).toMatchObject({ message: "enough" });
    // The next one was asked for.
    expect(await rest()).toEqual([]);
  });

  it("by batches, counts a batch when the next one is asked for", async () => {
    write("one", "two");
    const source = open();
    for await (const batch of source.batches()) {
      if (texts(batch).includes("three")) break;
      write("three", "four");
    }
    expect(await rest()).toEqual(["three", "four"]);
  });

  it("by batches, counts the one in hand where it is acknowledged", async () => {
    write("one", "two");
    const source = open();
    for await (const batch of source.batches()) {
      expect(texts(batch)).toEqual(["one", "two"]);
      source.acknowledge();
      break;
    }
    write("three");
    expect(await rest()).toEqual(["three"]);
  });
});

describe("a source that delivers to a sink", () => {
  it("begins behind what the sink has taken", async () => {
    write("one", "two", "three");
    let refuse: (error: Error) => void = () => {};
    const source = open();
    const delivery = source.deliver(
      (batch) => {
        if (texts(batch).includes("two"))
          return new Promise<void>((_, reject) => {
            refuse = reject;
          });
        return undefined;
      },
      { maxRecords: 1, retry: { attempts: 1 } },
    );
    await eventually(() => source.stats.delivered === 1, "one delivered");
    // Whether "one" is saved by then depends on when the first position was.
    expect((await rest()).slice(-2)).toEqual(["two", "three"]);
    refuse(new Error("no"));
    await expect(delivery.done).rejects.toMatchObject({ code: "SINK_FAILED" });
    expect(await rest()).toEqual(["two", "three"]);
  });

  it("saves when the sink is stopped, and when the source is closed", async () => {
    write("one", "two");
    const stopped = open();
    const delivery = stopped.deliver(() => {});
    await delivery.stop();
    const first = await rest();
    await stopped.close();
    expect(texts(web.log)).toEqual([...texts(web.log).slice(0, 2 - first.length), ...first]);
    const seen: string[] = [];
    const source = open();
    source.deliver((batch) => void seen.push(...texts(batch)), { maxWaitMs: 3_600_000 });
    await eventually(() => source.stats.lines === first.length && source.stats.generation > 0);
    await source.close();
    expect(seen).toEqual(first);
    expect(await rest()).toEqual([]);
  });
});

describe("a source's position", () => {
  it("is saved when reading begins, so that it is known where", async () => {
    write("old");
    const follower = new Follower(open({ from: "now" }));
    await store.has((all) => Object.keys(all).length > 0, "a checkpoint");
    write("new");
    expect(await rest({ from: "start" })).toEqual(["new"]);
    await follower.source.close();
  });

  it("is saved every `checkpointEveryMs`", async () => {
    write("one");
    const follower = new Follower(open({ checkpointEveryMs: 20 }));
    await follower.has(1);
    for (let line = 0; line < 5; line++) {
      const { saves } = store;
      write(`more ${line}`);
      await eventually(() => store.saves > saves, "another save");
    }
    await eventually(() => follower.records.length === 6);
    await store.has((all) => JSON.stringify(all).length > 0, "entries");
    await follower.source.close();
    expect(await rest()).toEqual([]);
  });

  it("is saved by rotate()", async () => {
    write("one", "two");
    const follower = new Follower(open());
    await follower.has(2);
    await eventually(() => follower.source.stats.delivered === 2);
    await follower.source.rotate();
    expect(await rest()).toEqual([]);
  });

  it("is saved by periodic rotations", async () => {
    const follower = new Follower(open({ rotateEveryMs: 20 }));
    await follower.status("opened");
    write("one", "two");
    await follower.has(2);
    await eventually(() => follower.source.stats.delivered === 2);
    await expect.poll(() => rest(), { timeout: 60_000 }).toEqual([]);
  });

  it("is saved when the container has stopped, and kept", async () => {
    const follower = new Follower(open());
    await follower.status("opened");
    write("one", "two");
    await follower.has(2);
    await eventually(() => follower.source.stats.delivered === 2);
    web.stop();
    await follower.status("stopped");
    await expect.poll(() => rest(), { timeout: 60_000 }).toEqual([]);
    expect(Object.keys(await store.all())).toHaveLength(1);
    web.start();
    write("three");
    await follower.has(3);
    expect(follower.texts).toEqual(["one", "two", "three"]);
  });

  it("wins over `from`, and `resume` over both", async () => {
    write("one", "two", "three");
    const source = open();
    for await (const { line } of source) if (line === "two") break;
    const { cursor } = source;
    for await (const { line } of open()) if (line === "three") break;
    expect(await rest({ from: "now" })).toEqual(["three"]);
    expect(await rest({ from: { tail: 3 } })).toEqual(["three"]);
    expect(await rest({ from: "now", ...(cursor && { resume: cursor }) })).toEqual([
      "two",
      "three",
    ]);
  });

  it("holds for another choice of streams", async () => {
    write("one", "two");
    web.write("error", { stream: "stderr" });
    write("three");
    for await (const { line } of open({ streams: ["stdout"] })) if (line === "three") break;
    expect(await rest({ streams: ["stdout"] })).toEqual(["three"]);
    expect((await rest()).at(-1)).toBe("three");
  });

  it("is checked with the options", () => {
    const bad = [null, "path", {}, { load: () => {} }, new Map()];
    for (const checkpoints of bad) {
      const error = thrown(() => open({ checkpoints: checkpoints as never }), "INVALID_OPTION");
      expect(error.message).toMatch("checkpoints");
    }
    for (const checkpointEveryMs of [-1, NaN, Infinity, "1000", null, 2 ** 31]) {
      const given = { checkpointEveryMs: checkpointEveryMs as never };
      expect(thrown(() => open(given), "INVALID_OPTION").message).toMatch("checkpointEveryMs");
    }
  });
});

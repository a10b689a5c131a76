import { describe, expect, it, vi } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { Follower, eager } from "../support/fake-follow.ts";
import { FileLog, dataRoot } from "../support/file-log.ts";

let answer: Promise<void> | undefined;
/** Whether a file is there is not answered before. */
let looks: Promise<void> | undefined;

vi.mock(import("node:fs/promises"), async (original) => {
  const all = await original();
  /** Each read waits for as long as the disk does not answer. */
  const opened: typeof all.open = async (...given) => {
    const handle = await all.open(...given);
    const read = handle.read.bind(handle);
    return Object.assign(handle, {
      read: async (...args: Parameters<typeof read>) => {
        await answer;
        return read(...args);
      },
    });
  };
  /** A network file system. */
  const remote = async (): Promise<unknown> => ({ type: 0x6969n });
  const looked: typeof all.access = async (...given) => {
    await looks;
    return all.access(...given);
  };
  return { ...all, access: looked, open: opened, statfs: remote as typeof all.statfs };
});

/** No read is answered until what this returns is called. */
function hang(): () => void {
  let mend = (): void => {};
  answer = new Promise((resolve) => {
    mend = () => {
      answer = undefined;
      resolve();
    };
  });
  return mend;
}

interface Scene extends AsyncDisposable {
  readonly fake: FakeEngine;
  readonly log: FileLog;
  readonly options: { readonly read: "files"; readonly files: { readonly root: string } };
}

async function scene(): Promise<Scene> {
  const fake = await FakeEngine.start();
  const root = dataRoot();
  const log = new FileLog(fake.create({ name: "web", logDriver: "json-file" }), root);
  log.write("one");
  const options = { read: "files", files: { root } } as const;
  return { fake, log, options, [Symbol.asyncDispose]: () => fake.close() };
}

describe("a log whose disk does not answer", () => {
  it("is told of, and goes on once it does", async () => {
    await using at = await scene();
    const source = new ContainerLogSource("web", { engine: at.fake.engine, ...at.options });
    const follower = new Follower(source);
    await follower.has(1);
    const mend = hang();
    at.log.write("two");
    await follower.until(() => source.stats.waitsFor === "the disk", "a read that hangs");
    mend();
    await follower.has(2);
    await expect.poll(() => source.stats.waitsFor).toBeUndefined();
    await source.close();
  });

  it("makes its pool unhealthy while it lasts", async () => {
    await using at = await scene();
    await using pool = new StreamPool({ engine: at.fake.engine, ...at.options });
    const came: string[] = [];
    pool.deliver((batch) => {
      for (const { line } of batch) came.push(line);
    });
    await pool.ready();
    const mend = hang();
    at.log.write("two");
    const streams = (): unknown => pool.health().components["streams"];
    await expect.poll(streams, { timeout: 30_000 }).toMatchObject({
      status: "unhealthy",
      detail: expect.stringContaining("web waits for the disk"),
    });
    mend();
    await expect.poll(() => came, { timeout: 30_000 }).toEqual(["two"]);
    await expect.poll(streams).toMatchObject({ status: "healthy" });
  });

  it("ends a rotation by its deadline, and is read on once it answers", async () => {
    await using at = await scene();
    const engine = at.fake.engine;
    const source = new ContainerLogSource("web", {
      engine,
      ...at.options,
      ...eager,
      rotateTimeoutMs: 1_000,
    });
    const follower = new Follower(source);
    await follower.has(1);
    const mend = hang();
    at.log.write("two");
    await follower.until(() => source.stats.waitsFor === "the disk", "a read that hangs");
    await expect(source.rotate()).rejects.toMatchObject({ code: "TASKS_STILL_RUNNING" });
    mend();
    await follower.has(2);
    at.log.write("three");
    await follower.has(3);
    expect(follower.texts).toEqual(["one", "two", "three"]);
    expect(follower.seen("gap")).toEqual([]);
    await source.close();
  });

  it.each(["closed", "aborted"] as const)("does not keep its source from being %s", async (how) => {
    await using at = await scene();
    const abort = new AbortController();
    const { engine } = at.fake;
    const { signal } = abort;
    const source = new ContainerLogSource("web", {
      engine,
      ...at.options,
      signal,
      rotateTimeoutMs: 1_000,
    });
    const follower = new Follower(source);
    await follower.has(1);
    const mend = hang();
    at.log.write("two");
    await follower.until(() => source.stats.waitsFor === "the disk", "a read that hangs");
    if (how === "aborted") abort.abort();
    else await expect(source.close()).rejects.toMatchObject({ code: "TASKS_STILL_RUNNING" });
    expect(await source.ended).toMatchObject({ kind: how });
    mend();
    await expect.poll(() => source.stats.tasks).toBe(0);
  });
});

describe("a disk that does not answer before anything is read", () => {
  function hangLooks(): () => void {
    let mend = (): void => {};
    looks = new Promise((resolve) => {
      mend = () => {
        looks = undefined;
        resolve();
      };
    });
    return mend;
  }

  it("is given up for the engine, or is told of, until it answers", async () => {
    await using at = await scene();
    const { engine } = at.fake;
    const mend = hangLooks();
    const auto = new ContainerLogSource("web", { engine, ...at.options, ...eager, read: "auto" });
    const files = new ContainerLogSource("web", { engine, ...at.options, ...eager });
    const [byEngine, byFiles] = [new Follower(auto), new Follower(files)];
    await byFiles.until(() => files.stats.waitsFor === "the disk", "a look that hangs");
    await byEngine.has(1);
    expect(byEngine.seen("reading")).toEqual([
      { type: "reading", via: "engine", reason: "the disk does not answer" },
    ]);
    expect(auto.stats.waitsFor).not.toBe("the disk");
    await byFiles.status("reconnecting");
    expect(files.stats.waitsFor).toBe("the disk");
    expect(byFiles.seen("reconnecting")[0]?.error).toMatchObject({
      code: "FILES_UNREADABLE",
      transient: true,
      message: "Can't read the log of container web from files: the disk does not answer.",
    });
    mend();
    await byFiles.has(1);
    expect(files.stats.waitsFor).not.toBe("the disk");
    await auto.rotate();
    expect(auto.stats.via).toBe("files");
    at.log.write("two");
    for (const follower of [byEngine, byFiles]) {
      await follower.has(2);
      expect(follower.texts).toEqual(["one", "two"]);
      expect(follower.seen("gap")).toEqual([]);
      await follower.source.close();
    }
  });

  it.each(["closed", "aborted"] as const)("does not keep its source from being %s", async (how) => {
    await using at = await scene();
    const abort = new AbortController();
    const { engine } = at.fake;
    const { signal } = abort;
    const source = new ContainerLogSource("web", { engine, ...at.options, signal });
    const follower = new Follower(source);
    const mend = hangLooks();
    await follower.until(() => source.stats.waitsFor === "the disk", "a look that hangs");
    if (how === "aborted") abort.abort();
    else await source.close();
    expect(await source.ended).toMatchObject({ kind: how });
    await expect.poll(() => source.stats.tasks).toBe(0);
    mend();
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { Follower } from "../support/fake-follow.ts";
import { FileLog, dataRoot } from "../support/file-log.ts";

const ANOTHER = { via: "engine", reason: expect.stringContaining("another log") };

let fake: FakeEngine;
let web: FakeContainer;
let root: string;
beforeEach(async () => {
  root = dataRoot();
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
  new FileLog(web, root).write("in both");
});
afterEach(() => fake.close());

/** What it writes from now on is in the engine's own file alone: the one that is read is a copy. */
function follow(options: SourceOptions): { source: ContainerLogSource; follower: Follower } {
  const source = new ContainerLogSource("web", {
    engine: fake.engine,
    files: { root },
    stallProbeMs: 50,
    ...options,
  });
  return { source, follower: new Follower(source) };
}

function looks(): number {
  return fake.requests.filter(({ path }) => path.includes("tail=1")).length;
}

describe("a copy of an engine's data root, whose container writes on elsewhere", () => {
  it("is found out after a silence, and the engine is read with auto", async () => {
    const { source, follower } = follow({ read: "auto" });
    await follower.has(1);
    expect(source.stats.via).toBe("files");
    web.write("in the engine's alone");
    await follower.has(2);
    expect(follower.texts).toEqual(["in both", "in the engine's alone"]);
    expect(follower.seen("reading")).toMatchObject([{ via: "files" }, ANOTHER]);
    expect(follower.seen("gap")).toEqual([]);
    await source.close();
  });

  it("is found out after a silence, and is refused with files", async () => {
    const { source, follower } = follow({ read: "files" });
    await follower.has(1);
    web.write("in the engine's alone");
    await follower.done.catch(() => {});
    const message = expect.stringContaining("another log");
    expect(await source.ended).toMatchObject({
      kind: "failed",
      error: { code: "FILES_UNREADABLE", message },
    });
  });

  it("is found out where a run has ended of which it has nothing", async () => {
    web.stop();
    const { source, follower } = follow({ read: "auto", stallProbeMs: false });
    await follower.status("stopped");
    web.start();
    await follower.status("restarted");
    web.write("in the engine's alone");
    web.stop();
    await follower.status("stopped", 2);
    await follower.has(2);
    expect(follower.texts).toEqual(["in both", "in the engine's alone"]);
    expect(follower.seen("reading")).toMatchObject([{ via: "files" }, ANOTHER]);
    await source.close();
  });
});

describe("a file that is the container's", () => {
  it("stays so over silences, and while the engine can't be asked", async () => {
    const { source, follower } = follow({ read: "files", stallProbeMs: 20 });
    await follower.has(1);
    await expect.poll(looks).toBeGreaterThan(2);
    fake.fault = ({ path }) => (path.includes("/logs") ? { status: 500 } : undefined);
    const { rotations } = source.stats;
    await expect.poll(() => source.stats.rotations).toBeGreaterThan(rotations + 1);
    fake.fault = undefined;
    expect(source.stats.via).toBe("files");
    expect(follower.seen("reading")).toHaveLength(1);
    expect(follower.seen("reconnecting")).toEqual([]);
    await source.close();
  });

  it("is not asked about at each rotation", async () => {
    const { source, follower } = follow({ read: "files", stallProbeMs: 60_000 });
    await follower.has(1);
    const before = looks();
    for (let round = 0; round < 20; round++) await source.rotate();
    expect(looks()).toBe(before);
    await source.close();
  });
});

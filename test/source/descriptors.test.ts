import { open } from "node:fs/promises";
import { describe, expect, it, vi } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { Follower, eager } from "../support/fake-follow.ts";
import { FileLog, dataRoot } from "../support/file-log.ts";
import { SlowReading } from "../support/slow-reading.ts";

vi.mock(import("node:fs/promises"), async (original) => {
  const all = await original();
  return { ...all, open: vi.fn<typeof all.open>(all.open) };
});

/** No other file can be opened, until what this returns is called. */
function exhaust(code: string): () => void {
  const error = Object.assign(new Error(`${code}: too many open files, open`), { code });
  vi.mocked(open).mockRejectedValue(error);
  return () => void vi.mocked(open).mockReset();
}

describe("a source that is behind, in a process that has too many files open", () => {
  it.each(["EMFILE", "ENFILE"])("says so (%s), and goes on with those it has", async (code) => {
    await using at = await SlowReading.begin(eager);
    at.overtake();
    const mend = exhaust(code);
    at.wake();
    await at.follower.status("reconnecting", 3);
    const message = expect.stringContaining(code);
    for (const { error } of at.follower.seen("reconnecting"))
      expect(error).toMatchObject({ code: "FILES_UNREADABLE", transient: true, message });
    mend();
    expect(await at.read()).toEqual(at.all());
    expect(at.follower.seen("reading")).toEqual([{ type: "reading", via: "files" }]);
    expect(at.open).toBe(1);
  });

  it("closes them when it is closed meanwhile", async () => {
    await using at = await SlowReading.begin(eager);
    at.overtake();
    const mend = exhaust("EMFILE");
    at.wake();
    await at.follower.status("reconnecting", 3);
    await at.source.close();
    expect(at.open).toBe(0);
    mend();
  });
});

describe("a source that may not open its files any more", () => {
  it("goes on by the engine with auto, and by files again", async () => {
    await using at = await SlowReading.begin({ ...eager, read: "auto", fileCount: 1 });
    at.fill(1);
    const mend = exhaust("EACCES");
    at.wake();
    await at.follower.status("reading", 2);
    expect(await at.read()).toEqual(at.all());
    mend();
    await at.source.rotate();
    await at.follower.status("reading", 3);
    const [, refused] = at.follower.seen("reading");
    expect(refused).toMatchObject({ via: "engine", reason: expect.stringContaining("EACCES") });
    expect(at.source.stats.via).toBe("files");
  });
});

describe("a source that has no file open, in a process that has too many", () => {
  it("waits for one as long as it takes, where only files will do", async () => {
    await using fake = await FakeEngine.start();
    const root = dataRoot();
    const log = new FileLog(fake.create({ name: "web", logDriver: "json-file" }), root);
    log.write("a line");
    const mend = exhaust("EMFILE");
    const { engine } = fake;
    const source = new ContainerLogSource("web", {
      engine,
      read: "files",
      files: { root },
      ...eager,
    });
    const follower = new Follower(source);
    await follower.status("reconnecting", 20);
    mend();
    await follower.has(1);
    expect(follower.texts).toEqual(["a line"]);
    await source.close();
  });
});

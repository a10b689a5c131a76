import { describe, expect, it } from "vitest";
import { StreamPool } from "../../src/index.ts";
import type { LogRecord, PoolStatus } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { FileLog, dataRoot } from "../support/file-log.ts";

describe("a pool that reads from files", () => {
  it("follows more containers than it may have streams, all at once, and says so", async () => {
    const root = dataRoot();
    await using fake = await FakeEngine.start();
    const names = ["a", "b", "c", "d"];
    const files = names.map((name) => new FileLog(fake.create({ name }), root));
    const remote = fake.create({ name: "e", logDriver: "journald" });
    await using pool = new StreamPool({
      engine: fake.engine,
      read: "auto",
      files: { root },
      maxStreams: 1,
    });
    const records: LogRecord[] = [];
    pool.deliver((batch) => {
      records.push(...batch);
    });
    await pool.ready();
    for (const file of files) file.write("one", "two");
    remote.write("one");
    await expect.poll(() => records.length).toBe(9);
    expect(pool.stats).toMatchObject({ containers: 5, streamsOpen: 1, streamsWaiting: 0 });
    const vias = Array.from(pool.sources.values(), ({ stats }) => stats.via);
    expect(vias.filter((via) => via === "files")).toHaveLength(4);
    expect(vias).toContain("engine");
    expect(pool.health().components["streams"]?.detail).toContain("4 of them from files");
    expect(fake.open.maxFollows).toBe(1);
  });

  it("skips a container of which only files will do, and there are none", async () => {
    const root = dataRoot();
    await using fake = await FakeEngine.start();
    const skipped: PoolStatus[] = [];
    await using pool = new StreamPool({
      engine: fake.engine,
      source: { read: "files", files: { root } },
    });
    pool.on("skipped", (status) => skipped.push(status));
    fake.create({ name: "web", logDriver: "journald" });
    pool.deliver(() => {});
    await expect.poll(() => skipped.length).toBeGreaterThan(0);
    expect(skipped[0]).toMatchObject({ error: { code: "FILES_UNREADABLE" } });
  });
});

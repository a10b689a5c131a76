import { describe, expect, it, onTestFinished } from "vitest";
import { MemoryCheckpointStore, StreamPool } from "../../src/index.ts";
import type { LogRecord, PoolOptions, PoolSourceOptions, PoolStatus } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { BriefLog } from "../support/brief-log.ts";
import { CountingProxy } from "../support/counting-proxy.ts";
import { eventually } from "../support/fake-follow.ts";
import { FileLog, dataRoot } from "../support/file-log.ts";
import { RewritingProxy } from "../support/rewriting-proxy.ts";

const PATIENT = { timeout: 20_000 };

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

  it("asks the engine for few last lines at once, however many logs there are to prove", async () => {
    const root = dataRoot();
    await using fake = await FakeEngine.start();
    const count = 40;
    for (let index = 0; index < count; index++)
      new FileLog(fake.create({ name: `web-${index}` }), root).write("one");
    let most = 0;
    fake.fault = ({ path }) => {
      most = Math.max(most, fake.open.reads);
      return path.includes("/logs") ? { delayMs: 150 } : undefined;
    };
    await using pool = new StreamPool({
      engine: fake.engine,
      read: "files",
      files: { root },
      maxStreams: 4,
      from: "start",
    });
    let lines = 0;
    pool.deliver((batch) => {
      lines += batch.length;
    });
    await expect.poll(() => lines, { timeout: 30_000 }).toBe(count);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(4);
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

  it("has no more streams of the engine open than it may, also while it looks whose the files are", async () => {
    const root = dataRoot();
    await using fake = await FakeEngine.start();
    await using proxy = await CountingProxy.start(fake.engine.socketPath ?? "");
    const files = Array.from({ length: 12 }, (_, at) => {
      const file = new FileLog(fake.create({ name: `web-${at}` }), root);
      file.write("one");
      return file;
    });
    await using pool = new StreamPool({
      engine: { socketPath: proxy.socketPath },
      read: "files",
      files: { root },
      maxStreams: 2,
      from: "start",
    });
    const records: LogRecord[] = [];
    pool.deliver((batch) => {
      records.push(...batch);
    });
    await expect.poll(() => records.length, PATIENT).toBe(files.length);
    expect(proxy.total.totalReads).toBeGreaterThanOrEqual(files.length);
    expect(proxy.total.maxReaders).toBeLessThanOrEqual(2);
    expect(pool.stats).toMatchObject({ streamsOpen: 0, streamsWaiting: 0 });
  });

  it.each(["start", "now"] as const)(
    "has the lines of one that was created before it, starts, and is gone before anybody could look: from %s",
    async (from) => {
      const root = dataRoot();
      await using fake = await FakeEngine.start();
      const brief = fake.create({ name: "brief", started: false });
      const file = new BriefLog(brief.id, root);
      await using pool = new StreamPool({
        engine: fake.engine,
        read: "files",
        files: { root },
        from,
      });
      const records: LogRecord[] = [];
      const reasons: PoolStatus[] = [];
      pool.on("detached", (status) => reasons.push(status));
      pool.deliver((batch) => {
        records.push(...batch);
      });
      await pool.ready();
      await file.run("first", "last");
      brief.start();
      brief.remove();
      await expect.poll(() => reasons.length, PATIENT).toBe(1);
      await expect.poll(() => records.length, PATIENT).toBeGreaterThan(1);
      expect(records.map(({ line }) => line)).toEqual(["first", "last"]);
      expect(reasons[0]).toMatchObject({ reason: { kind: "removed", complete: true } });
      expect(file.isOpen).toBe(false);
    },
  );

  it.each<[string, PoolOptions]>([
    ["source", { source: { read: "files" } }],
    ["source, with its root", { source: { read: "files", files: { root: "" } } }],
    ["a function", { source: ({ name }) => ({ read: name === "brief" ? "files" : "engine" }) }],
    ["a function, with its root", { source: () => ({ read: "files", files: { root: "" } }) }],
    [
      "a function, with another root for the pool",
      { files: { root: "/nowhere" }, source: () => ({ read: "files", files: { root: "" } }) },
    ],
  ])(
    "has the lines of a container that is gone before anybody could look, by option %s",
    async (_where, given) => {
      const root = dataRoot();
      await using fake = await FakeEngine.start();
      await using proxy = await RewritingProxy.start(fake);
      proxy.rewrite = (path, answer) =>
        path.includes("/info") ? { ...answer, DockerRootDir: root } : answer;
      const brief = fake.create({ name: "brief", started: false });
      const file = new BriefLog(brief.id, root);
      const { source = {} } = given;
      const rooted = (options: PoolSourceOptions): PoolSourceOptions =>
        options.files === undefined ? options : { ...options, files: { root } };
      await using pool = new StreamPool({
        engine: proxy.engine,
        ...given,
        source: typeof source === "function" ? (info) => rooted(source(info)) : rooted(source),
      });
      const lines: string[] = [];
      const reasons: PoolStatus[] = [];
      pool.on("detached", (status) => reasons.push(status));
      pool.deliver((batch) => {
        for (const { line } of batch) lines.push(line);
      });
      await pool.ready();
      await file.run("first", "last");
      brief.start();
      brief.remove();
      await expect.poll(() => reasons.length, PATIENT).toBe(1);
      await expect.poll(() => lines, PATIENT).toEqual(["first", "last"]);
      expect(reasons[0]).toMatchObject({ reason: { kind: "removed", complete: true } });
      expect(file.isOpen).toBe(false);
    },
  );

  it("has the lines of one that is attached with files, though the others are read by streams", async () => {
    const root = dataRoot();
    await using fake = await FakeEngine.start();
    await using proxy = await RewritingProxy.start(fake);
    proxy.rewrite = (path, answer) =>
      path.includes("/info") ? { ...answer, DockerRootDir: root } : answer;
    const brief = fake.create({ name: "brief", started: false });
    const file = new BriefLog(brief.id, root);
    await using pool = new StreamPool({ engine: proxy.engine, discover: false });
    const lines: string[] = [];
    pool.deliver((batch) => {
      for (const { line } of batch) lines.push(line);
    });
    const source = await pool.attach("brief", { read: "files" });
    await expect.poll(() => source.stats.state).toBe("stopped");
    await file.run("first", "last");
    brief.start();
    brief.remove();
    expect(await source.ended).toEqual({ kind: "removed", complete: true });
    await expect.poll(() => lines).toEqual(["first", "last"]);
  });

  it("knows at once that a container has exited, though that happened while its place was looked for", async () => {
    const root = dataRoot();
    await using fake = await FakeEngine.start();
    const brief = fake.create({ name: "brief" });
    const file = new FileLog(brief, root);
    file.write("one");
    const checkpoints = new MemoryCheckpointStore();
    const load = checkpoints.load.bind(checkpoints);
    checkpoints.load = async (key, ...rest) => {
      if (key.includes(brief.id)) {
        brief.stop();
        // Events come in order: whoever has heard of this one has heard of the exit.
        const later = fake.create({ name: "later" });
        await eventually(() => pool.sources.has(later.id), "the later container");
      }
      return load(key, ...rest);
    };
    await using pool = new StreamPool({
      engine: fake.engine,
      read: "files",
      files: { root },
      from: "start",
      checkpoints,
    });
    pool.deliver(() => {});
    await expect.poll(() => pool.sources.get(brief.id)?.stats.state, PATIENT).toBe("stopped");
  });
});

describe("a pool whose head start is a stream of the engine, since a container's folder is not there yet", () => {
  async function started(): Promise<{
    fake: FakeEngine;
    pool: StreamPool;
    root: string;
    lines: string[];
    brief: FakeContainer;
    readings: unknown[];
  }> {
    const root = dataRoot();
    const fake = await FakeEngine.start();
    onTestFinished(() => fake.close());
    const pool = new StreamPool({ engine: fake.engine, read: "auto", files: { root } });
    onTestFinished(() => pool.close());
    const lines: string[] = [];
    const readings: unknown[] = [];
    pool.on("source", ({ status }) => {
      if (status.type === "reading") readings.push(status);
    });
    pool.deliver((batch) => {
      lines.push(...batch.map(({ line }) => line));
    });
    await pool.ready();
    const brief = fake.create({ name: "brief", started: false });
    const attributes = { container: brief.id };
    fake.event({ type: "network", action: "connect", id: "none", attributes });
    brief.start();
    await expect.poll(() => fake.open.follows, PATIENT).toBe(1);
    return { fake, pool, root, lines, brief, readings };
  }

  it("keeps that stream where there are no files, and says why", async () => {
    const { fake, lines, brief, readings } = await started();
    brief.write("one");
    await expect.poll(() => readings, PATIENT).toMatchObject([{ via: "engine" }]);
    brief.write("two");
    brief.remove();
    await expect.poll(() => lines, PATIENT).toEqual(["one", "two"]);
    const asked = fake.requests.filter(({ path }) => path.includes("/logs"));
    expect(asked).toHaveLength(1);
  });

  it("has its file open before the stream is closed", async () => {
    const { root, lines, brief, readings } = await started();
    const file = new FileLog(brief, root);
    file.write("one");
    const there = new BriefLog(brief.id, root);
    await eventually(() => there.isOpen, "the file to be open");
    const time = new Date(Date.now() + 1_000).toISOString();
    file.raw(`${JSON.stringify({ log: "two\n", stream: "stdout", time })}\n`);
    file.remove();
    await expect.poll(() => lines, PATIENT).toEqual(["one", "two"]);
    expect(readings).toContainEqual({ type: "reading", via: "files" });
    await expect.poll(() => there.isOpen, PATIENT).toBe(false);
  });
});

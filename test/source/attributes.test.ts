import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { Cursor, LogRecord, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer, FakeEngineOptions } from "../../src/testing.ts";
import { Follower, eager, thrown, toLines } from "../support/fake-follow.ts";
import { FileLog, dataRoot } from "../support/file-log.ts";
import { PoolFollower } from "../support/pool-follow.ts";

const attributes = { tag: "web/1", "com.example.team": "a, b & ü", VERSION: "1=2" };

let fakes: FakeEngine[];
beforeEach(() => {
  fakes = [];
});
afterEach(async () => {
  await Promise.all(fakes.map((fake) => fake.close()));
});

async function start(options?: FakeEngineOptions): Promise<FakeEngine> {
  const fake = await FakeEngine.start(options);
  fakes.push(fake);
  return fake;
}

function detailsAsked(fake: FakeEngine): number {
  return fake.requests.filter(({ path }) => path.includes("details=1")).length;
}

async function readAll(fake: FakeEngine, options: SourceOptions = {}): Promise<LogRecord[]> {
  const source = new ContainerLogSource("web", { engine: fake.engine, follow: false, ...options });
  const records: LogRecord[] = [];
  for await (const record of source) records.push(record);
  return records;
}

function writeSome(web: FakeContainer, from: number, count: number): void {
  for (let n = from; n < from + count; n++) {
    web.write(`line ${n}`);
    web.write(`k=v of ${n}`, { stream: "stderr" });
    if (n % 4 === 0) web.write("y".repeat(40_000));
    if (n % 5 === 0) web.write("");
  }
}

describe("attributes of lines", () => {
  it("are not asked for unless that is wanted", async () => {
    const fake = await start();
    const web = fake.create({ name: "web", attributes });
    web.write("one");
    const [record] = await readAll(fake);
    expect(record).not.toHaveProperty("attributes");
    expect(record?.toJSON()).not.toHaveProperty("attributes");
    expect(detailsAsked(fake)).toBe(0);
  });

  it.each([false, true])(
    "come with each line, which is as without them (terminal: %s)",
    async (tty) => {
      const fake = await start();
      const web = fake.create({ name: "web", attributes, tty });
      writeSome(web, 0, 20);
      const plain = await readAll(fake);
      const records = await readAll(fake, { attributes: true });
      expect(toLines(records)).toEqual(toLines(web.written));
      expect(records.map(({ id }) => id)).toEqual(plain.map(({ id }) => id));
      for (const record of records) expect(record.attributes).toEqual(attributes);
      expect(new Set(records.map((record) => record.attributes)).size).toBe(1);
      expect(records[0]?.toJSON()).toMatchObject({ attributes });
    },
  );

  it("are the same from files, and ids with them", async () => {
    const fake = await start();
    const web = fake.create({ name: "web", attributes });
    const root = dataRoot();
    const file = new FileLog(web, root, attributes);
    file.write(...Array.from({ length: 3_000 }, (_, at) => (at % 7 === 0 ? `"${at}"` : `${at}`)));
    file.stderr("an error");
    const api = await readAll(fake, { attributes: true });
    const files = { read: "files", files: { root } } as const;
    const records = await readAll(fake, { ...files, attributes: true });
    const told = (all: readonly LogRecord[]): unknown[] => all.map((one) => one.toJSON());
    expect(told(records)).toEqual(told(api));
    expect(new Set(records.map((record) => record.attributes)).size).toBe(1);
    const [bare] = await readAll(fake, files);
    expect(bare).not.toHaveProperty("attributes");
  });

  it("are none where the log options name none", async () => {
    const fake = await start();
    fake.create({ name: "web" }).write(" text that begins with a space");
    const [record] = await readAll(fake, { attributes: true });
    expect(record?.attributes).toEqual({});
    expect(record?.line).toBe(" text that begins with a space");
  });

  it.each(["docker", "podman"] as const)(
    "are not asked of Podman, whose lines stay as they are (%s)",
    async (flavour) => {
      const fake = await start({ flavour });
      const web = fake.create({ name: "web", attributes, logDriver: "journald" });
      web.write("a=b is text");
      const [record] = await readAll(fake, { attributes: true });
      expect(record?.line).toBe("a=b is text");
      expect(record?.attributes).toEqual(flavour === "docker" ? attributes : undefined);
      expect(detailsAsked(fake) > 0).toBe(flavour === "docker");
    },
  );

  it.each([false, true])(
    "may be wanted in one run and not in the next: its cursor is found again (terminal: %s)",
    async (tty) => {
      const fake = await start({ since: "per-line" });
      const web = fake.create({ name: "web", attributes, tty });
      const all: LogRecord[] = [];
      let cursor: Cursor | undefined = undefined;
      for (let run = 0; run < 6; run++) {
        writeSome(web, run * 10, 10);
        if (run % 2 === 0) web.write("z".repeat(20_000), { partial: true });
        const resume: SourceOptions = cursor === undefined ? {} : { resume: cursor };
        const options = { engine: fake.engine, ...eager, attributes: run % 2 === 1, ...resume };
        const source = new ContainerLogSource("web", options);
        const follower = new Follower(source);
        await follower.has(web.written.length - all.length);
        await source.rotate();
        web.write(`after the rotation ${run}`);
        await follower.has(web.written.length - all.length);
        all.push(...follower.records);
        source.acknowledge();
        ({ cursor } = source);
        expect(follower.seen("gap")).toEqual([]);
        await source.close();
        await follower.finished();
      }
      expect(toLines(all)).toEqual(toLines(web.written));
    },
  );

  it("are the first line's of a record of several", async () => {
    const fake = await start();
    const web = fake.create({ name: "web", attributes });
    for (const line of ["Error", " at one", " at two", "next"]) web.write(line);
    const records = await readAll(fake, { attributes: true, multiline: { start: /^\S/ } });
    expect(records.map(({ line }) => line)).toEqual(["Error\n at one\n at two", "next"]);
    for (const record of records) expect(record.attributes).toEqual(attributes);
  });

  it("come in a pool, also of containers that begin and end in a moment", async () => {
    const fake = await start();
    const old = fake.create({ name: "old", attributes: { tag: "old" } });
    const pool = new StreamPool({
      engine: fake.engine,
      source: eager,
      attributes: true,
      maxStreams: 2,
    });
    const follower = new PoolFollower(pool);
    await follower.streaming(old);
    await follower.discovered();
    old.write("one");
    const jobs = Array.from({ length: 6 }, (_, index) => {
      const job = fake.create({ name: `job${index}`, attributes: { tag: `job${index}` } });
      job.write(`k=v ${index}`);
      job.stop();
      return job;
    });
    for (const job of [old, ...jobs]) await follower.expectAll(job);
    await follower.end();
    for (const record of follower.records)
      expect(record.attributes).toEqual({ tag: record.container.name });
  });

  it("must be asked for by true or false", () => {
    const options = JSON.parse('{"attributes":"tag"}');
    expect(thrown(() => new ContainerLogSource("web", options), "INVALID_OPTION").message).toMatch(
      /attributes/,
    );
    expect(thrown(() => new StreamPool(options), "INVALID_OPTION").message).toMatch(/attributes/);
  });
});

import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer, FakeContainerSpec } from "../../src/testing.ts";
import { Follower, eager, toLines } from "../support/fake-follow.ts";
import { FileLog, dataRoot } from "../support/file-log.ts";

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, at) => `line ${from + at}`);
}

interface Scene extends AsyncDisposable {
  readonly fake: FakeEngine;
  readonly web: FakeContainer;
  readonly file: FileLog;
  source(options?: SourceOptions): ContainerLogSource;
  /** How often the engine was asked for a log, other than for its last entry. */
  readonly reads: number;
}

async function scene(
  logDriver = "json-file",
  spec: Partial<FakeContainerSpec> = {},
): Promise<Scene> {
  const root = dataRoot();
  const fake = await FakeEngine.start();
  const web = fake.create({ ...spec, name: "web", logDriver });
  const file = new FileLog(web, root);
  return {
    fake,
    web,
    file,
    source: (options) =>
      new ContainerLogSource("web", {
        engine: fake.engine,
        read: "files",
        files: { root },
        ...options,
      }),
    get reads() {
      return fake.requests.filter(({ path }) => path.includes("/logs") && !path.includes("tail=1"))
        .length;
    },
    [Symbol.asyncDispose]: () => fake.close(),
  };
}

describe("a log that is read from files", () => {
  it("brings what was there and what comes, and asks the engine for no log", async () => {
    await using at = await scene();
    at.file.write(...numbered(0, 1_000));
    const source = at.source();
    const follower = new Follower(source);
    await follower.has(1_000);
    expect(source.stats.via).toBe("files");
    at.file.write(...numbered(1_000, 1_010));
    at.file.stderr("an error");
    await follower.has(1_011);
    expect(follower.lines).toEqual(toLines(at.web.written));
    expect(follower.seen("reading")).toEqual([{ type: "reading", via: "files" }]);
    expect(at.reads).toBe(0);
    await source.close();
  });

  it("goes on over rotations of the engine and of the source, in order, each line once", async () => {
    await using at = await scene();
    const source = at.source();
    const follower = new Follower(source);
    at.file.write("line 0");
    await follower.has(1);
    for (let round = 0; round < 30; round++) {
      at.file.write(...numbered(1 + round * 50, 51 + round * 50));
      if (round % 2 === 0) at.file.rotate({ compress: round % 4 === 0 });
      if (round % 3 !== 0) continue;
      await source.rotate();
      // What the engine deletes before it is read is lost.
      await follower.has(51 + round * 50);
    }
    await follower.has(1_501);
    expect(follower.texts).toEqual(numbered(0, 1_501));
    expect(follower.seen("gap")).toEqual([]);
    await source.close();
  });

  it("reads several files that were filled while its consumer slept", async () => {
    await using at = await scene();
    at.file.write(...numbered(0, 100));
    let wake = (): void => {};
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const source = at.source({ bufferBytes: 1 });
    const follower = new Follower(source, () => asleep);
    await follower.has(1);
    for (let round = 0; round < 3; round++) {
      at.file.rotate();
      at.file.write(...numbered(100 + 100 * round, 200 + 100 * round));
    }
    wake();
    await follower.has(400);
    expect(follower.texts).toEqual(numbered(0, 400));
    expect(follower.seen("gap")).toEqual([]);
    await source.close();
  });

  it("tells a gap where its place is deleted before it is read, and goes on", async () => {
    await using at = await scene();
    at.file.write(...numbered(0, 100));
    const first = at.source();
    const follower = new Follower(first);
    await follower.has(100);
    const { cursor } = first;
    await first.close();
    at.file.write(...numbered(100, 200));
    at.file.rotate({ keep: 1 });
    at.file.write(...numbered(200, 300));
    const second = at.source(cursor && { resume: cursor });
    const later = new Follower(second);
    await later.has(100);
    expect(later.texts).toEqual(numbered(200, 300));
    expect(later.seen("gap")).toHaveLength(1);
    await second.close();
  });

  it("tells a gap where the file is emptied by hand, and goes on", async () => {
    await using at = await scene();
    at.file.write(...numbered(0, 100));
    const source = at.source();
    const follower = new Follower(source);
    await follower.has(100);
    at.file.truncate();
    at.file.write(...numbered(100, 110));
    await follower.has(110);
    expect(follower.texts).toEqual(numbered(0, 110));
    expect(follower.seen("gap")).toHaveLength(1);
    await source.close();
  });

  it.each(["in its place", "in pieces", "by another file"])(
    "repeats no line where the file is trimmed by hand, %s",
    async (how) => {
      await using at = await scene();
      for (const [index, text] of numbered(0, 100).entries()) {
        const timestamp = new Date(Date.now() - 3_600_000 + 1_000 * index).toISOString();
        at.web.write(text, { timestamp });
        at.file.raw(`${JSON.stringify({ log: `${text}\n`, stream: "stdout", time: timestamp })}\n`);
        if (index === 20) at.file.rotate();
      }
      const source = at.source();
      const follower = new Follower(source);
      await follower.has(100);
      const kept = readFileSync(at.file.path, "utf8")
        .split(/(?<=\n)/)
        .slice(30);
      if (how === "by another file") {
        writeFileSync(`${at.file.path}.new`, kept.join(""));
        renameSync(`${at.file.path}.new`, at.file.path);
      } else if (how === "in pieces") {
        at.file.truncate();
        await follower.status("gap");
        for (const piece of kept) at.file.raw(piece);
      } else writeFileSync(at.file.path, kept.join(""));
      if (how !== "by another file") {
        await follower.status("gap");
        await source.rotate();
      }
      at.file.write(...numbered(100, 110));
      await follower.has(110);
      await source.rotate();
      at.file.write("the end");
      await follower.has(111);
      expect(follower.texts).toEqual([...numbered(0, 110), "the end"]);
      expect(follower.seen("gap")).toHaveLength(1);
      await source.close();
    },
  );

  it("tells damage as a gap with its place, and delivers what is sound behind it", async () => {
    await using at = await scene();
    at.file.write(...numbered(0, 10));
    at.file.raw(Buffer.alloc(4_096));
    at.file.raw('{"log":"half a li\n');
    at.file.write(...numbered(10, 20));
    const source = at.source();
    const follower = new Follower(source);
    await follower.has(20);
    expect(follower.texts).toEqual(numbered(0, 20));
    const [gap, ...others] = follower.seen("gap");
    expect(gap).toMatchObject({
      after: at.web.written[9]?.timestamp,
      before: at.web.written[10]?.timestamp,
    });
    expect(others).toEqual([]);
    await source.rotate();
    at.file.write("the end");
    await follower.has(21);
    expect(follower.seen("gap")).toHaveLength(1);
    await source.close();
  });

  it.each([
    "2262-04-11T23:47:16.854775807Z",
    "1970-01-01T00:00:00Z",
    "2016-12-31T23:59:60.000000001Z",
  ])("brings lines with odd times, first and among others: %s", async (time) => {
    await using at = await scene();
    const odd = `{"log":"odd\\n","stream":"stdout","time":"${time}"}\n`;
    at.file.raw(odd);
    at.file.write("one");
    at.file.raw(odd);
    at.file.write("two");
    const source = at.source();
    const follower = new Follower(source);
    await follower.has(4);
    await source.rotate();
    at.file.write("three");
    await follower.has(5);
    expect(follower.texts).toEqual(["odd", "one", "odd", "two", "three"]);
    expect(follower.seen("gap")).toEqual([]);
    await source.close();
  });

  it("waits for a last line that has no newline yet", async () => {
    await using at = await scene();
    at.file.write("whole");
    const source = at.source();
    const follower = new Follower(source);
    await follower.has(1);
    at.file.raw('{"log":"in two\\n","stream":"std');
    await source.rotate();
    at.file.raw('out","time":"2099-01-01T00:00:00.000000001Z"}\n');
    await follower.has(2);
    expect(follower.texts).toEqual(["whole", "in two"]);
    expect(follower.seen("gap")).toEqual([]);
    await source.close();
  });

  it("ends whole where the container is removed", async () => {
    await using at = await scene();
    const source = at.source();
    const follower = new Follower(source);
    at.file.write(...numbered(0, 10));
    await follower.has(10);
    at.file.write(...numbered(10, 5_000));
    at.web.stop();
    at.file.remove();
    expect(await source.ended).toEqual({ kind: "removed", complete: true });
    await follower.done;
    expect(follower.texts).toEqual(numbered(0, 5_000));
  });

  it("goes on over the container's restarts", async () => {
    await using at = await scene();
    const source = at.source();
    const follower = new Follower(source);
    at.file.write(...numbered(0, 10));
    await follower.has(10);
    at.web.stop();
    await follower.status("stopped");
    at.web.start();
    at.file.write(...numbered(10, 20));
    await follower.has(20);
    at.web.restart();
    at.file.write(...numbered(20, 30));
    await follower.has(30);
    await follower.status("restarted", 2);
    expect(follower.texts).toEqual(numbered(0, 30));
    expect(follower.seen("gap")).toEqual([]);
    await source.close();
  });

  it("reads on while the engine can't be reached", async () => {
    await using at = await scene();
    const source = at.source();
    const follower = new Follower(source);
    at.file.write("before");
    await follower.has(1);
    at.fake.outage();
    at.file.raw(
      `${JSON.stringify({ log: "meanwhile\n", stream: "stdout", time: "2099-01-01T00:00:00.000000001Z" })}\n`,
    );
    await follower.has(2);
    expect(follower.texts).toEqual(["before", "meanwhile"]);
    at.fake.restore();
    await source.close();
  });

  it("ends at the log's end without follow", async () => {
    await using at = await scene();
    at.file.write(...numbered(0, 5_000));
    const source = at.source({ follow: false, from: { tail: 3 } });
    const follower = new Follower(source);
    expect(await source.ended).toEqual({ kind: "finished" });
    await follower.done;
    expect(follower.texts).toEqual(numbered(4_997, 5_000));
  });
});

describe("a cursor", () => {
  it.each([
    { one: "engine", other: "files" },
    { one: "files", other: "engine" },
    { one: "files", other: "files" },
  ] as const)(
    "that was made from $one is resumed from $other, with the same ids",
    async ({ one, other }) => {
      await using at = await scene();
      at.file.write(...numbered(0, 500));
      const first = at.source({ read: one });
      const half = new Follower(first, (_, index) => (index === 249 ? "break" : undefined));
      await half.done;
      const { cursor } = first;
      at.file.write(...numbered(500, 1_000));
      const resumed = at.source({
        read: other,
        ...(cursor && { resume: structuredClone(cursor) }),
      });
      const rest = new Follower(resumed);
      await rest.has(751);
      expect(rest.texts).toEqual(numbered(249, 1_000));
      expect(rest.records[0]?.id).toBe(half.records[249]?.id);
      expect(resumed.stats.via).toBe(other);
      expect(rest.seen("gap")).toEqual([]);
      await resumed.close();
    },
  );

  it("has a hint of the file that is not believed", async () => {
    await using at = await scene();
    at.file.write(...numbered(0, 500));
    const first = at.source();
    const half = new Follower(first, (_, index) => (index === 250 ? "break" : undefined));
    await half.done;
    const { cursor } = first;
    expect(cursor).toHaveProperty("spot");
    for (const offset of [0, 17, 20_000, 1e9]) {
      const spot = Array.isArray(cursor?.["spot"]) ? cursor["spot"][0] : undefined;
      const wrong = cursor && { resume: { ...cursor, spot: [spot, offset] } };
      const resumed = at.source(wrong);
      const rest = new Follower(resumed);
      await rest.has(250);
      expect(rest.texts).toEqual(numbered(250, 500));
      expect(rest.seen("gap")).toEqual([]);
      await resumed.close();
    }
  });
});

describe("a log whose file is replaced by hand", () => {
  const replacements = {
    "a link out of the root": (path: string) => symlinkSync("/etc/hostname", path),
    "a link to itself": (path: string) => symlinkSync(path, path),
    "a folder": (path: string) => mkdirSync(path),
    // Whoever opens one waits for a writer.
    "a pipe": (path: string) => void execFileSync("mkfifo", [path]),
  };

  describe.each(Object.entries(replacements))("by %s", (_, replace) => {
    it.each([false, true])(
      "is read from the engine with auto, and from files again; rotated meanwhile: %s",
      async (isRotated) => {
        await using at = await scene();
        at.file.write("one");
        const source = at.source({ read: "auto", ...eager });
        const follower = new Follower(source);
        await follower.has(1);
        renameSync(at.file.path, `${at.file.path}-kept`);
        replace(at.file.path);
        if (isRotated) await source.rotate();
        await follower.status("reading", 2);
        at.web.write("two");
        await follower.has(2);
        rmSync(at.file.path, { recursive: true });
        renameSync(`${at.file.path}-kept`, at.file.path);
        at.file.rewrite();
        await source.rotate();
        await follower.status("reading", 3);
        at.file.write("three");
        await follower.has(3);
        expect(follower.texts).toEqual(["one", "two", "three"]);
        expect(follower.seen("gap")).toEqual([]);
        expect(follower.seen("reading").map(({ via }) => via)).toEqual([
          "files",
          "engine",
          "files",
        ]);
        await source.close();
      },
    );

    it("ends its source where only files will do", async () => {
      await using at = await scene();
      at.file.write("one");
      const source = at.source();
      const follower = new Follower(source);
      await follower.has(1);
      rmSync(at.file.path);
      replace(at.file.path);
      await follower.done.catch(() => {});
      const error = { code: "FILES_UNREADABLE", transient: false };
      expect(await source.ended).toMatchObject({ kind: "failed", error });
    });
  });
});

describe("the choice of how to read", () => {
  it("falls back to the engine with auto, and says why", async () => {
    await using journald = await scene("journald");
    journald.file.write("a line");
    const source = journald.source({ read: "auto" });
    const follower = new Follower(source);
    await follower.has(1);
    expect(source.stats.via).toBe("engine");
    expect(follower.seen("reading")).toMatchObject([
      { via: "engine", reason: expect.stringContaining("journald") },
    ]);
    await source.close();
  });

  it("does not take the one file of a log that Docker empties when it is full", async () => {
    await using at = await scene("json-file", { maxLogSize: "10m" });
    at.file.write("a line");
    const source = at.source({ read: "auto" });
    const follower = new Follower(source);
    await follower.has(1);
    const reason = expect.stringContaining("one file (max-file)");
    expect(follower.seen("reading")).toMatchObject([{ via: "engine", reason }]);
    await source.close();
    const refused = at.source();
    await new Follower(refused).done.catch(() => {});
    expect(await refused.ended).toMatchObject({
      kind: "failed",
      error: { code: "FILES_UNREADABLE", message: reason },
    });
  });

  it("knows its log where the clock was set back before the last line", async () => {
    await using at = await scene();
    at.file.write("one");
    at.file.raw('{"log":"ahead\\n","stream":"stdout","time":"2099-01-01T00:00:00.000000001Z"}\n');
    // It is read apart from the line before.
    at.file.write('"two"');
    const source = at.source();
    const follower = new Follower(source);
    await follower.has(3);
    expect(follower.texts).toEqual(["one", "ahead", '"two"']);
    await source.close();
  });

  it("does not take a file that is another log", async () => {
    await using at = await scene();
    at.file.write(...numbered(0, 10));
    at.web.write("only the engine has this");
    const source = at.source({ read: "auto" });
    const follower = new Follower(source);
    await follower.has(11);
    expect(follower.seen("reading")).toMatchObject([
      { via: "engine", reason: expect.stringContaining("another log") },
    ]);
    await source.close();
  });

  it.each(["auto", "files"] as const)(
    "is told of where its folder may not be looked at: %s",
    async (read) => {
      await using at = await scene();
      at.file.write("one");
      const folder = dirname(at.file.path);
      renameSync(folder, `${folder}-moved`);
      // Root may look at every folder; nobody can at this one.
      symlinkSync(folder, folder);
      const source = at.source({ read });
      const follower = new Follower(source);
      if (read === "auto") {
        await follower.has(1);
        expect(follower.seen("reading")).toMatchObject([
          { via: "engine", reason: expect.stringContaining("ELOOP") },
        ]);
        await source.close();
        return;
      }
      await follower.done.catch(() => {});
      const error = { code: "FILES_UNREADABLE", message: expect.stringContaining("ELOOP") };
      expect(await source.ended).toMatchObject({ kind: "failed", error });
    },
  );

  it.each(["auto", "files"] as const)(
    "is said not to be there where its file is not, also of a stopped container: %s",
    async (read) => {
      await using at = await scene();
      at.file.write("one");
      rmSync(at.file.path);
      at.web.stop();
      const source = at.source({ read });
      const follower = new Follower(source);
      if (read === "auto") {
        await follower.has(1);
        expect(follower.seen("reading")).toMatchObject([
          { via: "engine", reason: expect.stringContaining("there is no file") },
        ]);
        await source.close();
        return;
      }
      await follower.done.catch(() => {});
      const error = { code: "FILES_UNREADABLE", message: expect.stringContaining("no file") };
      expect(await source.ended).toMatchObject({ kind: "failed", error });
    },
  );

  it.each([
    ["syslog", "FILES_UNREADABLE"],
    ["none", "LOGS_UNREADABLE"],
  ])("fails where only files will do, and there are none: driver %s", async (driver, code) => {
    await using at = await scene(driver);
    const source = at.source();
    const follower = new Follower(source);
    await follower.done.catch(() => {});
    const reason = await source.ended;
    const message = expect.stringContaining(driver);
    expect(reason).toMatchObject({ kind: "failed", error: { code, message } });
    expect(existsSync(at.file.path)).toBe(true);
  });

  it.each([{ read: "disk" }, { files: { root: "relative" } }, { files: { root: "/", other: 1 } }])(
    "refuses %j",
    (options) => {
      const make = (): unknown => Reflect.construct(ContainerLogSource, ["web", options]);
      expect(make).toThrow(/allowed|Known/);
    },
  );
});

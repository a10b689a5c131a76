import { renameSync, rmSync, symlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { descriptorsBelow, laterTimes } from "../files/written-log.ts";
import { Follower } from "../support/fake-follow.ts";
import { FileLog, dataRoot } from "../support/file-log.ts";

/** What is in the buffer and in hand is less than a file of so many lines. */
const FILE_LINES = 40;
const LINE_BYTES = 8 * 1024;
/** A line that is read behind others. */
const BEHIND = 15;
/** So many stay of those that there are. */
const FILES = 5;

interface SceneOptions extends SourceOptions {
  /** How many files there are at first. Default: 5. */
  readonly fileCount?: number;
  /** Of the first file. Default: 40. */
  readonly lines?: number;
  /** The consumer sleeps there. Default: 0. */
  readonly asleepAt?: number;
  readonly isStopped?: boolean;
}

interface Came {
  readonly lines: readonly string[];
  readonly gaps: number;
}

function line(number: number): string {
  return `line ${number}`.padEnd(LINE_BYTES);
}

/** A source that reads the oldest of a log's files, and holds the others open; its consumer sleeps. */
class Scene implements AsyncDisposable {
  readonly root: string;
  readonly fake: FakeEngine;
  readonly web: FakeContainer;
  readonly log: FileLog;
  readonly source: ContainerLogSource;
  readonly follower: Follower;
  wake: () => void = () => {};
  #lines = 0;

  static async begin({ fileCount = FILES, ...options }: SceneOptions = {}): Promise<Scene> {
    const scene = new Scene(await FakeEngine.start(), fileCount, options);
    await scene.follower.has((options.asleepAt ?? 0) + 1);
    await scene.follower.until(() => scene.open === fileCount, `${fileCount} files that are open`);
    return scene;
  }

  private constructor(
    fake: FakeEngine,
    fileCount: number,
    { lines = FILE_LINES, asleepAt = 0, isStopped = false, ...options }: SceneOptions,
  ) {
    this.root = dataRoot();
    this.fake = fake;
    this.web = fake.create({ name: "web", logDriver: "json-file" });
    this.log = new FileLog(this.web, this.root);
    this.write(lines);
    this.fill(fileCount - 1);
    if (isStopped) this.web.stop();
    const asleep = new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    this.source = new ContainerLogSource("web", {
      engine: fake.engine,
      read: "files",
      files: { root: this.root },
      bufferBytes: 1,
      ...options,
    });
    this.follower = new Follower(this.source, (_, index) =>
      index < asleepAt ? undefined : asleep,
    );
  }

  /** How many of its files are. */
  get open(): number {
    return descriptorsBelow(this.root);
  }

  /** That file is, and no other. */
  isOpen(path: string): boolean {
    return this.open === 1 && descriptorsBelow(path) === 1;
  }

  write(lines: number): void {
    this.log.write(...Array.from({ length: lines }, () => line(this.#lines++)));
  }

  /** So many files are begun and filled. */
  fill(files: number): void {
    for (let file = 0; file < files; file++) {
      this.log.rotate({ keep: FILES });
      this.write(FILE_LINES);
    }
  }

  /** All that there was but the newest file is deleted. */
  overtake(): void {
    this.fill(FILES - 1);
  }

  /** What has come once the consumer is awake, and as many lines as were written have. */
  async read(): Promise<Came> {
    this.wake();
    await this.follower.has(this.#lines);
    return { lines: this.follower.texts, gaps: this.follower.seen("gap").length };
  }

  /** Each line once. */
  all(gaps = 0): Came {
    return { lines: Array.from({ length: this.#lines }, (_, at) => line(at)), gaps };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source.close();
    await this.fake.close();
  }
}

describe("a source that has files open which are deleted", () => {
  it("loses none of their lines to rotations", async () => {
    await using at = await Scene.begin();
    at.overtake();
    await at.source.rotate();
    await at.source.rotate();
    expect(at.open).toBe(FILES);
    expect(at.follower.seen("rotated")).toHaveLength(2);
    expect(await at.read()).toEqual(at.all());
    await expect.poll(() => at.open).toBe(1);
    await at.source.rotate();
    at.write(1);
    expect(await at.read()).toEqual(at.all());
    expect(at.open).toBe(1);
    await at.source.close();
    expect(at.open).toBe(0);
  });

  it("lets others go on while it is rotated without a pause", async () => {
    await using at = await Scene.begin();
    at.overtake();
    const others = new AbortController();
    setTimeout(() => others.abort(), 0);
    for (let time = 0; time < 2_000 && !others.signal.aborted; time++) await at.source.rotate();
    expect(others.signal.aborted).toBe(true);
    expect(await at.read()).toEqual(at.all());
  });

  it("loses none to rotations by a timer", async () => {
    await using at = await Scene.begin({ rotateEveryMs: 20 });
    at.overtake();
    await at.follower.status("rotated", 4);
    expect(await at.read()).toEqual(at.all());
  });

  it("loses none where a rotation has found its place, and waits for room", async () => {
    await using at = await Scene.begin({ fileCount: 1, asleepAt: BEHIND });
    await at.source.rotate();
    for (let file = 0; file < FILES; file++) {
      await laterTimes(at.root);
      at.fill(1);
      await at.source.rotate();
    }
    expect(await at.read()).toEqual(at.all());
  });

  it("tells of damage behind its place once", async () => {
    await using at = await Scene.begin({ fileCount: 1, lines: 1 });
    at.log.rotate();
    at.log.raw(Buffer.alloc(4_096));
    at.write(1);
    await at.follower.until(() => at.isOpen(at.log.path), "the next file");
    at.fill(1);
    await at.source.rotate();
    await at.source.rotate();
    expect(await at.read()).toEqual(at.all(1));
  });

  it("reads them to their end where the container is removed", async () => {
    await using at = await Scene.begin();
    at.web.stop();
    at.log.remove();
    await at.source.rotate();
    expect(await at.read()).toEqual(at.all());
    expect(await at.source.ended).toEqual({ kind: "removed", complete: true });
    expect(at.open).toBe(0);
  });

  it.each([{ fileCount: FILES }, { fileCount: 1, asleepAt: BEHIND }])(
    "reads them to their end where the container had stopped, and is removed: %j",
    async (given) => {
      await using at = await Scene.begin({ ...given, isStopped: true });
      await at.source.rotate();
      at.log.remove();
      await at.source.rotate();
      expect(await at.read()).toEqual(at.all());
      expect(await at.source.ended).toMatchObject({ kind: "removed" });
      expect(at.open).toBe(0);
    },
  );

  it("reads them to their end without follow", async () => {
    await using at = await Scene.begin({ follow: false });
    const { root } = at;
    renameSync(`${root}/containers`, `${root}/moved`);
    await at.source.rotate();
    expect(await at.read()).toEqual(at.all());
    expect(await at.source.ended).toEqual({ kind: "finished" });
    expect(at.open).toBe(0);
  });

  it.each([{ isStopped: false }, { isStopped: true }])(
    "closes them when it is closed while a rotation waits for a task: %j",
    async (given) => {
      await using at = await Scene.begin(given);
      at.overtake();
      let end = (): void => {};
      void at.source.tasks.run("mine", () => new Promise<void>((resolve) => (end = resolve)));
      const rotation = at.source.rotate().catch((error: unknown) => error);
      await at.follower.status("rotating");
      await at.follower.until(
        () => at.source.stats.state === "rotating",
        "a stream that is closing",
      );
      const closed = at.source.close();
      end();
      await closed;
      expect(await rotation).toMatchObject({ code: "CLOSED" });
      expect(at.open).toBe(0);
    },
  );

  it("closes them when its signal is aborted", async () => {
    const abort = new AbortController();
    await using at = await Scene.begin({ signal: abort.signal });
    at.overtake();
    await at.source.rotate();
    abort.abort();
    at.wake();
    await at.source.ended;
    await expect.poll(() => at.open).toBe(0);
  });

  it("closes them when it can't read on", async () => {
    await using at = await Scene.begin();
    at.overtake();
    await at.source.rotate();
    rmSync(at.log.path);
    symlinkSync("/etc/hostname", at.log.path);
    at.wake();
    await at.follower.done.catch(() => {});
    expect(await at.source.ended).toMatchObject({
      kind: "failed",
      error: { code: "FILES_UNREADABLE" },
    });
    expect(at.open).toBe(0);
  });
});

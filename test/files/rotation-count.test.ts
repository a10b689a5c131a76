import { closeSync, openSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { eventsSoFar } from "../../src/files/folder-watch.ts";
import { FirstFile } from "../../src/files/first-file.ts";
import { LogFolder } from "../../src/files/log-folder.ts";
import { RotationCount, newerBy } from "../../src/files/rotation-count.ts";
import { WrittenLog, readOn } from "./written-log.ts";

const FILES = 3;
const SMALL_BYTES = 1_000;

class Counted implements AsyncDisposable {
  readonly log: WrittenLog;
  readonly folder: LogFolder;
  readonly count: RotationCount;

  private constructor(log: WrittenLog) {
    this.log = log;
    this.folder = new LogFolder(log.location);
    this.count = new RotationCount(this.folder);
  }

  static async begin(fileBytes: number | undefined = SMALL_BYTES): Promise<Counted> {
    return new Counted(await WrittenLog.create(FILES, fileBytes));
  }

  /** Of the newest file, or an older one. */
  async ordinal(number = 0): ReturnType<RotationCount["ordinalOf"]> {
    const chain = await this.folder.list();
    return this.count.ordinalOf(chain.at(-1 - number)?.inode ?? "");
  }

  rotate(times: number): void {
    for (let time = 0; time < times; time++) this.log.rotate();
  }

  /** By how many the newest file is newer than before `act`. */
  async newer(act: () => unknown): Promise<number | undefined> {
    const before = await this.ordinal();
    await act();
    const now = await this.ordinal();
    if (before === undefined || now === undefined) throw new Error("It is not counted.");
    return newerBy(before, now);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.count.close();
    await this.log[Symbol.asyncDispose]();
  }
}

/** Where the machine is busy for long the count begins anew. */
async function newerBefore(counted: Counted, act: () => unknown): Promise<number | undefined> {
  for (let look = 0; look < 10; look++) {
    const newer = await counted.newer(act);
    if (newer !== undefined) return newer;
  }
  return undefined;
}

function keepBusy(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

describe("the count of a log's rotations", () => {
  it.each([0, 1, 2, 3, 4, 7, 40])("knows of %d that nobody has looked at", async (times) => {
    await using counted = await Counted.begin();
    expect(await newerBefore(counted, () => counted.rotate(times))).toBe(times);
  });

  it("knows each file's place among those that are there", async () => {
    await using counted = await Counted.begin();
    counted.rotate(FILES);
    await expect
      .poll(async () => {
        const all = [];
        for (let number = 0; number < FILES; number++) all.push(await counted.ordinal(number));
        const [newest] = all;
        return all.map((one) => newest && one && newerBy(one, newest));
      })
      .toEqual([0, 1, 2]);
  });

  it("counts those that are compressed", async () => {
    await using counted = await Counted.begin();
    const rotate = (): void => {
      counted.log.write(5);
      counted.log.rotate();
      counted.log.beginCompression();
      counted.log.compress();
    };
    expect(
      await newerBefore(counted, () => {
        for (let time = 0; time < 5; time++) rotate();
      }),
    ).toBe(5);
  });

  it("does not tell of a file that is deleted, nor while one is renamed", async () => {
    await using counted = await Counted.begin();
    const [file] = await counted.folder.list();
    const { path } = counted.log;
    // As long as it is open nobody else has its inode.
    const open = openSync(path, "r");
    try {
      const ordinal = (): ReturnType<RotationCount["ordinalOf"]> =>
        counted.count.ordinalOf(file?.inode ?? "");
      expect(await ordinal()).toBeDefined();
      renameSync(path, `${path}.1`);
      expect(await ordinal()).toBeUndefined();
      writeFileSync(path, "");
      expect(await ordinal()).toBeDefined();
      counted.rotate(FILES);
      expect(await ordinal()).toBeUndefined();
    } finally {
      closeSync(open);
    }
  });

  it("begins anew where the kernel may have dropped events", async () => {
    await using counted = await Counted.begin();
    const many = (): void => {
      for (let file = 0; file < 3_000; file++) {
        const path = join(counted.folder.folder, "other");
        writeFileSync(path, "");
        renameSync(path, `${path}-${file}`);
      }
      counted.rotate(1);
    };
    expect(await counted.newer(many)).toBeUndefined();
    expect(await newerBefore(counted, () => counted.rotate(2))).toBe(2);
  });

  it("begins anew where the process was busy with something else for long", async () => {
    await using counted = await Counted.begin();
    const busy = (): void => {
      counted.rotate(1);
      keepBusy(300);
    };
    expect(await counted.newer(busy)).toBeUndefined();
    expect(await newerBefore(counted, () => counted.rotate(FILES))).toBe(FILES);
  });

  it("begins anew where somebody has renamed the newest file by hand", async () => {
    await using counted = await Counted.begin();
    const move = async (): Promise<void> => {
      await eventsSoFar();
      renameSync(counted.log.path, `${counted.log.path}-kept`);
      writeFileSync(`${counted.log.path}-new`, "");
      renameSync(`${counted.log.path}-new`, counted.log.path);
      writeFileSync(`${counted.log.path}-new`, "");
      renameSync(`${counted.log.path}-new`, counted.log.path);
    };
    expect(await counted.newer(move)).toBeUndefined();
    expect(await newerBefore(counted, () => counted.rotate(FILES))).toBe(FILES);
  });

  it.each([undefined, 10_000_000])("is not made for files of %s bytes", async (bytes) => {
    await using counted = await Counted.begin(bytes ?? Infinity);
    expect(await counted.ordinal()).toBeUndefined();
  });

  it("ends", async () => {
    await using counted = await Counted.begin();
    const ordinal = await counted.ordinal();
    counted.count.close();
    expect(await counted.ordinal()).toBeUndefined();
    expect(ordinal !== undefined && counted.count.isCurrent(ordinal)).toBe(false);
  });
});

describe("the files of a log that is filled from its first line on", () => {
  it.each([1, FILES, FILES + 1])(
    "are known from when the first one was found, %d log rotations later",
    async (times) => {
      await expect
        .poll(async () => {
          await using log = await WrittenLog.create(FILES, SMALL_BYTES);
          const first = new FirstFile(log.root, "c1");
          const file = await first.take(log.path, new AbortController().signal);
          if (file === undefined) throw new Error("It is not found.");
          for (let time = 0; time < times; time++) {
            log.write(1);
            log.rotate();
          }
          await using reader = await log.open({ type: "file", file });
          return (await readOn(reader)).shown;
        })
        // The first one is open, so the log has one more than the engine keeps.
        .toEqual(times > FILES ? ["0", "deleted", "2", "3"] : ["0", "1", "2"].slice(0, times));
    },
  );
});

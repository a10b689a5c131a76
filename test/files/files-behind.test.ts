import { renameSync, rmSync, symlinkSync, truncateSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FilesBehind } from "../../src/files/files-behind.ts";
import { LogFolder, contentOf } from "../../src/files/log-folder.ts";
import { WrittenLog, descriptorsBelow, readOn } from "./written-log.ts";

const MIB = 1024 * 1024;

describe("the files behind the one that is read", () => {
  /** The second and third oldest of these are unknown to whoever has read the oldest. */
  async function begin(log: WrittenLog, files: number): Promise<void> {
    await log.rotateLater(files - 1);
    await log.laterTimes();
  }

  it("have a hole before them where more than one was deleted by hand", async () => {
    await using log = await WrittenLog.create(10);
    log.write(5);
    await using reader = await log.open();
    await reader.next();
    await begin(log, 4);
    rmSync(`${log.path}.3`);
    rmSync(`${log.path}.2`);
    expect((await readOn(reader)).shown).toEqual(["deleted", ...log.texts.slice(10)]);
  });

  it("have a hole before them where more than one was deleted by hand, and the engine has begun the next one since", async () => {
    await using log = await WrittenLog.create(10);
    log.write(5);
    await using reader = await log.open();
    await reader.next();
    await begin(log, 3);
    rmSync(`${log.path}.2`);
    rmSync(`${log.path}.1`);
    await log.laterTimes(1_000);
    log.rotate();
    log.write(5);
    expect((await readOn(reader)).shown).toEqual(["deleted", ...log.texts.slice(10)]);
  });

  it.each([
    ["deleted", (path: string) => rmSync(path)],
    ["put elsewhere", (path: string) => renameSync(path, `${path}-kept`)],
  ])(
    "are those that were made since, where the one that is read was %s by hand",
    async (_, take) => {
      await using log = await WrittenLog.create(10);
      log.write(5);
      await using reader = await log.open();
      await begin(log, 3);
      const { shown } = await readOn(reader);
      expect(shown).toEqual(log.texts);
      take(log.path);
      expect((await readOn(reader)).shown).toEqual([]);
      await log.laterTimes();
      // The engine begins a new file when it rotates, or is started.
      log.write(5);
      expect((await readOn(reader)).shown).toEqual(["deleted", ...log.texts.slice(-5)]);
      await log.rotateLater(1);
      expect((await readOn(reader)).shown).toEqual(log.texts.slice(-5));
    },
  );

  it.each([
    { size: 1, most: 8 },
    { size: 6, most: 2 },
    { size: 10, most: 1 },
    { size: 20, most: 1 },
  ])("of $size MiB each are held open, $most of them, as large as they become", async (given) => {
    await using log = await WrittenLog.create(20);
    const folder = new LogFolder(log.location);
    const opened = await folder.open(([first]) => first);
    if (opened === undefined) throw new Error("There is no file.");
    const content = contentOf(opened);
    const behind = new FilesBehind(folder);
    for (let round = 0; round < 12; round++) {
      log.rotate();
      await behind.look(content);
      truncateSync(log.path, given.size * MIB);
      await behind.look(content);
    }
    expect(descriptorsBelow(log.root)).toBe(1 + given.most);
    await behind.close();
    await content.close();
  });

  it("leave nothing open where one of them can't be", async () => {
    await using log = await WrittenLog.create(5);
    log.write(5);
    log.rotate();
    log.write(5);
    const reader = await log.open();
    await reader.next();
    log.rotate();
    rmSync(log.path);
    symlinkSync("/etc/hostname", log.path);
    await expect(reader.next()).rejects.toMatchObject({ code: "FILES_UNREADABLE" });
    await reader.close();
    expect(descriptorsBelow(log.root)).toBe(0);
  });
});

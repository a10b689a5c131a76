import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { LogFolder, contentOf } from "../../src/files/log-folder.ts";
import { openLogFiles } from "../../src/files/open-log-files.ts";
import { WrittenLog, descriptorsBelow, readOn } from "./written-log.ts";

describe("a log's files", () => {
  it("are read from the oldest to the newest, compressed ones as well", async () => {
    await using log = await WrittenLog.create(4);
    log.write(30);
    log.rotate();
    log.compress();
    log.write(20);
    log.rotate();
    log.write(10);
    await using reader = await log.open();
    expect(reader.fromStart).toBe(true);
    expect(await readOn(reader)).toMatchObject({ shown: log.texts, end: "end" });
  });

  it("are read on, through rotations, as they are written", async () => {
    await using log = await WrittenLog.create(3);
    await using reader = await log.open();
    const shown: string[] = [];
    for (let round = 0; round < 6; round++) {
      log.write(5);
      shown.push(...(await readOn(reader)).shown);
      log.write(3);
      log.rotate();
      if (round % 2 === 0) log.compress();
    }
    shown.push(...(await readOn(reader)).shown);
    expect(shown).toEqual(log.texts);
  });

  it("are read on while one is compressed", async () => {
    await using log = await WrittenLog.create(3);
    log.write(5);
    await using reader = await log.open();
    const { shown } = await readOn(reader);
    log.write(5);
    log.rotate();
    log.beginCompression();
    log.write(5);
    const more = await readOn(reader);
    expect([...shown, ...more.shown]).toEqual(log.texts);
    await using fresh = await log.open();
    expect((await readOn(fresh)).shown).toEqual(log.texts);
  });

  it("are read on where several were begun since the last look", async () => {
    await using log = await WrittenLog.create(4);
    log.write(5);
    await using reader = await log.open();
    const { shown } = await readOn(reader);
    for (let round = 0; round < 3; round++) {
      log.write(5);
      log.rotate();
      log.compress();
    }
    log.write(5);
    const more = await readOn(reader);
    expect([...shown, ...more.shown]).toEqual(log.texts);
  });

  it("tell what was deleted before it was read as a hole, and go on with the oldest there is", async () => {
    await using log = await WrittenLog.create(2);
    log.write(5);
    await using reader = await log.open();
    await readOn(reader);
    log.write(5);
    for (let round = 0; round < 3; round++) {
      log.rotate();
      log.write(5);
    }
    const { shown } = await readOn(reader);
    // The file that is open is read to its end, deleted or not.
    expect(shown).toEqual([...log.texts.slice(5, 10), "deleted", ...log.texts.slice(-10)]);
  });

  it("keep the next one open, so that it is read where both are deleted meanwhile", async () => {
    await using log = await WrittenLog.create(3);
    log.write(60_000, " of a line that is not that short");
    await using reader = await log.open();
    await reader.next();
    log.rotate();
    log.write(5);
    for (let read = 0; read < 55; read++) await reader.next();
    for (let round = 0; round < 4; round++) log.rotate();
    log.write(1);
    const { shown } = await readOn(reader);
    expect(shown.slice(-7)).toEqual([...log.texts.slice(-6, -1), "deleted", log.texts.at(-1)]);
  });

  it("are held open, as many as there are, before they are deleted; and the one behind them is known", async () => {
    await using log = await WrittenLog.create(3);
    log.write(5);
    await log.rotateLater(2);
    await using reader = await log.open();
    await reader.next();
    await log.rotateLater(3);
    expect((await readOn(reader)).shown).toEqual(log.texts.slice(5));
  });

  it("are no longer known to follow each other where one more was deleted", async () => {
    await using log = await WrittenLog.create(3);
    log.write(5);
    await using reader = await log.open();
    await reader.next();
    await log.rotateLater(4);
    expect((await readOn(reader)).shown).toEqual(["deleted", ...log.texts.slice(-15)]);
  });

  it("are not held open for long where they are large", async () => {
    await using log = await WrittenLog.create(5);
    for (let round = 0; round < 4; round++) {
      log.write(1_000, "x".repeat(16_000));
      log.rotate();
    }
    await using reader = await log.open();
    await reader.next();
    expect(descriptorsBelow(log.root)).toBe(2);
  });

  it("tell a hole where one between them was deleted by hand", async () => {
    await using log = await WrittenLog.create(5);
    for (let round = 0; round < 4; round++) {
      log.write(5);
      log.rotate();
    }
    rmSync(`${log.path}.3`);
    await using reader = await log.open();
    const { shown } = await readOn(reader);
    expect(shown).toEqual([...log.texts.slice(0, 5), "deleted", ...log.texts.slice(10)]);
  });

  it("are told apart where they begin with the same long line", async () => {
    await using log = await WrittenLog.create(4);
    const line = (time: number): string =>
      `{"log":"${"x".repeat(2_000)}\\n","stream":"stdout","time":"${log.timestamp(time)}"}\n`;
    log.writeRaw(line(1));
    await using reader = await log.open();
    const { shown } = await readOn(reader);
    for (let time = 2; time <= 3; time++) {
      log.rotate();
      log.compress();
      log.writeRaw(line(time));
    }
    expect([...shown, ...(await readOn(reader)).shown]).toHaveLength(3);
  });

  it("go on without a hole where only what was read is deleted", async () => {
    await using log = await WrittenLog.create(3);
    await using reader = await log.open();
    for (let round = 0; round < 20; round++) {
      // Of each file some is read, so that the next is open, before the engine deletes both.
      log.write(3);
      await reader.next();
      log.rotate();
      log.write(3);
      await reader.next();
      log.rotate();
    }
    await readOn(reader);
    const { shown } = await readOn(reader);
    expect(shown).toEqual([]);
  });

  it.each([
    ["truncated", (log: WrittenLog) => truncateSync(log.path, 0)],
    ["emptied", (log: WrittenLog) => writeFileSync(log.path, "")],
  ])("tell a file that was %s by hand as a hole, and go on", async (_, empty) => {
    await using log = await WrittenLog.create();
    log.write(5);
    await using reader = await log.open();
    await readOn(reader);
    empty(log);
    log.write(2);
    expect((await readOn(reader)).shown).toEqual(["emptied", ...log.texts.slice(-2)]);
  });

  it("tell a file that was emptied and has grown past the place since", async () => {
    await using log = await WrittenLog.create(1);
    log.write(5);
    await using reader = await log.open();
    await readOn(reader);
    log.rotate();
    log.write(500);
    expect((await readOn(reader)).shown).toEqual(["emptied", ...log.texts.slice(-500)]);
  });

  it("say where each entry ends, and are opened again there", async () => {
    await using log = await WrittenLog.create();
    log.write(3_000, " of a line that is not that short");
    await using reader = await log.open();
    const { places } = await readOn(reader);
    for (const index of [0, 1, 1_499, 2_998]) {
      const place = places[index];
      if (place === undefined) throw new Error("no place");
      await using later = await log.open({ type: "hint", place, entries: 1 });
      expect((await readOn(later)).shown).toEqual(log.texts.slice(index));
    }
  });

  it("are not opened by a hint that is none", async () => {
    await using log = await WrittenLog.create();
    log.write(10);
    await using reader = await log.open();
    const { places } = await readOn(reader);
    const { inode = "", offset = 0 } = places[4] ?? {};
    const hints = [
      { inode: `${inode}1`, offset },
      { inode, offset: offset + 1 },
      { inode, offset: 1_000_000 },
    ];
    for (const place of hints)
      expect(await openLogFiles(log.location, { type: "hint", place, entries: 1 })).toBeUndefined();
  });

  it.each([0, 1, 25, 60, 1_000])("give their last %d entries", async (entries) => {
    await using log = await WrittenLog.create(4);
    log.write(30);
    log.rotate();
    log.compress();
    log.write(20);
    log.rotate();
    log.write(10);
    log.writeRaw('{"log":"half a li');
    await using reader = await log.open({ type: "tail", entries });
    const { shown } = await readOn(reader);
    expect(shown).toEqual(entries === 0 ? [] : log.texts.slice(-entries));
    expect(reader.fromStart).toBe(entries >= 60);
    expect(reader.isHolding).toBe(true);
  });

  it.each([0, 1_500, 39_999])("are searched for the time of entry %d", async (index) => {
    await using log = await WrittenLog.create(4);
    log.write(15_000, " of a line that is not that short");
    log.rotate();
    log.compress();
    log.write(15_000, " of a line that is not that short");
    log.rotate();
    log.write(10_000, " of a line that is not that short");
    const timestamp = log.timestamp(index);
    await using reader = await log.open({ type: "before", timestamp, entries: 8 });
    const { shown } = await readOn(reader);
    const first = log.texts.indexOf(shown[0] ?? "");
    expect(shown).toEqual(log.texts.slice(first));
    expect(first).toBeLessThanOrEqual(Math.max(0, index - 8));
    // No more than is read at once stands before what was looked for.
    expect(index - first).toBeLessThan(8_000);
  });

  it("tell the beginning of a line that never ended, once the next file is read", async () => {
    await using log = await WrittenLog.create();
    log.write(2);
    log.writeRaw('{"log":"cut');
    await using reader = await log.open();
    await readOn(reader);
    log.rotate();
    log.write(1);
    expect((await readOn(reader)).shown).toEqual(["damaged", "2"]);
  });

  it("show what is sound of half a compressed file, and tell the rest as a hole", async () => {
    await using log = await WrittenLog.create();
    log.write(9_000, " of a line that is not that short");
    log.rotate();
    log.beginCompression();
    rmSync(`${log.path}.1`);
    log.write(1);
    await using reader = await log.open();
    const { shown } = await readOn(reader);
    expect(shown.at(-2)).toBe("damaged");
    expect(shown.at(-1)).toBe(log.texts.at(-1));
    expect(shown.slice(0, -2)).toEqual(log.texts.slice(0, shown.length - 2));
    expect(shown.length).toBeGreaterThan(1_000);
  });

  it.each([0, 1])(
    "are read whole where a compressed one is several, joined by hand; short by %d bytes",
    async (cut) => {
      await using log = await WrittenLog.create(4);
      for (let round = 0; round < 2; round++) {
        log.write(9_000, " of a line that is not that short");
        log.rotate();
        log.compress();
      }
      const all = Buffer.concat([2, 1].map((number) => readFileSync(`${log.path}.${number}.gz`)));
      rmSync(`${log.path}.2.gz`);
      writeFileSync(`${log.path}.1.gz`, all.subarray(0, all.length - cut));
      log.write(1);
      await using reader = await log.open();
      const { shown } = await readOn(reader);
      const damage = cut > 0 ? ["damaged"] : [];
      expect(shown).toEqual([...log.texts.slice(0, -1), ...damage, ...log.texts.slice(-1)]);
      await using last = await log.open({ type: "tail", entries: 10_000 });
      expect((await readOn(last)).shown.slice(0, 5)).toEqual(log.texts.slice(-10_000, -9_995));
    },
  );

  it("are not damaged where the disk does not give what is compressed", async () => {
    await using log = await WrittenLog.create();
    log.write(1);
    log.rotate();
    log.compress();
    const opened = await new LogFolder(log.location).open(([first]) => first);
    if (opened === undefined) throw new Error("There is no file.");
    const content = contentOf(opened);
    await opened.opened.handle.close();
    await expect(content.read(() => ({ pieces: [], consumed: 0 }))).rejects.toMatchObject({
      code: "EBADF",
    });
    await expect(content.head(512)).rejects.toMatchObject({ code: "EBADF" });
  });

  it("are read to their end, and are gone then, where the container is removed", async () => {
    await using log = await WrittenLog.create();
    log.write(2);
    await using reader = await log.open();
    const { shown } = await readOn(reader);
    log.write(2);
    rmSync(dirname(log.path), { recursive: true });
    expect(shown).toEqual(log.texts.slice(0, 2));
    expect(await readOn(reader)).toMatchObject({ shown: log.texts.slice(2), end: "gone" });
  });

  it("are waited for where there is none yet", async () => {
    await using log = await WrittenLog.create();
    rmSync(log.path);
    await using reader = await log.open();
    expect(await readOn(reader)).toMatchObject({ shown: [], end: "end" });
    log.write(2);
    expect((await readOn(reader)).shown).toEqual(log.texts);
  });

  it("are not opened outside the root, nor through a symbolic link", async () => {
    await using log = await WrittenLog.create();
    await using other = await WrittenLog.create();
    log.write(1);
    const outside = { ...log.location, root: other.root };
    await expect(openLogFiles(outside, { type: "start" })).rejects.toMatchObject({
      code: "FILES_UNREADABLE",
    });
    renameSync(log.path, `${log.path}.real`);
    symlinkSync(`${log.path}.real`, log.path);
    await expect(log.open()).rejects.toMatchObject({ code: "FILES_UNREADABLE" });
    const linked = join(other.root, "containers", "linked");
    symlinkSync(dirname(log.path), linked);
    const through = { ...other.location, path: join(linked, "c1-json.log") };
    await expect(openLogFiles(through, { type: "start" })).rejects.toMatchObject({
      code: "FILES_UNREADABLE",
    });
    rmSync(log.path);
    mkdirSync(log.path);
    await expect(log.open()).rejects.toMatchObject({ code: "FILES_UNREADABLE" });
  });
});

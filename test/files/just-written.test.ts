import { readSync, statSync, truncateSync, utimesSync } from "node:fs";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { isOnLocalDisk } from "../../src/files/local-disk.ts";
import type { LogFileReader } from "../../src/files/log-files.ts";
import { WrittenLog, readOn } from "./written-log.ts";

vi.mock(import("node:fs"), async (original) => {
  const all = await original();
  return { ...all, readSync: vi.fn<typeof all.readSync>(all.readSync) as typeof all.readSync };
});

const readsNow = (): number => vi.mocked(readSync).mock.calls.length;

beforeEach(() => {
  vi.mocked(readSync).mockClear();
});

async function readTold(reader: LogFileReader): Promise<readonly string[]> {
  reader.changed();
  return (await readOn(reader)).shown;
}

describe("a line that was just written", () => {
  it("is read without a thread, line by line", async () => {
    await using log = await WrittenLog.create();
    await using reader = await log.open();
    await readOn(reader);
    const shown: string[] = [];
    for (let line = 0; line < 20; line++) {
      log.write(1);
      shown.push(...(await readTold(reader)));
    }
    expect(shown).toEqual(log.texts);
    expect(readsNow()).toBe(20);
  });

  it("is read by a thread where nothing tells of it", async () => {
    await using log = await WrittenLog.create();
    await using reader = await log.open();
    await readOn(reader);
    log.write(1);
    expect((await readOn(reader)).shown).toEqual(log.texts);
    expect(readsNow()).toBe(0);
  });

  it("is followed by those of the files that were begun since", async () => {
    await using log = await WrittenLog.create(4);
    await using reader = await log.open();
    await readOn(reader);
    const shown: string[] = [];
    for (let round = 0; round < 6; round++) {
      log.write(3);
      log.rotate();
      if (round % 2 === 0) log.compress();
      log.write(2);
      shown.push(...(await readTold(reader)));
    }
    expect(shown).toEqual(log.texts);
  });

  it.each([1, 100, 5_000])(
    "is followed by all that was written with it (%d lines)",
    async (count) => {
      await using log = await WrittenLog.create();
      await using reader = await log.open();
      await readOn(reader);
      log.write(count, "x".repeat(90));
      expect(await readTold(reader)).toEqual(log.texts);
      expect(readsNow()).toBe(1);
    },
  );

  it.each([40, 16_300, 20_000, 600_000])("comes once it is whole (%d bytes)", async (length) => {
    await using log = await WrittenLog.create();
    log.write(2);
    await using reader = await log.open();
    const shown = [...(await readOn(reader)).shown];
    const text = "y".repeat(length);
    const entry = `{"log":"${text}\\n","stream":"stdout","time":"${log.timestamp(9)}"}\n`;
    for (const part of [entry.slice(0, length / 2), entry.slice(length / 2)]) {
      expect(shown).toEqual(log.texts);
      log.writeRaw(part);
      shown.push(...(await readTold(reader)));
      expect(reader.isHolding).toBe(part !== entry.slice(length / 2));
    }
    expect(shown.join("")).toBe([...log.texts, text].join(""));
  });

  it("comes behind a gap where the file was emptied, also to a size that it had", async () => {
    await using log = await WrittenLog.create();
    log.write(3);
    await using reader = await log.open();
    await readOn(reader);
    truncateSync(log.path);
    log.write(4);
    expect(await readTold(reader)).toEqual(["emptied", "3", "4", "5", "6"]);
  });

  it("comes behind damage, which is told", async () => {
    await using log = await WrittenLog.create();
    log.write(1);
    await using reader = await log.open();
    await readOn(reader);
    log.writeRaw("no entry\n");
    log.write(1);
    expect(await readTold(reader)).toEqual(["damaged", "1"]);
    log.writeRaw("nor is this\n");
    expect(await readTold(reader)).toEqual(["damaged"]);
  });

  it("leaves the time of the last access as it is", async () => {
    await using log = await WrittenLog.create();
    log.write(1);
    // With the usual option `relatime` a read notes its time where that of the last one is older than the last write.
    utimesSync(log.path, 1, 2);
    await using reader = await log.open();
    await readOn(reader);
    expect(statSync(log.path).atimeMs).toBe(1_000);
  });
});

describe("a local disk", () => {
  it("is none where the kernel itself makes what is read, or nothing is there", async () => {
    await using log = await WrittenLog.create();
    expect(await isOnLocalDisk(log.root)).toBe(true);
    expect(await isOnLocalDisk("/proc")).toBe(false);
    expect(await isOnLocalDisk(`${log.root}/nothing`)).toBe(false);
  });
});

import { readdirSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { FilesFrom, LogFormat, LogLocation } from "../../src/files/log-files.ts";
import { openLogFiles } from "../../src/files/open-log-files.ts";
import { WrittenLog, readOn } from "./written-log.ts";

const LINES = 20_000;
const SECOND = 1_795_449_514;

/** Numbered lines, a millisecond apart, each third in two parts. */
const formats: Readonly<Record<Exclude<LogFormat, "json-file">, (line: number) => Buffer>> = {
  "k8s-file": (line) => {
    const time = `${new Date(SECOND * 1_000 + line).toISOString().slice(0, 23)}000000+00:00`;
    const text = `${line} of a log`;
    if (line % 3 !== 0) return Buffer.from(`${time} stdout F ${text}\n`);
    return Buffer.from(`${time} stdout P ${text.slice(0, 3)}\n${time} stdout F ${text.slice(3)}\n`);
  },
  local: (line) => {
    const text = Buffer.from(`${line} of a log`);
    const time = varint(BigInt(SECOND) * 1_000_000_000n + BigInt(line) * 1_000_000n);
    const head = Buffer.from([0x0a, 6, ...Buffer.from("stdout"), 0x10, ...time]);
    const message = Buffer.concat([head, Buffer.from([0x1a, text.length]), text]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(message.length);
    return Buffer.concat([length, message, length]);
  },
};

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return [...bytes, Number(left)];
}

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

it.each(["k8s-file", "local"] as const)(
  "a %s log is opened at its end, at a time, at a place",
  async (format) => {
    await using log = await WrittenLog.create();
    const all = Array.from({ length: LINES }, (_, line) => formats[format](line));
    writeFileSync(log.path, Buffer.concat(all));
    const location: LogLocation = { ...log.location, format };
    const texts = Array.from({ length: LINES }, (_, line) => `${line} of a log`);
    const opened = async (
      from: FilesFrom,
    ): Promise<{ shown: readonly string[]; reader: string }> => {
      await using reader = await openLogFiles(location, from);
      if (reader === undefined) throw new Error("It can't be opened from there.");
      const { shown } = await readOn(reader);
      return { shown, reader: reader.fromStart ? "from the start" : "from within" };
    };
    for (const entries of [0, 3, 10_000]) {
      const { shown } = await opened({ type: "tail", entries });
      expect(shown).toEqual(entries === 0 ? [] : texts.slice(-entries));
    }
    const timestamp = `${new Date(SECOND * 1_000 + 15_000).toISOString().slice(0, 23)}000000Z`;
    const { shown, reader } = await opened({ type: "before", timestamp, entries: 4 });
    const first = texts.indexOf(shown[0] ?? "");
    expect(reader).toBe("from within");
    expect(first).toBeLessThan(15_000 - 4);
    expect(first).toBeGreaterThan(8_000);
    expect(shown).toEqual(texts.slice(first));
    await using whole = await openLogFiles(location, { type: "start" });
    if (whole === undefined) throw new Error("It can't be opened.");
    const { places } = await readOn(whole);
    const place = places[9_999];
    if (place === undefined) throw new Error("no place");
    expect((await opened({ type: "hint", place, entries: 3 })).shown).toEqual(texts.slice(9_997));
  },
);

it("gives back all descriptors, however often it is opened", async () => {
  await using log = await WrittenLog.create(4);
  log.write(300);
  log.rotate();
  log.compress();
  log.write(200);
  log.rotate();
  log.write(100);
  const inode = "1";
  const ways: FilesFrom[] = [
    { type: "start" },
    { type: "tail", entries: 350 },
    { type: "before", timestamp: log.timestamp(0), entries: 1 },
    { type: "hint", place: { inode, offset: 5 }, entries: 1 },
  ];
  const before = descriptors();
  for (let round = 0; round < 4; round++)
    for (const from of ways) {
      const reader = await openLogFiles(log.location, from);
      if (round % 2 === 0) await reader?.next();
      await Promise.all([reader?.close(), reader?.close()]);
    }
  expect(descriptors()).toBeLessThanOrEqual(before + 2);
});

// Reads a `json-file` log in one way, and writes how many lines it had and what CPU time that took.
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { openLogFiles } from "../../src/files/open-log-files.ts";
import type { FilesWay } from "./ways.ts";

const [way = "", path = ""] = process.argv.slice(2);
const READ_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

const ways: Readonly<Record<FilesWay, () => Promise<number>>> = {
  reader,
  "a stream, newlines counted": async () => {
    let count = 0;
    for await (const chunk of createReadStream(path)) count += newlinesIn(chunk as Buffer);
    return count;
  },
  "large reads, newlines counted": () => eachRead(newlinesIn),
  "large reads, JSON.parse for each line": () => eachRead(parsedIn),
};

async function reader(): Promise<number> {
  const folder = dirname(path);
  const location = { root: folder, path, folder, format: "json-file", tty: false } as const;
  await using files = await openLogFiles(location, { type: "start" });
  for (let count = 0; ;) {
    const news = await files?.next();
    if (news?.type !== "entries") return count;
    count += news.entries.length;
  }
}

/** Whole lines, in one and the same buffer. */
async function eachRead(countIn: (bytes: Buffer) => number): Promise<number> {
  await using file = await open(path);
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  let count = 0;
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, READ_BYTES, position);
    const end = bytesRead === 0 ? 0 : buffer.lastIndexOf(NEWLINE, bytesRead - 1) + 1;
    if (end === 0) return count;
    count += countIn(buffer.subarray(0, end));
    position += end;
  }
}

function newlinesIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

function parsedIn(bytes: Buffer): number {
  let count = 0;
  let from = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
    const line: unknown = JSON.parse(bytes.toString("utf8", from, at));
    if (typeof line === "object") count++;
    from = at + 1;
  }
  return count;
}

const run = ways[way as FilesWay];
// What is compiled first is not what is measured.
await run();
const before = process.cpuUsage();
const lines = await run();
const { user, system } = process.cpuUsage(before);
process.stdout.write(JSON.stringify({ lines, cpuSeconds: (user + system) / 1e6 }));

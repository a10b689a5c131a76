// Collects the lines of many containers in one file, as NDJSON, none missing whatever becomes of this process:
//
//   npx tsx examples/pool-to-file.ts logs 'web-*'
//
// Lines go to logs/lines.ndjson, how far each container was read to logs/positions.json. Started again, it goes on from
// there. After a crash some lines come again, with the same `id`, and one may be cut short: readers skip what is no JSON.
import { once } from "node:events";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { FileCheckpointStore, StreamPool } from "../src/index.ts"; // in your project: from "dockspool"
import type { LogBatch } from "../src/index.ts";

const [folder = "logs", names = "*"] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
const file = await open(join(folder, "lines.ndjson"), "a+");

async function endsWithinLine(): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== "\n";
}

let isCutShort = await endsWithinLine();

async function append(records: LogBatch): Promise<void> {
  const lines = records.map((record) => `${JSON.stringify(record)}\n`).join("");
  try {
    const text = isCutShort ? `\n${lines}` : lines;
    isCutShort = true; // until all of it is written
    await file.appendFile(text);
    isCutShort = false;
    // Positions are synced to the disk, so what stands before them has to be there first.
    await file.datasync();
  } catch (error) {
    console.error(`${records.length} lines can't be written yet:`, error);
    throw error; // They are tried again, for as long as it takes; meanwhile reading pauses.
  }
}

const pool = new StreamPool({
  select: { names: [names] },
  from: "start", // where a container has no position yet
  checkpoints: new FileCheckpointStore(join(folder, "positions.json")),
});
pool.on("status", (status) => {
  if (status.type === "engine") console.error(`engine ${status.engine}: ${status.state}`);
  if (status.type === "skipped") console.error(status.error.message);
  if (status.type !== "source") return;
  const { container, status: what } = status;
  if (what.type === "gap") console.error(`${container.name}: lines after ${what.after} are lost`);
  if (what.type === "checkpoint-failed") console.error(what.error.message);
});

const delivery = pool.deliver(append, {
  // A write can't be taken back: a second attempt beside it would mix their lines. So a slow disk is waited for.
  timeoutMs: 24 * 3_600_000,
});

// Until somebody says stop. Where the sink gives up, this rejects and ends the process with code 1.
await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), delivery.done]);
// Writes what was read, and saves the positions; within 10 seconds, or rejects. A second Ctrl-C kills.
await pool.close();
await file.close();

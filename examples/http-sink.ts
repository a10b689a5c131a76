// Posts the lines of many containers to an HTTP endpoint, as NDJSON; what it refuses goes to a file:
//
//   npx tsx examples/http-sink.ts http://localhost:8080/logs state
//
// state/refused.ndjson gets what was refused, or failed ATTEMPTS times (default 10; Infinity waits for an endpoint that is
// down), and state/positions.json how far each container was read. Started again, it goes on from there. After a failure
// or a crash lines are posted again: the endpoint drops each `id` that it knows.
import { once } from "node:events";
import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { FileCheckpointStore, StreamPool } from "../src/index.ts"; // in your project: from "dockspool"
import type { LogBatch, SinkContext } from "../src/index.ts";

const [url = "http://localhost:8080/logs", folder = "state"] = process.argv.slice(2);
const attempts = Number(process.env["ATTEMPTS"] ?? 10);
await mkdir(folder, { recursive: true });

async function post(records: LogBatch, { signal, attempt }: SinkContext): Promise<void> {
  if (attempt > 1) console.error(`${records.length} lines: attempt ${attempt} of ${attempts}`);
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: records.map((record) => `${JSON.stringify(record)}\n`).join(""),
    redirect: "error", // it would be followed by a GET, without the lines
    signal, // aborts when the attempt takes too long
  });
  const answer = await response.text(); // read to its end, so that the connection is used again
  if (response.ok) return;
  const error = new Error(`${url} answered ${response.status}: ${answer.slice(0, 200)}`);
  // What is thrown is tried again. What the endpoint refuses, it would refuse again.
  if (response.status >= 500 || response.status === 429) throw error;
  await putAside(records, error);
}

/** Synced to the disk, since these lines count as delivered then. */
async function putAside(records: LogBatch, error: unknown): Promise<void> {
  console.error(`${records.length} lines are put aside:`, error);
  const lines = records.map((record) => `${JSON.stringify({ error: String(error), record })}\n`);
  // An empty line sets them apart, also from a line that a crash cut short.
  await appendFile(join(folder, "refused.ndjson"), `\n${lines.join("")}`, { flush: true });
}

const pool = new StreamPool({
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

const delivery = pool.deliver(post, {
  maxRecords: 500,
  maxWaitMs: 500,
  timeoutMs: 10_000,
  retry: { attempts },
  deadLetter: putAside,
});

// Until somebody says stop. Where the sink gives up, this rejects and ends the process with code 1.
await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), delivery.done]);
// Posts what was read, and saves the positions; within 10 seconds, or rejects. A second Ctrl-C kills.
await pool.close();

import { openSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import type * as dockspool from "../src/index.ts";
import type { LogBatch, PoolStatus, StreamPool } from "../src/index.ts";
import type { CollectorTask, JournalEntry, Order, Sample, SinkMode } from "./journal.ts";
import { notedStore } from "./noted-store.ts";
import { monotonicMs } from "./world.ts";

/** Follows all containers of an engine, and writes down what comes of it. A process of its own, which is killed now and then. */
const task: CollectorTask = JSON.parse(process.argv[2] ?? "");
// Whoever started it is gone; maybe by now.
process.once("disconnect", () => process.exit(1));
if (!process.connected) process.exit(1);
const journal = openSync(task.journalFile, "a");
const SAMPLE_EVERY_MS = 200;
const SINK_TIMEOUT_MS = 4_000;

function note(...entries: readonly JournalEntry[]): void {
  const bytes = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  for (let at = 0; at < bytes.length;) at += writeSync(journal, bytes, at);
}

function problem(text: string): void {
  note(["problem", monotonicMs(), text]);
}

process.on("unhandledRejection", (reason) => problem(`unhandled rejection: ${inspect(reason)}`));
process.on("uncaughtException", (error) => problem(`uncaught exception: ${inspect(error)}`));
process.on("warning", (warning) => {
  if (warning.name !== "ExperimentalWarning") problem(`warning: ${warning.message}`);
});

/** How many records of each container the consumer is done with: just now, and a turn of the event loop ago. */
const finished = new Map<string, number>();
const acknowledged = new Map<string, number>();
const lastLines = new Map<string, string>();
let mode: SinkMode = "ok";
let modeChanged = (): void => {};
let isConsumerBusy = false;
let lines = 0;

function take(records: LogBatch): void {
  const at = monotonicMs();
  note(
    ...records.map(
      ({ container, stream, timestamp, truncated, id, line }) =>
        ["record", at, container.id, stream, timestamp, truncated, id, line] as const,
    ),
  );
  lines += records.length;
  for (const { container, timestamp } of records) {
    finished.set(container.id, (finished.get(container.id) ?? 0) + 1);
    lastLines.set(container.id, timestamp);
  }
}

/** What was taken by now is certainly acknowledged in a turn of the event loop. */
function acknowledge(): void {
  const counts = new Map(finished);
  setImmediate(() => {
    for (const [id, count] of counts) acknowledged.set(id, count);
  });
}

/** Goes on when the mode is another one, or the attempt is over. */
async function hang(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    modeChanged = resolve;
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function misbehave(pool: StreamPool, records: LogBatch, signal: AbortSignal): Promise<void> {
  switch (mode) {
    case "ok":
      return;
    case "throws":
      throw new Error("The sink throws.");
    case "hangs":
      return await hang(signal);
    case "slow":
      await delay(30 + (records.length % 100));
      return;
    case "calls back": {
      const container = records[0]?.container.id;
      pool.health();
      void pool.rotate(container);
      if (container !== undefined && records.length % 3 === 0)
        void pool.attach(container).catch(() => {});
      // Awaited inside the sink, it waits for what waits for the sink.
      if (records.length % 4 === 0) await Promise.race([pool.rotate(), delay(1_000)]);
    }
  }
}

async function deliver(pool: StreamPool): Promise<void> {
  await pool.deliver(
    async (records, { signal }) => {
      isConsumerBusy = true;
      try {
        await misbehave(pool, records, signal);
        if (signal.aborted) throw new Error("Too late.");
        take(records);
        acknowledge();
      } finally {
        isConsumerBusy = false;
      }
    },
    {
      name: "chaos",
      maxRecords: 500,
      maxWaitMs: 40,
      timeoutMs: SINK_TIMEOUT_MS,
      retry: { minDelayMs: 50, maxDelayMs: 500 },
    },
  ).done;
}

async function loop(pool: StreamPool): Promise<void> {
  const never = new AbortController();
  for await (const batch of pool.batches()) {
    isConsumerBusy = true;
    // Whoever asks for the next one has acknowledged the one before.
    acknowledge();
    take(batch);
    if (mode === "hangs" || mode === "throws") await hang(never.signal);
    else await misbehave(pool, batch, never.signal);
    isConsumerBusy = false;
  }
}

function heard(status: PoolStatus): void {
  const at = monotonicMs();
  if (status.type === "engine") {
    note(["status", at, status.state, "", ""]);
  } else if (status.type === "source") {
    const { type, ...detail } = status.status;
    note(["status", at, type, status.container.id, shown(detail)]);
  } else {
    const { type, container, ...detail } = status;
    note(["status", at, type, container.id, shown(detail)]);
  }
}

/** Errors as text. */
function shown(detail: object): unknown {
  return JSON.parse(
    JSON.stringify(detail, (_, value: unknown) =>
      value instanceof Error ? `${value.name}: ${value.message}` : value,
    ),
  );
}

function sample(pool: StreamPool): Sample {
  const { status, ready, components } = pool.health();
  const ill = Object.entries(components).filter(([, component]) => component.status !== "healthy");
  const { tasks, sockets, containers, rotations, bufferedBytes } = pool.stats;
  return {
    at: monotonicMs(),
    health: status,
    detail: ill.map(([name, { detail }]) => `${name}: ${detail}`).join("; "),
    ready,
    tasks,
    sockets,
    containers,
    rotations,
    bufferedBytes,
    rssBytes: process.memoryUsage.rss(),
    descriptors: readdirSync("/proc/self/fd").length,
    states: Object.fromEntries([...pool.sources].map(([id, { stats }]) => [id, stats.state])),
    lastLines: Object.fromEntries(lastLines),
    isConsumerBusy,
    lines,
  };
}

async function obey(pool: StreamPool, order: Order): Promise<void> {
  switch (order.order) {
    case "rotate":
      await pool.rotate(order.container);
      return;
    case "attach":
      note(["attach", monotonicMs(), order.container]);
      await pool.attach(order.container);
      return;
    case "detach":
      await pool.detach(order.container);
      note(["detach", monotonicMs(), order.container]);
      return;
    case "sink":
      mode = order.mode;
      modeChanged();
      return;
    case "close":
      mode = "ok";
      modeChanged();
      await pool.close();
  }
}

async function main(): Promise<void> {
  const library: typeof dockspool = await import(join(task.library, "index.js"));
  const { plan } = task;
  const pool = new library.StreamPool({
    engine: { ...task.engine, connectTimeoutMs: 2_500 },
    from: "start",
    read: task.read,
    ...(task.dataRoot !== undefined && { files: { root: task.dataRoot } }),
    maxStreams: plan.maxStreams,
    timeSliceMs: plan.timeSliceMs,
    bufferBytes: plan.bufferBytes,
    rotation: { everyMs: plan.rotateEveryMs },
    checkpoints: notedStore(new library.FileCheckpointStore(task.checkpointFile), {
      counts: () =>
        [...finished].map(([id, atMost]) => [id, [acknowledged.get(id) ?? 0, atMost]] as const),
      note,
    }),
    source: {
      checkpointEveryMs: 400,
      stallProbeMs: plan.stallProbeMs,
      rotateTimeoutMs: 5_000,
      reconnect: { minDelayMs: 50, maxDelayMs: 1_000 },
    },
  });
  pool.on("status", heard);
  const samples = setInterval(() => {
    const now = sample(pool);
    note(["sample", now]);
    process.send?.(now);
  }, SAMPLE_EVERY_MS);
  const orders = (order: Order): void => {
    obey(pool, order).catch((error: unknown) => {
      note(["note", monotonicMs(), `${order.order}: ${String(error)}`]);
    });
  };
  process.on("message", orders);
  try {
    await (plan.consumer === "sink" ? deliver(pool) : loop(pool));
  } catch (error) {
    problem(`the consumer ended: ${inspect(error)}`);
  }
  await pool.close();
  // A socket that is destroyed is closed a moment later.
  for (let turn = 0; turn < 40 && pool.stats.sockets > 0; turn++) await delay(50);
  clearInterval(samples);
  note(["sample", sample(pool)]);
  note(["closed", monotonicMs()]);
  // From here on nothing of ours keeps the process alive.
  process.off("message", orders);
  process.removeAllListeners("disconnect");
  process.disconnect();
}

await main();

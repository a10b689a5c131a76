// Follows quiet containers, and tells what that takes once all streams are open. Needs --expose-gc.
import { readdirSync } from "node:fs";
import { get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { StreamPool } from "dockspool";
import { options, report } from "./args.mjs";

const { engine, streams, way, root, settleMs = 0, watchMs = 0 } = options;
const LOOKS = 5;
/** Adding up the statistics of thousands of sources takes time of its own. */
const LOOK_MS = 250;
const names = Array.from({ length: streams }, (_, index) => {
  return `idle-${String(index).padStart(4, "0")}`;
});

let pool;
const open = way === "plain" ? openPlainly : openPool;
const close = await open();
await pause(1_000);
let rss = Infinity;
let heap = Infinity;
for (let look = 0; look < LOOKS; look++) {
  globalThis.gc();
  await pause(200);
  const usage = process.memoryUsage();
  rss = Math.min(rss, usage.rss);
  heap = Math.min(heap, usage.heapUsed + usage.external);
}
await pause(settleMs);
const before = process.cpuUsage();
await pause(watchMs);
const { user, system } = process.cpuUsage(before);
report({
  rss,
  heap,
  descriptors: readdirSync("/proc/self/fd").length,
  streamsOpen: pool?.stats.streamsOpen ?? streams,
  cpuSeconds: (user + system) / 1e6,
});
await close();

async function openPool() {
  const files = root === undefined ? {} : { source: { read: "files", files: { root } } };
  pool = new StreamPool({ engine, select: { names }, maxStreams: streams, ...files });
  const opened = new Set();
  pool.on("source", ({ container, status }) => {
    if (status.type === "opened") opened.add(container.id);
  });
  const reading = (async () => {
    for await (const record of pool) throw new Error(`${record.container.name} is not quiet.`);
  })();
  while (opened.size < streams) await Promise.race([pause(LOOK_MS), reading]);
  return async () => {
    await pool.close();
    await reading;
  };
}

async function openPlainly() {
  const query = "follow=1&stdout=1&stderr=1&timestamps=1";
  const opened = names.map(async (name) => {
    const { promise, resolve, reject } = withResolvers();
    const path = `/containers/${name}/logs?${query}`;
    const request = get({ ...engine, path, agent: false }, resolve).on("error", reject);
    const response = await promise;
    response.on("error", () => {}).resume();
    return request;
  });
  const requests = await Promise.all(opened);
  return async () => {
    for (const request of requests) request.destroy();
  };
}

function withResolvers() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}

// Follows quiet containers, and tells what that takes once all streams are open. Needs --expose-gc.
import { readdirSync } from "node:fs";
import { get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { StreamPool } from "dockspool";
import { options, report } from "./args.mjs";

const { engine, names, ids, way } = options;
const LOOKS = 5;

const open = way === "plain" ? openPlainly : openPool;
const close = await open();
await pause(1_000);
let rss = Infinity;
for (let look = 0; look < LOOKS; look++) {
  globalThis.gc();
  await pause(200);
  rss = Math.min(rss, process.memoryUsage.rss());
}
report({ rss, descriptors: readdirSync("/proc/self/fd").length });
await close();

async function openPool() {
  const pool = new StreamPool({ engine, select: { names }, maxStreams: ids.length });
  const reading = (async () => {
    for await (const record of pool) throw new Error(`${record.container.name} is not quiet.`);
  })();
  while (pool.stats.streamsOpen < ids.length) await Promise.race([pause(20), reading]);
  return async () => {
    await pool.close();
    await reading;
  };
}

async function openPlainly() {
  const query = "follow=1&stdout=1&stderr=1&timestamps=1";
  const opened = ids.map(async (id) => {
    const { promise, resolve, reject } = withResolvers();
    const path = `/containers/${id}/logs?${query}`;
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

// A collector as a service: it follows all containers and posts their lines, as NDJSON, to an HTTP endpoint.
// Settings come from the environment; README.md beside this file lists them.
import { createServer } from "node:http";
import { once } from "node:events";
import { collectDefaultMetrics, register } from "prom-client";
import { FileCheckpointStore, StreamPool } from "dockspool";
import { observe } from "dockspool/http";
import { registerPrometheus } from "dockspool/prometheus";
import { readConfig } from "./config.mjs";

/** @param {string} level @param {string} message @param {object} [fields] */
function log(level, message, fields = {}) {
  console.error(JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }));
}

const config = readConfig(process.env);

const pool = new StreamPool({
  ...(config.engine === undefined ? {} : { engine: config.engine }),
  select: config.select,
  from: config.from,
  read: config.read,
  files: config.files,
  maxStreams: config.maxStreams,
  checkpoints: new FileCheckpointStore(config.positions),
});

pool.on("attached", ({ container }) => log("info", "following", { container: container.name }));
pool.on("detached", ({ container, reason }) =>
  log("info", "done", { container: container.name, reason: reason.kind }),
);
pool.on("skipped", ({ container, error }) =>
  log("warn", error.message, { container: container.name, help: error.help }),
);
pool.on("engine", ({ engine, state, error }) =>
  log(state === "connected" ? "info" : "warn", `engine ${state}`, {
    engine,
    ...(error === undefined ? {} : { error: String(error) }),
  }),
);
pool.on("source", ({ container, status }) => {
  if (status.type === "reading")
    log("info", `reading from ${status.via}`, { container: container.name, reason: status.reason });
  if (status.type === "gap")
    log("error", "lines are lost", { container: container.name, after: status.after });
  if (status.type === "delivery-retry" || status.type === "checkpoint-failed")
    log("warn", status.type, { error: String(status.error) });
});

// Lines go out in batches. A failure is tried again, for as long as it takes; meanwhile reading pauses.
const delivery = pool.deliver(
  async (records, { signal }) => {
    const body = records.map((record) => `${JSON.stringify(record)}\n`).join("");
    const headers = { "content-type": "application/x-ndjson", ...config.headers };
    const response = await fetch(config.url, { method: "POST", headers, body, signal });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
  },
  { name: "http", maxRecords: config.batchRecords, maxWaitMs: config.batchMs },
);

// Health and metrics listen first: while the engine is away, /readyz says so.
collectDefaultMetrics();
registerPrometheus(pool, { containers: config.metricsOfContainers });
const server = createServer(observe(pool, { metrics: register }));
server.listen(config.port, config.host);
await once(server, "listening");
const address = server.address();
log("info", "listening", typeof address === "object" && address !== null ? address : {});

let exitCode = 0;
try {
  // Until somebody says stop, or the sink gives up for good.
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT"), delivery.done]);
  log("info", "stopping");
  // Delivers what was read, and saves the positions; within 10 seconds, or it rejects.
  await pool.close();
} catch (error) {
  log("error", String(error));
  exitCode = 1;
}
server.close();
server.closeAllConnections();
log("info", "stopped");
process.exitCode = exitCode;

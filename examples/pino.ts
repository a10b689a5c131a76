// Containers' lines in a service's own log, by pino:
//
//   npx tsx examples/pino.ts
//
// What a container's line says of itself (level, message, fields) becomes a line of this service, with the container's name.
import { once } from "node:events";
import { pino } from "pino";
import { mapRecords, parseLine, redact } from "../src/formats.ts"; // in your project: from "dockspool/formats"
import { StreamPool } from "../src/index.ts"; // in your project: from "dockspool"
import type { LogBatch } from "../src/index.ts";

const log = pino({ level: process.env["LEVEL"] ?? "trace" });

function relay(records: LogBatch): void {
  for (const { container, line, stream, timestamp, id } of records) {
    const { message, level = stream === "stderr" ? "error" : "info", fields } = parseLine(line);
    log[level]({ container: container.name, timestamp, id, fields }, message);
  }
}

const pool = new StreamPool();
pool.on("attached", ({ container }) => log.debug({ container: container.name }, "follows"));
pool.on("skipped", ({ error }) => log.warn(error));
pool.on("engine", ({ engine, state }) => log.info({ engine, state }, "engine"));
const clean = redact({ fields: ["password", "authorization", "cookie"] });
pool.deliver(mapRecords(clean, relay), { name: "pino" });

await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
await pool.close();
log.flush();

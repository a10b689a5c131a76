// A collector that publishes to NATS JetStream, and may have a spare: start it twice for one engine.
import { once } from "node:events";
import { createServer } from "node:http";
import { hostname } from "node:os";
import { connect } from "@nats-io/transport-node";
import { StreamPool } from "dockspool";
import { observe } from "dockspool/http";
import { NatsCheckpointStore, natsLeases, natsSink } from "dockspool/nats";

const {
  NATS_URL = "nats://127.0.0.1:4222",
  ENGINE,
  ENGINE_NAME = hostname(),
  OWNER = `${hostname()}-${process.pid}`,
  REPLICAS = "1",
  STREAM = "LOGS",
  SUBJECT = "logs",
  MAX_IN_FLIGHT = "256",
  LEASE_MS = "15000",
  PORT,
} = process.env;
const create = { replicas: Number(REPLICAS) };

// It waits for NATS and reconnects for ever: meanwhile lines stay where they are, in the engine's log.
const connection = await connect({
  servers: NATS_URL.split(","),
  name: OWNER,
  waitOnFirstConnect: true,
  maxReconnectAttempts: -1,
});
const ttlMs = Number(LEASE_MS);
const leases = natsLeases(connection, { bucket: "leases", owner: OWNER, ttlMs, create });
const checkpoints = new NatsCheckpointStore(connection, { bucket: "positions", create, leases });
const pool = new StreamPool({
  engines: { [ENGINE_NAME]: ENGINE ?? {} },
  from: "start",
  checkpoints,
  leases,
});
for (const type of ["attached", "standby"])
  pool.on(type, ({ container }) => console.error(`${type} ${container.name}`));

const sink = natsSink(connection, {
  stream: STREAM,
  subject: SUBJECT,
  create: { ...create, maxBytes: 10 * 1024 ** 3, maxAgeMs: 7 * 86_400_000 },
  maxInFlight: Number(MAX_IN_FLIGHT),
  checkpoints,
  leases,
});
const delivery = pool.deliver(sink, { name: "nats" });
const server = createServer(observe(pool));
if (PORT !== undefined) server.listen(Number(PORT));

try {
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT"), delivery.done]);
} finally {
  // Delivers what was read, saves the positions, and lets the spare go on at once.
  await pool.close();
  await leases[Symbol.asyncDispose]();
  await connection.close();
  server.close();
  server.closeAllConnections();
}

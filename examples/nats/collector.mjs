// A collector that publishes to NATS JetStream, and may have a spare: start it twice for one engine.
import { once } from "node:events";
import { hostname } from "node:os";
import { connect } from "@nats-io/transport-node";
import { StreamPool } from "dockspool";
import { NatsCheckpointStore, natsLeases, natsSink } from "dockspool/nats";

const {
  NATS_URL = "nats://127.0.0.1:4222",
  ENGINE,
  ENGINE_NAME = hostname(),
  OWNER = `${hostname()}-${process.pid}`,
  REPLICAS = "1",
} = process.env;
const create = { replicas: Number(REPLICAS) };

// It reconnects for ever: meanwhile lines stay where they are, in the engine's log.
const connection = await connect({ servers: NATS_URL.split(","), maxReconnectAttempts: -1 });
const leases = natsLeases(connection, { bucket: "leases", owner: OWNER, ttlMs: 15_000, create });
const checkpoints = new NatsCheckpointStore(connection, { bucket: "positions", create, leases });
const pool = new StreamPool({
  engines: { [ENGINE_NAME]: ENGINE ?? {} },
  from: "start",
  checkpoints,
  leases,
});
for (const type of ["attached", "standby"])
  pool.on(type, ({ container }) => console.error(`${type} ${container.name}`));

const limits = { ...create, maxBytes: 10 * 1024 ** 3, maxAgeMs: 7 * 86_400_000 };
const sink = natsSink(connection, { stream: "LOGS", create: limits, checkpoints, leases });
const delivery = pool.deliver(sink, { name: "nats" });

try {
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT"), delivery.done]);
} finally {
  // Delivers what was read, saves the positions, and lets the spare go on at once.
  await pool.close();
  await leases[Symbol.asyncDispose]();
  await connection.close();
}

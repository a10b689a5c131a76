// Sends the lines of many containers to Kafka, by an idempotent producer:
//
//   npx tsx examples/kafka.ts localhost:9092 container-logs state
//
// A message's key is the container's id, so a container's lines stay in their order, in one partition. Each message has the record's
// `id` as a header: after a crash some are sent again, and whoever reads them drops those that it knows.
import { once } from "node:events";
import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import { FileCheckpointStore, StreamPool } from "../src/index.ts"; // in your project: from "dockspool"
import type { LogBatch } from "../src/index.ts";

const [brokers = "localhost:9092", topic = "container-logs", folder = "state"] =
  process.argv.slice(2);

const kafka = new Kafka({
  clientId: "dockspool",
  brokers: brokers.split(","),
  logLevel: logLevel.ERROR,
  // The delivery tries again, for as long as it takes.
  retry: { retries: 3 },
});
// Idempotent: what the producer itself sends again is stored once. One request at a time keeps the order.
const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
await producer.connect();

/** Resolves when all replicas in sync have the batch. */
async function send(records: LogBatch): Promise<void> {
  const messages = records.map((record) => ({
    key: record.container.id,
    value: JSON.stringify(record),
    headers: { id: record.id },
  }));
  await producer.send({ topic, acks: -1, messages });
}

const pool = new StreamPool({
  from: "start", // where a container has no position yet
  checkpoints: new FileCheckpointStore(join(folder, "positions.json")),
});
pool.on("source", ({ container, status }) => {
  if (status.type === "delivery-retry") console.error(container.name, String(status.error));
});
const delivery = pool.deliver(send, { name: "kafka", maxRecords: 500 });

await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), delivery.done]);
await pool.close();
await producer.disconnect();

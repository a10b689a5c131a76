// One container's lines to a stream of NATS JetStream, or out of it, in one of several ways.
import { hash } from "node:crypto";
import { jetstream } from "@nats-io/jetstream";
import { connect, headers } from "@nats-io/transport-node";
import { natsSink, tailNats } from "dockspool/nats";
import { options, report } from "./args.mjs";

const { server, stream, way, lines } = options;
const BATCH = 1_000;
const IN_FLIGHT = 256;
const container = {
  id: "a".repeat(64),
  name: "web",
  image: "registry:5000/team/app:1.2",
  labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" },
  tty: false,
  logDriver: "json-file",
  engine: "host-1",
};

/** As the library's: its id is digested when it is asked for. */
class Line {
  container = container;
  stream = "stdout";
  truncated = false;

  constructor(number) {
    this.timestamp = new Date(Date.UTC(2026, 10, 28) + number).toISOString();
    this.line = `${number} `.padEnd(90, "x");
  }

  get id() {
    const content = hash("sha256", this.line, "base64url");
    const identity = `${container.id} stdout ${this.timestamp} 0 ${content}`;
    return hash("sha256", identity, "base64url").slice(0, 22);
  }

  toJSON() {
    const { timestamp, line, truncated, id } = this;
    return { container, stream: "stdout", timestamp, line, truncated, id };
  }
}

function* batches() {
  for (let first = 0; first < lines; first += BATCH)
    yield Array.from({ length: BATCH }, (_, n) => new Line(first + n));
}

function headersOf(record) {
  const all = headers();
  all.set("Dockspool-Container", container.id);
  all.set("Dockspool-Image", container.image);
  all.set("Dockspool-Time", record.timestamp);
  all.set("Nats-Msg-Id", `${container.id}/${record.id}`);
  return all;
}

const subject = `${stream}.host-1.web.stdout`;
const ways = {
  /** No acknowledgement, and nothing is stored: what the client and the server need for the bytes. */
  async core(connection) {
    for (const batch of batches()) {
      for (const record of batch)
        connection.publish(`plain.${subject}`, JSON.stringify(record), {
          headers: headersOf(record),
        });
      await connection.flush();
    }
    return lines;
  },
  /** The client's own way, some hundred on their way at once. */
  async js(connection) {
    const client = jetstream(connection);
    for (const batch of batches()) {
      let next = 0;
      const worker = async () => {
        while (next < batch.length) {
          const record = batch[next++];
          await client.publish(subject, JSON.stringify(record), { headers: headersOf(record) });
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    }
    return lines;
  },
  async sink(connection) {
    const sink = natsSink(connection, { stream, subject: stream });
    const context = { signal: new AbortController().signal, attempt: 1 };
    for (const batch of batches()) await sink(batch, context);
    return lines;
  },
  async tail(connection) {
    let count = 0;
    for await (const { line } of tailNats(connection, { stream, subject: stream, follow: false })) {
      if (!line.startsWith(`${count} `)) throw new Error(`Line ${count} is not there.`);
      count++;
    }
    return count;
  },
};

const connection = await connect({ servers: server });
const count = await ways[way](connection);
await connection.close();
report({ count });

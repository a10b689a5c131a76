import type { NatsConnection } from "@nats-io/transport-node";
import { afterEach, beforeEach, expect, it } from "vitest";
import { StreamPool } from "../../src/index.ts";
import { NatsCheckpointStore, natsLeases, natsSink, tailNats } from "../../src/nats.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { NatsServer, natsProgram } from "../support/nats/nats-server.ts";
import { describeWithProgram } from "../support/sinks/server.ts";

/** A lease outlasts by far what a busy machine takes to fail at a message, and to tell of it. */
const TTL_MS = 4_000;
const ACK_MS = 200;

/** A collector in this process. */
class Collector implements AsyncDisposable {
  readonly pool: StreamPool;
  readonly #leases;

  constructor(connection: NatsConnection, fake: FakeEngine, owner: string, ttlMs = TTL_MS) {
    const create = true;
    this.#leases = natsLeases(connection, { bucket: "leases", owner, ttlMs, create });
    const leases = this.#leases;
    const checkpoints = new NatsCheckpointStore(connection, { bucket: "places", create, leases });
    this.pool = new StreamPool({
      engines: { host: fake.engine },
      from: "start",
      checkpoints,
      leases,
      source: { checkpointEveryMs: 50 },
    });
    const sink = natsSink(connection, { stream: "LOGS", create, leases, ackWithinMs: ACK_MS });
    const retry = { minDelayMs: 10, maxDelayMs: 100 };
    this.pool.deliver(sink, { name: "nats", maxWaitMs: 20, retry });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.close();
    await this.#leases[Symbol.asyncDispose]();
  }
}

async function says(
  { pool }: Collector,
  component: string,
  status: string,
  text: string,
): Promise<void> {
  const health = { status, detail: expect.stringContaining(text) };
  await expect.poll(() => pool.health().components[component]).toMatchObject(health);
}

async function isHealthy({ pool }: Collector): Promise<void> {
  await expect.poll(() => pool.health()).toMatchObject({ status: "healthy" });
}

describeWithProgram("health of collectors where NATS can't be reached", natsProgram(), () => {
  let server: NatsServer;
  let connection: NatsConnection;
  let fake: FakeEngine;
  let web: FakeContainer;

  beforeEach(async () => {
    server = await NatsServer.start();
    connection = await server.connect();
    fake = await FakeEngine.start();
    web = fake.create({ name: "web" });
    web.start();
    web.write("before");
  });
  afterEach(async () => {
    await fake.close();
    await server[Symbol.asyncDispose]();
  });

  async function stored(): Promise<string[]> {
    const found: string[] = [];
    for await (const { line } of tailNats(connection, { stream: "LOGS", follow: false }))
      found.push(line);
    return found;
  }

  function written(): string[] {
    return web.written.map(({ line }) => line);
  }

  for (const [how, away, back] of [
    ["does not answer", () => server.pause(), () => server.resume()],
    ["is down", () => server.stop(), () => server.run()],
  ] as const)
    it(`a holder and a standby both say so while NATS ${how}, and are healthy again afterwards`, async () => {
      await using holder = new Collector(connection, fake, "holder");
      await says(holder, "leases", "healthy", "1 is held here");
      await using spare = new Collector(await server.connect(), fake, "spare");
      await says(spare, "streams", "healthy", "1 on standby, whose lease another pool has");
      await isHealthy(spare);
      await away();
      web.write("meanwhile");
      await says(holder, "delivery:nats", "degraded", "failed: ");
      await says(
        holder,
        "leases",
        "unhealthy",
        '1 container is not followed here, and who has the lease is not known: bucket "leases" of NATS JetStream can\'t be asked',
      );
      await says(
        spare,
        "leases",
        "unhealthy",
        "1 container is not followed here, and who has the lease is not known",
      );
      await says(spare, "streams", "healthy", "1 on standby, see leases");
      await back();
      web.write("after");
      await isHealthy(holder);
      await isHealthy(spare);
      await expect.poll(stored).toEqual(written());
    });

  it("a holder says that its leases run out before they do, and follows on where NATS is back in time", async () => {
    await using holder = new Collector(connection, fake, "holder", 2 * TTL_MS);
    await says(holder, "leases", "healthy", "1 is held here");
    await server.pause();
    await says(holder, "leases", "degraded", "1 container is followed until the leases run out");
    server.resume();
    await isHealthy(holder);
    web.write("after");
    await expect.poll(stored).toEqual(written());
  });
});

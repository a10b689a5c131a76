import { DiscardPolicy, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterEach, beforeEach, expect, it } from "vitest";
import { StreamPool } from "../../src/index.ts";
import type { EngineOptions } from "../../src/index.ts";
import { NatsCheckpointStore, natsLeases, natsSink } from "../../src/nats.ts";
import type { NatsLeases } from "../../src/nats.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { stored, wrongCounts } from "../support/nats/collectors.ts";
import { Gate } from "../support/nats/gate.ts";
import { NatsCluster, NatsServer, natsProgram } from "../support/nats/nats-server.ts";
import { describeWithProgram } from "../support/sinks/server.ts";
import { longOnly } from "../support/size.ts";

const PATIENT = { timeout: 40_000, interval: 50 };
const TTL_MS = 1_000;
const BUFFER_BYTES = 20_000;
/** What is read ahead may be a chunk more than the buffer, and the sink has a batch besides. */
const MOST_BYTES = 400_000;
const MOST_MESSAGES = 400;

/** A collector in this process. */
class Collector implements AsyncDisposable {
  readonly pool: StreamPool;
  readonly connection: NatsConnection;
  readonly leases: NatsLeases;
  /** Its health was looked at every now and then. */
  wasUnwell = false;
  readonly #looks: NodeJS.Timeout;

  private constructor(
    owner: string,
    engine: EngineOptions,
    connection: NatsConnection,
    replicas: number,
  ) {
    this.connection = connection;
    const create = { replicas };
    this.leases = natsLeases(connection, { bucket: "leases", owner, ttlMs: TTL_MS, create });
    const { leases } = this;
    const checkpoints = new NatsCheckpointStore(connection, {
      bucket: "positions",
      create,
      leases,
    });
    this.pool = new StreamPool({
      engines: { host: engine },
      from: "start",
      checkpoints,
      leases,
      source: { checkpointEveryMs: 100 },
      bufferBytes: BUFFER_BYTES,
    });
    const sink = natsSink(connection, { stream: "LOGS", create, leases, ackWithinMs: 1_000 });
    const retry = { minDelayMs: 50, maxDelayMs: 500 };
    this.pool.deliver(sink, { name: "nats", maxRecords: 100, maxWaitMs: 20, retry });
    this.#looks = setInterval(() => {
      const { ready, status } = this.pool.health();
      this.wasUnwell ||= ready && status !== "healthy";
    }, 20);
  }

  static async start(
    owner: string,
    engine: EngineOptions,
    servers: readonly string[],
    replicas: number = 1,
  ): Promise<Collector> {
    const connection = await connect({
      servers: [...servers],
      ignoreClusterUpdates: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      reconnectJitter: 0,
      timeout: 2_000,
    });
    return new Collector(owner, engine, connection, replicas);
  }

  get standby(): boolean {
    return this.pool.health().components["streams"]?.detail.includes("on standby") === true;
  }

  healthOf(component: string): string | undefined {
    return this.pool.health().components[component]?.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#looks);
    await this.connection.close();
    await this.pool.close().catch(() => {});
  }
}

describeWithProgram("a partition", natsProgram(), () => {
  let server: NatsServer;
  let fake: FakeEngine;
  let connection: NatsConnection;
  let containers: Containers;

  beforeEach(async () => {
    server = await NatsServer.start();
    connection = await server.connect();
    fake = await FakeEngine.start();
    containers = containersOf(fake);
  });
  afterEach(async () => {
    await fake.close();
    await server[Symbol.asyncDispose]();
  });

  for (const [how, options] of [
    ["close", longOnly],
    ["silence", {}],
  ] as const)
    it(
      `between the holder and NATS (${how}): the spare goes on, the holder says so and keeps little, and each line is stored once`,
      options,
      async () => {
        await using gate = await Gate.start({ host: "127.0.0.1", port: server.port });
        await using one = await Collector.start("one", fake.engine, [gate.address]);
        await expect.poll(() => stored(connection).catch(() => 0), PATIENT).toBe(count(containers));
        await using spare = await Collector.start("spare", fake.engine, [server.address]);
        await expect.poll(() => spare.standby, PATIENT).toBe(true);
        const { outMsgs } = one.connection.stats();
        one.wasUnwell = false;
        gate[how]();
        write(containers, 1_000);
        await expect.poll(() => stored(connection), PATIENT).toBe(count(containers));
        expect(one.wasUnwell).toBe(true);
        expect(one.pool.stats.bufferedBytes).toBeLessThan(MOST_BYTES);
        write(containers, 1_000);
        await expect.poll(() => stored(connection), PATIENT).toBe(count(containers));
        expect(one.connection.stats().outMsgs - outMsgs).toBeLessThan(MOST_MESSAGES);
        gate.open();
        await expect.poll(() => one.standby, PATIENT).toBe(true);
        await expect.poll(() => one.pool.health().status, PATIENT).toBe("healthy");
        write(containers, 100);
        await expect.poll(() => stored(connection), PATIENT).toBe(count(containers));
        await spare[Symbol.asyncDispose]();
        write(containers, 100);
        await holdsAllOnce(connection, containers);
      },
    );

  it("between the holder and its engine: it says so, and goes on once it is over; each line is stored once", async () => {
    const { socketPath = "" } = fake.engine;
    await using gate = await Gate.start({ path: socketPath });
    const engine = { host: "127.0.0.1", port: gate.port, protocol: "http" as const };
    await using one = await Collector.start("one", engine, [server.address]);
    await expect.poll(() => stored(connection).catch(() => 0), PATIENT).toBe(count(containers));
    gate.close();
    write(containers, 1_000);
    await expect.poll(() => one.healthOf("engine:host"), PATIENT).not.toBe("healthy");
    gate.open();
    await expect.poll(() => stored(connection), PATIENT).toBe(count(containers));
    await expect.poll(() => one.pool.health().status, PATIENT).toBe("healthy");
    await holdsAllOnce(connection, containers);
  }, 120_000);

  it("NATS is down for longer than buffers hold: health says so, little is kept, and each line is stored once", async () => {
    await using one = await Collector.start("one", fake.engine, [server.address]);
    await using spare = await Collector.start("spare", fake.engine, [server.address]);
    await expect.poll(() => stored(connection).catch(() => 0), PATIENT).toBe(count(containers));
    const both = [one, spare];
    const sent = both.map((each) => each.connection.stats().outMsgs);
    for (const each of both) each.wasUnwell = false;
    await server.stop();
    write(containers, 2_000);
    await expect.poll(() => both.some(({ wasUnwell }) => wasUnwell), PATIENT).toBe(true);
    // Longer than leases last.
    const [{ id }] = containers;
    await expect.poll(() => both.some(({ leases }) => leases.hasLost(id)), PATIENT).toBe(true);
    for (const [index, each] of both.entries()) {
      expect(each.pool.stats.bufferedBytes).toBeLessThan(MOST_BYTES);
      expect(each.connection.stats().outMsgs - (sent[index] ?? 0)).toBeLessThan(MOST_MESSAGES);
    }
    await server.run();
    await holdsAllOnce(connection, containers);
    for (const { pool } of both)
      await expect.poll(() => pool.health().status, PATIENT).toBe("healthy");
  }, 120_000);
});

describeWithProgram("a full stream that takes nothing new", natsProgram(), () => {
  it("health says so, little is kept, and each line is stored once when there is room again", async () => {
    await using server = await NatsServer.start();
    await using fake = await FakeEngine.start();
    const connection = await server.connect();
    const containers = containersOf(fake);
    await using one = await Collector.start("one", fake.engine, [server.address]);
    await expect.poll(() => stored(connection).catch(() => 0), PATIENT).toBe(count(containers));
    await using spare = await Collector.start("spare", fake.engine, [server.address]);
    await expect.poll(() => spare.standby, PATIENT).toBe(true);
    const manager = await jetstreamManager(connection);
    const max_msgs = count(containers) + 10;
    await manager.streams.update("LOGS", { max_msgs, discard: DiscardPolicy.New });
    write(containers, 2_000);
    // Where a lease ran out on a busy machine, that is the spare.
    const both = [one, spare];
    const isFull = (each: Collector) => each.healthOf("delivery:nats") !== "healthy";
    await expect.poll(() => both.some(isFull), PATIENT).toBe(true);
    for (const { pool } of both) expect(pool.stats.bufferedBytes).toBeLessThan(MOST_BYTES);
    expect(await stored(connection)).toBe(max_msgs);
    // Nobody else could do better.
    await expect.poll(() => both.some(({ standby }) => standby), PATIENT).toBe(true);
    await manager.streams.update("LOGS", { max_msgs: -1 });
    await holdsAllOnce(connection, containers);
    for (const { pool } of both)
      await expect.poll(() => pool.health().status, PATIENT).toBe("healthy");
  }, 60_000);
});

describeWithProgram("a node of NATS that is alone", natsProgram(), () => {
  it(
    "the collector that sees only that node says so, the spare goes on, and each line is stored once",
    longOnly,
    async () => {
      await using cluster = await NatsCluster.start({ gated: true });
      await using fake = await FakeEngine.start();
      const containers = containersOf(fake);
      const [alone = "", ...others] = cluster.addresses;
      await using one = await Collector.start("one", fake.engine, [alone], 3);
      const connection = await cluster.connect(others);
      await expect.poll(() => stored(connection).catch(() => 0), PATIENT).toBe(count(containers));
      await using spare = await Collector.start("spare", fake.engine, others, 3);
      await expect.poll(() => spare.standby, PATIENT).toBe(true);
      one.wasUnwell = false;
      cluster.gate?.close();
      write(containers, 500);
      await expect.poll(() => stored(connection).catch(() => 0), PATIENT).toBe(count(containers));
      expect(one.wasUnwell).toBe(true);
      expect(one.pool.stats.bufferedBytes).toBeLessThan(MOST_BYTES);
      cluster.gate?.open();
      await expect.poll(() => one.standby, PATIENT).toBe(true);
      write(containers, 100);
      await holdsAllOnce(connection, containers);
    },
  );
});

type Containers = readonly [FakeContainer, FakeContainer, FakeContainer];

function containersOf(fake: FakeEngine): Containers {
  const all: Containers = [
    fake.create({ name: "a" }),
    fake.create({ name: "b" }),
    fake.create({ name: "c" }),
  ];
  for (const container of all) container.start();
  write(all, 50);
  return all;
}

function write(containers: readonly FakeContainer[], lines: number): void {
  for (let n = 0; n < lines; n++)
    for (const container of containers) container.write(`line ${container.written.length}`);
}

function count(containers: readonly FakeContainer[]): number {
  return containers.reduce((sum, { written }) => sum + written.length, 0);
}

async function holdsAllOnce(
  connection: NatsConnection,
  containers: readonly FakeContainer[],
): Promise<void> {
  await expect
    .poll(() => stored(connection).catch(() => 0), PATIENT)
    .toBeGreaterThanOrEqual(count(containers));
  expect(await wrongCounts(connection, containers)).toEqual({ missing: [], repeated: [] });
}

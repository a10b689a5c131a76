import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterEach, beforeEach, expect, it } from "vitest";
import { StreamPool } from "../../src/index.ts";
import { NatsCheckpointStore, natsLeases, natsSink, tailNats } from "../../src/nats.ts";
import { FakeEngine } from "../../src/testing.ts";
import { NatsServer, natsProgram } from "../support/nats/nats-server.ts";
import { recordOf } from "../support/plain-records.ts";
import { describeWithProgram } from "../support/sinks/server.ts";

const never = new AbortController().signal;

describeWithProgram("NATS that has lost what it had stored", natsProgram(), () => {
  let server: NatsServer;
  let connection: NatsConnection;

  beforeEach(async () => {
    server = await NatsServer.start();
    connection = await server.connect();
  });
  afterEach(() => server[Symbol.asyncDispose]());

  async function stored(): Promise<string[]> {
    const found: string[] = [];
    for await (const { line } of tailNats(connection, { stream: "LOGS", follow: false }))
      found.push(line);
    return found;
  }

  async function deleteStream(name: string): Promise<void> {
    const manager = await jetstreamManager(connection);
    await manager.streams.delete(name);
  }

  it("a collector goes on where the server comes up without its folder", async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    web.start();
    web.write("before");
    const create = true;
    await using leases = natsLeases(connection, {
      bucket: "leases",
      owner: "a",
      ttlMs: 1_000,
      create,
    });
    const checkpoints = new NatsCheckpointStore(connection, { bucket: "places", create, leases });
    await using pool = new StreamPool({ engine: fake.engine, from: "start", checkpoints, leases });
    const sink = natsSink(connection, { stream: "LOGS", create, leases, ackWithinMs: 500 });
    pool.deliver(sink, { name: "nats", retry: { minDelayMs: 10, maxDelayMs: 100 } });
    await expect.poll(() => stored().catch(() => [])).toEqual(["before"]);
    await server.stop();
    server.forget();
    await server.run();
    web.write("after");
    await expect.poll(() => stored().catch(() => [])).toContain("after");
    await expect.poll(() => pool.health()).toMatchObject({ status: "healthy" });
  });

  it("the sink makes a stream that is gone anew, where it makes streams", async () => {
    const retry = { signal: never, attempt: 2 };
    const sink = natsSink(connection, { stream: "LOGS", create: true });
    await sink([recordOf("a")], retry);
    await deleteStream("LOGS");
    await expect(sink([recordOf("b")], retry)).rejects.toThrow("No stream takes the subject");
    await sink([recordOf("b")], retry);
    expect(await stored()).toEqual(["b"]);
    await deleteStream("LOGS");
    const other = natsSink(connection, { stream: "LOGS" });
    await expect(other([recordOf("c")], retry)).rejects.toThrow("stream not found");
  });

  it("the store makes a bucket that is gone anew, and so do leases, which are lost and had again", async () => {
    const store = new NatsCheckpointStore(connection, { bucket: "places", create: true });
    await store.save(new Map([["engine/web", { at: 1 }]]));
    await deleteStream("KV_places");
    await expect(store.load("engine/web")).rejects.toThrow();
    await store.save(new Map([["engine/web", { at: 2 }]]));
    expect(await store.load("engine/web")).toEqual({ at: 2 });

    const leases = natsLeases(connection, {
      bucket: "leases",
      owner: "a",
      ttlMs: 1_000,
      create: true,
    });
    const { lost } = await leases.acquire("engine/web", never);
    await deleteStream("KV_leases");
    await expect.poll(() => lost.aborted).toBe(true);
    await leases.acquire("engine/web", never);
    expect(leases.holds("engine/web")).toBe(true);
    await leases[Symbol.asyncDispose]();
  });
});

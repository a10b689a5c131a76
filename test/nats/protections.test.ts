import { jetstreamManager } from "@nats-io/jetstream";
import type { JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LogRecord } from "../../src/index.ts";
import { NatsCheckpointStore, natsLeases, natsSink } from "../../src/nats.ts";
import { NatsServer, natsProgram } from "../support/nats/nats-server.ts";
import { COMPARE_AND_SET, MESSAGE_ID, withoutHeader } from "../support/nats/weakened.ts";
import { recordOf } from "../support/plain-records.ts";
import { describeWithProgram } from "../support/sinks/server.ts";

const never = new AbortController().signal;
const context = { signal: never, attempt: 1 };
describeWithProgram("each protection, taken out", natsProgram(), () => {
  let server: NatsServer;
  let connection: NatsConnection;
  let manager: JetStreamManager;

  beforeAll(async () => {
    server = await NatsServer.start();
    connection = await server.connect();
    manager = await jetstreamManager(connection);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function count(stream: string): Promise<number> {
    return (await manager.streams.info(stream)).state.messages;
  }

  const batch: LogRecord[] = Array.from({ length: 10 }, (_, n) => recordOf(`line ${n}`));

  it("message ids: a batch that is published again is stored twice", async () => {
    for (const [stream, through, stored] of [
      ["WITH", connection, 10],
      ["WITHOUT", withoutHeader(connection, MESSAGE_ID), 20],
    ] as const) {
      const sink = natsSink(through, { stream, subject: stream, create: true });
      await sink(batch, context);
      await sink(batch, context);
      expect(await count(stream)).toBe(stored);
    }
  });

  it("compare-and-set: a stale collector moves a position back", async () => {
    const key = "engine/web";
    for (const [bucket, through, at] of [
      ["with", connection, 9],
      ["without", withoutHeader(connection, COMPARE_AND_SET), 1],
    ] as const) {
      const [stale, next] = [1, 2].map(
        () => new NatsCheckpointStore(through, { bucket, create: true }),
      );
      await stale?.save(new Map([[key, { at: 1 }]]));
      await next?.load(key);
      await next?.save(new Map([[key, { at: 9 }]]));
      await stale?.save(new Map([[key, { at: 1 }]])).catch(() => {});
      expect(await next?.load(key)).toEqual({ at });
    }
  });

  it("compare-and-set: two owners that ask at once hold the same lease", async () => {
    for (const [bucket, through, holders] of [
      ["one-holder", connection, 1],
      ["two-holders", withoutHeader(connection, COMPARE_AND_SET), 2],
    ] as const) {
      const owners = ["a", "b"].map((owner) =>
        natsLeases(through, { bucket, owner, ttlMs: 1_000, create: true }),
      );
      // So that both have begun before they ask for the same.
      await Promise.all(owners.map((owner, n) => owner.acquire(`engine/own-${n}`, never)));
      const stop = new AbortController();
      const asked = owners.map((owner) => owner.acquire("engine/web", stop.signal));
      await Promise.any(asked);
      await expect
        .poll(() => owners.filter((owner) => owner.holds("engine/web")).length)
        .toBe(holders);
      stop.abort(new Error("enough"));
      await Promise.allSettled(asked);
      for (const owner of owners) await owner[Symbol.asyncDispose]();
    }
  });

  it("fencing: lines that come long after a lease was lost are stored twice", async () => {
    const stream = "FENCED";
    const { container } = recordOf("");
    const leases = natsLeases(connection, {
      bucket: "fenced",
      owner: "a",
      ttlMs: 1_000,
      create: true,
    });
    const create = { duplicateWindowMs: 2_000 };
    const fenced = natsSink(connection, { stream, subject: stream, create, leases });
    const unfenced = natsSink(connection, { stream, subject: stream });
    await leases.acquire(`engine/${container.id}`, never);
    await fenced(batch, context);
    await leases[Symbol.asyncDispose]();
    // By then the stream knows the repeats no more.
    await expect
      .poll(
        async () => {
          await unfenced(batch.slice(0, 1), context);
          return count(stream);
        },
        { timeout: 20_000, interval: 2_500 },
      )
      .toBe(11);
    await fenced(batch, context);
    expect(await count(stream)).toBe(11);
    await unfenced(batch, context);
    expect(await count(stream)).toBeGreaterThanOrEqual(19);
  });
});

import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Checkpoint, CheckpointStore } from "../../src/index.ts";
import { NatsCheckpointStore, natsLeases } from "../../src/nats.ts";
import { checkpointStoreTests } from "../../src/testing.ts";
import { NatsServer, natsProgram } from "../support/nats/nats-server.ts";
import { describeWithProgram } from "../support/sinks/server.ts";

const KEY = "engine/web";
const never = new AbortController().signal;

function entry(value: Checkpoint, key = KEY): Map<string, Checkpoint> {
  return new Map([[key, value]]);
}

describeWithProgram("the checkpoint store on NATS", natsProgram(), () => {
  let server: NatsServer;
  let connection: NatsConnection;
  let buckets = 0;

  beforeAll(async () => {
    server = await NatsServer.start();
    connection = await server.connect();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  function bucketOfItsOwn(): string {
    return `bucket-${++buckets}`;
  }

  function storeOf(bucket: string): NatsCheckpointStore {
    return new NatsCheckpointStore(connection, { bucket, create: true });
  }

  describe("does what a store must", () => {
    const names = new Map<CheckpointStore, string>();
    const open = (bucket: string): CheckpointStore => {
      const store = storeOf(bucket);
      names.set(store, bucket);
      return store;
    };
    const tests = checkpointStoreTests({
      create: () => open(bucketOfItsOwn()),
      reopen: (store) => open(names.get(store) ?? "unknown"),
    });
    it.each(tests)("$name", async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    });
  });

  it("refuses a save of a collector that another one has taken over from", async () => {
    const bucket = bucketOfItsOwn();
    const [stale, next] = [storeOf(bucket), storeOf(bucket)];
    await stale.save(entry({ at: 1 }));
    expect(await next.load(KEY)).toEqual({ at: 1 });
    await next.save(entry({ at: 2 }));
    await expect(stale.save(entry({ at: 1 }))).rejects.toMatchObject({
      code: "CHECKPOINT_UNWRITABLE",
      transient: true,
      message: expect.stringContaining("another collector goes on from it"),
    });
    expect(await next.load(KEY)).toEqual({ at: 2 });
    await next.save(entry({ at: 3 }));
    expect(await stale.load(KEY)).toEqual({ at: 3 });
  });

  it("saves the other entries of a save that is refused in part", async () => {
    const bucket = bucketOfItsOwn();
    const [stale, next] = [storeOf(bucket), storeOf(bucket)];
    await stale.save(entry({ at: 1 }));
    await next.load(KEY);
    await next.save(entry({ at: 2 }));
    const both = new Map([...entry({ at: 1 }), ...entry({ at: 7 }, "engine/api")]);
    await expect(stale.save(both)).rejects.toMatchObject({ code: "CHECKPOINT_UNWRITABLE" });
    expect(await next.load("engine/api")).toEqual({ at: 7 });
    expect(await next.load(KEY)).toEqual({ at: 2 });
  });

  it("lets two pools that watch one engine save its note, the last one last", async () => {
    const bucket = bucketOfItsOwn();
    const [one, other] = [storeOf(bucket), storeOf(bucket)];
    await one.save(entry({ seen: 1 }, "engine"));
    await other.save(entry({ seen: 2 }, "engine"));
    await one.save(entry({ seen: 3 }, "engine"));
    expect(await other.load("engine")).toEqual({ seen: 3 });
  });

  it("with leases, lets the holder save, and nobody else", async () => {
    const bucket = bucketOfItsOwn();
    const leasesOf = (owner: string): ReturnType<typeof natsLeases> =>
      natsLeases(connection, { bucket: `${bucket}-leases`, owner, ttlMs: 1_000, create: true });
    await using first = leasesOf("first");
    await using second = leasesOf("second");
    const [stale, next] = [first, second].map(
      (leases) => new NatsCheckpointStore(connection, { bucket, create: true, leases }),
    );
    await expect(stale?.save(entry({ at: 0 }))).rejects.toMatchObject({
      code: "CHECKPOINT_UNWRITABLE",
      message: expect.stringContaining("the container's lease is lost"),
    });
    const lease = await first.acquire(KEY, never);
    await stale?.save(entry({ at: 1 }));
    await lease[Symbol.asyncDispose]();
    await second.acquire(KEY, never);
    // The first one's save that comes late, between the second one's load and its first save.
    await next?.load(KEY);
    await storeOf(bucket).save(entry({ at: 2 }));
    await next?.save(entry({ at: 3 }));
    expect(await next?.load(KEY)).toEqual({ at: 3 });
    await expect(stale?.save(entry({ at: 1 }))).rejects.toMatchObject({
      code: "CHECKPOINT_UNWRITABLE",
      message: expect.stringContaining('collector "second" goes on from it'),
    });
    expect(await next?.load(KEY)).toEqual({ at: 3 });
  });
});

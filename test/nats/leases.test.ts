import { setTimeout as delay } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { natsLeases } from "../../src/nats.ts";
import type { NatsLeases } from "../../src/nats.ts";
import { Bucket } from "../../src/nats/bucket.ts";
import { NatsServer, natsProgram } from "../support/nats/nats-server.ts";
import { withEarlyCheck, withLatency, withoutKeys } from "../support/nats/weakened.ts";
import { describeWithProgram } from "../support/sinks/server.ts";

const never = new AbortController().signal;
const TTL_MS = 1_000;

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

describeWithProgram("leases on NATS", natsProgram(), () => {
  let server: NatsServer;
  let connection: NatsConnection;
  let buckets = 0;

  beforeAll(async () => {
    server = await NatsServer.start();
    connection = await server.connect();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** Two owners over one bucket, each with a connection of its own. */
  async function owners(): Promise<{
    bucket: string;
    one: NatsLeases;
    other: NatsLeases;
    cut: () => Promise<void>;
  }> {
    const bucket = `leases-${++buckets}`;
    const own = await server.connect();
    const options = { bucket, ttlMs: TTL_MS, create: true };
    return {
      bucket,
      one: natsLeases(own, { ...options, owner: "one" }),
      other: natsLeases(connection, { ...options, owner: "other" }),
      cut: () => own.close(),
    };
  }

  it("one owner holds a key, and another one once it is given back", async () => {
    const { one, other } = await owners();
    const held = await one.acquire("engine/web", never);
    expect(one.holds("engine/web")).toBe(true);
    expect(one.hasLost("web")).toBe(false);
    const free = await other.acquire("engine/api", never);
    const waiting = other.acquire("engine/web", never);
    await one[Symbol.asyncDispose]();
    const next = await waiting;
    expect(held.lost.aborted).toBe(true);
    expect(one.holds("engine/web")).toBe(false);
    expect(one.hasLost("web")).toBe(true);
    expect(next.token).toBeGreaterThan(held.token);
    expect(free.lost.aborted).toBe(false);
    await other[Symbol.asyncDispose]();
  });

  it("another owner goes on where the holder gives no sign any more", async () => {
    const { bucket, one, other, cut } = await owners();
    const held = await one.acquire("engine/web", never);
    const waiting = other.acquire("engine/web", never);
    await cut();
    const next = await waiting;
    // The old holder knew before.
    expect(one.holds("engine/web")).toBe(false);
    await aborted(held.lost);
    expect(next.lost.aborted).toBe(false);
    expect(await other.holderOf("engine/web")).toBe("other");
    const entries = new Bucket(connection, bucket, undefined);
    const sessions = await entries.keys("session/");
    const values = await Promise.all(sessions.map(async (key) => (await entries.get(key)).value));
    expect(values).toContainEqual({ owner: "one", ttlMs: TTL_MS, isEnded: true, endedBy: "other" });
    await other[Symbol.asyncDispose]();
  });

  it("what is asked for again while it is being given back is held by one owner", async () => {
    const bucket = `leases-${++buckets}`;
    const options = { bucket, ttlMs: TTL_MS, create: true };
    const slow = withLatency(connection, /STREAM\.PURGE/, () => 300);
    const one = natsLeases(slow, { ...options, owner: "one" });
    const other = natsLeases(connection, { ...options, owner: "other" });
    const held = await one.acquire("engine/web", never);
    const givenBack = held[Symbol.asyncDispose]();
    const again = await one.acquire("engine/web", never);
    await givenBack;
    expect(again.token).toBeGreaterThan(held.token);
    await expect(other.acquire("engine/web", AbortSignal.timeout(800))).rejects.toThrow();
    expect(one.holds("engine/web")).toBe(true);
    await one[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  it("is kept where whoever waits reads from a node that does not have the holder's session yet", async () => {
    const bucket = `leases-${++buckets}`;
    const options = { bucket, ttlMs: TTL_MS, create: true };
    const one = natsLeases(connection, { ...options, owner: "one" });
    const lagging = natsLeases(withoutKeys(connection, "session"), { ...options, owner: "other" });
    const held = await one.acquire("engine/web", never);
    await expect(lagging.acquire("engine/web", AbortSignal.timeout(TTL_MS))).rejects.toThrow();
    expect(held.lost.aborted).toBe(false);
    expect(one.holds("engine/web")).toBe(true);
    await one[Symbol.asyncDispose]();
    const next = await lagging.acquire("engine/web", never);
    expect(next.token).toBeGreaterThan(held.token);
    await lagging[Symbol.asyncDispose]();
    expect(await new Bucket(connection, bucket, undefined).keys("session/")).toEqual([]);
  });

  it("of two who wait for a holder that is dead one has it, where the server checks revisions before it writes", async () => {
    const bucket = `leases-${++buckets}`;
    const options = { bucket, ttlMs: TTL_MS, create: true };
    const dead = await server.connect();
    await natsLeases(dead, { ...options, owner: "dead" }).acquire("engine/web", never);
    const early = withEarlyCheck(connection, 200);
    const one = natsLeases(early, { ...options, owner: "one" });
    const other = natsLeases(early, { ...options, owner: "other" });
    const enough = new AbortController();
    const had: string[] = [];
    const waiting = [one, other].map((leases) =>
      leases.acquire("engine/web", enough.signal).then(
        () => had.push(leases.owner),
        () => {},
      ),
    );
    await dead.close();
    await Promise.race(waiting);
    await delay(TTL_MS);
    expect(had).toHaveLength(1);
    enough.abort(new Error("enough"));
    await Promise.all(waiting);
    for (const leases of [one, other]) await leases[Symbol.asyncDispose]();
  });

  it("is lost at once where the machine was suspended: only the wall clock has gone on", async () => {
    const { one } = await owners();
    const held = await one.acquire("engine/web", never);
    const before = Date.now();
    const clock = vi.spyOn(Date, "now").mockReturnValue(before + TTL_MS);
    try {
      expect(one.holds("engine/web")).toBe(false);
      expect(one.hasLost("web")).toBe(true);
      await aborted(held.lost);
    } finally {
      clock.mockRestore();
    }
    const again = await one.acquire("engine/web", never);
    expect(again.token).toBeGreaterThan(held.token);
    await one[Symbol.asyncDispose]();
  });

  it("is kept for as long as it is renewed", async () => {
    const { one, other } = await owners();
    const held = await one.acquire("engine/web", never);
    const stop = new AbortController();
    const waiting = other.acquire("engine/web", stop.signal);
    const renewals = new Bucket(connection, `leases-${buckets}`, undefined);
    const [session = ""] = await renewals.keys("session/");
    const before = await renewals.get(session);
    await expect
      .poll(async () => (await renewals.get(session)).revision - before.revision, {
        timeout: 8_000,
      })
      .toBeGreaterThanOrEqual(6);
    expect(held.lost.aborted).toBe(false);
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toMatchObject({ message: "enough" });
    await one[Symbol.asyncDispose]();
  });

  it("whoever is ended by another owner loses all, and begins anew", async () => {
    const { bucket, one, other } = await owners();
    const held = await one.acquire("engine/web", never);
    const entries = new Bucket(connection, bucket, undefined);
    const [session = ""] = await entries.keys("session/");
    // As another owner does that has seen nothing of it for long; a renewal at the same moment wins.
    await expect
      .poll(async () => {
        const { value, revision } = await entries.get(session);
        return entries.put(session, { ...value, isEnded: true, endedBy: "other" }, revision).then(
          () => true,
          () => false,
        );
      })
      .toBe(true);
    await aborted(held.lost);
    expect(String(held.lost.reason)).toContain('The lease of "one" is lost: "other" has ended it');
    const next = await other.acquire("engine/web", never);
    expect(next.token).toBeGreaterThan(held.token);
    const again = one.acquire("engine/web", never);
    await next[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    const last = await again;
    expect(last.token).toBeGreaterThan(next.token);
    expect(one.holds("engine/web")).toBe(true);
    await one[Symbol.asyncDispose]();
  });

  it("leaves nothing behind in the bucket", async () => {
    const { bucket, one } = await owners();
    const lease = await one.acquire("engine/web", never);
    await lease[Symbol.asyncDispose]();
    await one[Symbol.asyncDispose]();
    expect(await new Bucket(connection, bucket, undefined).keys("")).toEqual([]);
  });

  it("an owner that gives up while it waits takes nothing", async () => {
    const { one, other } = await owners();
    const held = await one.acquire("engine/web", never);
    const stop = new AbortController();
    const waiting = other.acquire("engine/web", stop.signal);
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toMatchObject({ message: "enough" });
    await held[Symbol.asyncDispose]();
    expect(other.holds("engine/web")).toBe(false);
    const again = await one.acquire("engine/web", never);
    expect(again.token).toBeGreaterThan(held.token);
    await one[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });
});

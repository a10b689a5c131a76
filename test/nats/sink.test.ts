import { jetstreamManager } from "@nats-io/jetstream";
import type { JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { StreamPool } from "../../src/index.ts";
import type { LogRecord, SinkContext } from "../../src/index.ts";
import { NatsCheckpointStore, natsLeases, natsSink, tailNats } from "../../src/nats.ts";
import type { NatsRecord, NatsTailOptions } from "../../src/nats.ts";
import { FakeEngine } from "../../src/testing.ts";
import { NatsServer, natsProgram } from "../support/nats/nats-server.ts";
import { containerNamed, recordOf } from "../support/plain-records.ts";
import { describeWithProgram } from "../support/sinks/server.ts";

const context: SinkContext = { signal: new AbortController().signal, attempt: 1 };

function lines(count: number, first = 0): LogRecord[] {
  return Array.from({ length: count }, (_, n) => recordOf(`line ${first + n}`));
}

describeWithProgram("the sink for NATS", natsProgram(), () => {
  let server: NatsServer;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  let streams = 0;

  beforeAll(async () => {
    server = await NatsServer.start();
    connection = await server.connect();
    manager = await jetstreamManager(connection);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** A stream's name, and the beginning of its subjects. */
  function ownStream(): { stream: string; subject: string } {
    const stream = `LOGS${++streams}`;
    return { stream, subject: `logs${streams}` };
  }

  async function all(options: NatsTailOptions): Promise<NatsRecord[]> {
    const records: NatsRecord[] = [];
    for await (const record of tailNats(connection, { follow: false, ...options }))
      records.push(record);
    return records;
  }

  it("keeps all that is known of a record, in the order of its batches", async () => {
    const own = ownStream();
    const sink = natsSink(connection, { ...own, create: true });
    const container = containerNamed("my.app", { engine: "host 7", labels: { a: 'b"\\\n' } });
    const record = recordOf("hello", { container, stream: "stderr" });
    await sink([record, ...lines(1_000)], context);
    const found = await all(own);
    expect(found.map(({ line }) => line)).toEqual([
      "hello",
      ...lines(1_000).map((one) => one.line),
    ]);
    expect(found[0]).toEqual({ ...record.toJSON(), sequence: 1 });
    const stored = await manager.streams.getMessage(own.stream, { seq: 1 });
    expect(stored?.subject).toBe(`${own.subject}.host%207.my%2Eapp.stderr`);
    expect(stored?.header.get("Nats-Msg-Id")).toBe(`${container.id}/${record.id}`);
    expect(stored?.header.get("Dockspool-Container")).toBe(container.id);
    expect(stored?.header.get("Dockspool-Image")).toBe(container.image);
    expect(stored?.header.get("Dockspool-Time")).toBe(record.timestamp);
  });

  it("stores a record that is published again once", async () => {
    const own = ownStream();
    const batch = lines(50);
    await natsSink(connection, { ...own, create: true })(batch, context);
    await natsSink(connection, own)([...batch, ...lines(1, 50)], context);
    expect((await all(own)).map(({ line }) => line)).toEqual(lines(51).map(({ line }) => line));
  });

  it("creates the stream with the limits that are named, and leaves one that is there", async () => {
    const own = ownStream();
    const create = {
      maxBytes: 5_000_000,
      maxMessages: 100,
      maxAgeMs: 60_000,
      discard: "new" as const,
    };
    await natsSink(connection, { ...own, create })(lines(1), context);
    await natsSink(connection, { ...own, create: true })(lines(1), context);
    const { config } = await manager.streams.info(own.stream);
    expect(config).toMatchObject({ max_bytes: 5_000_000, max_msgs: 100, discard: "new" });
    expect(config.max_age).toBe(60_000_000_000);
  });

  it("fails where there is no stream, and goes on once there is", async () => {
    const own = ownStream();
    const sink = natsSink(connection, own);
    await expect(sink(lines(1), context)).rejects.toThrow("stream not found");
    await manager.streams.add({ name: own.stream, subjects: [`${own.subject}.>`] });
    await sink(lines(1), { ...context, attempt: 2 });
    expect(await all(own)).toHaveLength(1);
  });

  it("cuts a line that does not fit into a message, and says so", async () => {
    const own = ownStream();
    const sink = natsSink(connection, { ...own, create: true });
    await sink([recordOf("é".repeat(1_000_000))], context);
    const [found] = await all(own);
    expect(found?.truncated).toBe(true);
    expect(found?.line).toMatch(/^é{100000,}$/);
  });

  it("refuses a line of which not even the container's labels fit into a message", async () => {
    const own = ownStream();
    const sink = natsSink(connection, { ...own, create: true });
    const container = containerNamed("big", { labels: { a: "x".repeat(2_000_000) } });
    await expect(
      sink([recordOf("a"), recordOf("b", { container })], context),
    ).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining("container big"),
    });
  });

  it("refuses a stream that recognises repeats for less than leases ask for", async () => {
    const own = ownStream();
    const leases = natsLeases(connection, { bucket: "none", owner: "me", ttlMs: 10_000 });
    const create = { duplicateWindowMs: 19_999 };
    const sink = natsSink(connection, { ...own, create, leases });
    await expect(sink(lines(1), context)).rejects.toMatchObject({ retryable: false });
  });

  it("tells of lines that may be older than the stream can recognise, or refuses them", async () => {
    const own = ownStream();
    const bucket = { bucket: `positions${streams}`, create: true };
    const { container } = recordOf("");
    const saved = new Map([[`engine/${container.id}`, { version: 1 }]]);
    const checkpoints = new NatsCheckpointStore(connection, bucket);
    const options = { ...own, checkpoints };
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    await natsSink(connection, { ...options, create: true })(lines(1), context);
    expect(warn).not.toHaveBeenCalled();
    await checkpoints.save(saved);
    await checkpoints.load(`engine/${container.id}`);
    const fresh = recordOf("new", { timestamp: new Date().toISOString() });
    await natsSink(connection, options)([fresh], context);
    expect(warn).not.toHaveBeenCalled();
    const sink = natsSink(connection, options);
    await sink(lines(2), context);
    await sink(lines(2), context);
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("stored twice"), {
      code: "DOCKSPOOL_DUPLICATE_WINDOW",
    });
    warn.mockRestore();
    const strict = natsSink(connection, { ...options, late: "refuse" });
    await expect(strict(lines(1), context)).rejects.toMatchObject({ retryable: false });
  });

  it("waits for room in a full stream that takes nothing new: nothing is lost, and health says so", async () => {
    const own = ownStream();
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    web.start();
    for (let n = 0; n < 300; n++) web.write(`line ${n}`);
    const create = { maxMessages: 100, discard: "new" as const };
    await using pool = new StreamPool({ engine: fake.engine, from: "start" });
    const retry = { minDelayMs: 10, maxDelayMs: 50 };
    pool.deliver(natsSink(connection, { ...own, create }), { name: "nats", retry });
    await expect
      .poll(() => pool.health().components["delivery:nats"])
      .toMatchObject({ status: "degraded", detail: expect.stringContaining("maximum messages") });
    await manager.streams.update(own.stream, { max_msgs: -1 });
    await expect.poll(async () => (await all(own)).length).toBe(300);
    const found = (await all(own)).map(({ line }) => line);
    expect(new Set(found)).toEqual(new Set(web.written.map(({ line }) => line)));
  });

  it("while NATS is down it keeps no more than a batch, and goes on once it is back", async () => {
    await using down = await NatsServer.start();
    const own = ownStream();
    const away = await down.connect();
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    web.start();
    await using pool = new StreamPool({ engine: fake.engine, from: "start", bufferBytes: 20_000 });
    const retry = { minDelayMs: 10, maxDelayMs: 50 };
    const sink = natsSink(away, { ...own, create: true, ackWithinMs: 500 });
    pool.deliver(sink, { name: "nats", retry, maxRecords: 50 });
    web.write("before");
    await expect.poll(() => pool.sources.get(web.id)?.stats.delivered).toBe(1);
    await down.stop();
    for (let n = 0; n < 2_000; n++) web.write(`line ${n} ${"x".repeat(50)}`);
    await expect.poll(() => pool.health().components["delivery:nats"]?.status).toBe("degraded");
    expect(pool.stats.bufferedBytes).toBeLessThan(200_000);
    const { outMsgs } = away.stats();
    expect(outMsgs).toBeLessThan(200);
    await down.run();
    await expect.poll(() => pool.sources.get(web.id)?.stats.delivered).toBe(2_001);
    const found: string[] = [];
    for await (const { line } of tailNats(away, { ...own, follow: false })) found.push(line);
    expect(found.toSorted()).toEqual(web.written.map(({ line }) => line).toSorted());
  });

  it("a tail gives one container's lines of all hosts in order, from where it is asked to", async () => {
    const own = ownStream();
    const sink = natsSink(connection, { ...own, create: true });
    const one = containerNamed("web", { engine: "host-1", id: "1".repeat(64) });
    const two = containerNamed("web", { engine: "host-2", id: "2".repeat(64) });
    const other = recordOf("other", { container: containerNamed("api") });
    for (let n = 0; n < 20; n++)
      await sink([recordOf(`${n}`, { container: n % 2 === 0 ? one : two }), other], context);
    const web = await all({ ...own, containers: "web" });
    expect(web.map(({ line }) => line)).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`));
    const late = await all({ ...own, containers: ["web", "api"], from: { sequence: 20 } });
    expect(late[0]?.sequence).toBe(20);
    const byId = await all({ ...own, containers: other.container.id.slice(0, 12) });
    expect(byId.map(({ line }) => line)).toEqual(["other"]);
    expect(await all({ ...own, containers: "none" })).toEqual([]);
    expect(await all({ ...own, from: { since: new Date(Date.now() + 60_000) } })).toEqual([]);
  });

  it("a tail follows until it is aborted, and throws its reason", async () => {
    const own = ownStream();
    const sink = natsSink(connection, { ...own, create: true });
    await sink(lines(3), context);
    const stop = new AbortController();
    const found: string[] = [];
    const tailing = (async () => {
      for await (const { line } of tailNats(connection, { ...own, signal: stop.signal })) {
        found.push(line);
        if (found.length === 3) await sink(lines(2, 3), context);
        if (found.length === 5) stop.abort(new Error("enough"));
      }
    })();
    await expect(tailing).rejects.toThrow("enough");
    expect(found).toEqual(lines(5).map(({ line }) => line));
  });

  it("refuses options that cannot work", () => {
    expect(() => natsSink(connection, { stream: "a b" })).toThrow('"stream" was given');
    expect(() => natsSink(connection, { stream: "a", subject: "logs.>" })).toThrow('"subject"');
    expect(() => tailNats(connection, { stream: "a", containers: [] })).toThrow('"containers"');
    expect(() => natsLeases(connection, { bucket: "a", owner: "", ttlMs: 1_000 })).toThrow(
      '"owner"',
    );
  });
});

import { jetstreamManager } from "@nats-io/jetstream";
import type { JetStreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { NatsConnection, Subscription, SubscriptionOptions } from "@nats-io/transport-node";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { LogRecord, SinkContext } from "../../src/index.ts";
import { natsSink, tailNats } from "../../src/nats.ts";
import { NatsServer, natsProgram } from "../support/nats/nats-server.ts";
import { recordOf } from "../support/plain-records.ts";
import { describeWithProgram } from "../support/sinks/server.ts";

const STREAM = "LOGS";
const first: SinkContext = { signal: new AbortController().signal, attempt: 1 };
const second: SinkContext = { ...first, attempt: 2 };

function lines(count: number): LogRecord[] {
  return Array.from({ length: count }, (_, n) => recordOf(`line ${n}`));
}

describeWithProgram("publishing to JetStream", natsProgram(), () => {
  let server: NatsServer;
  let connection: NatsConnection;
  let manager: JetStreamManager;

  beforeEach(async () => {
    server = await NatsServer.start();
    connection = await server.connect();
    manager = await jetstreamManager(connection);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  /** Messages published by `work`. */
  async function published(work: () => Promise<void>): Promise<number> {
    const before = connection.stats().outMsgs;
    await work();
    return connection.stats().outMsgs - before;
  }

  async function stored(): Promise<string[]> {
    const found: string[] = [];
    for await (const { line } of tailNats(connection, { stream: STREAM, follow: false }))
      found.push(line);
    return found;
  }

  function textsOf(records: readonly LogRecord[]): string[] {
    return records.map(({ line }) => line);
  }

  it("what is stored is not published again in the next attempt", async () => {
    const subjects = ["logs.>"];
    await manager.streams.add({ name: STREAM, subjects, max_msgs: 60, discard: "new" });
    const sink = natsSink(connection, { stream: STREAM, maxInFlight: 10 });
    const batch = lines(100);
    await expect(sink(batch, first)).rejects.toThrow("maximum messages exceeded");
    await manager.streams.update(STREAM, { max_msgs: -1 });
    expect(await published(() => Promise.resolve(sink(batch, second)))).toBe(40);
    expect(await stored()).toEqual(textsOf(batch));
    // A batch that comes again, once it was delivered, is published again.
    expect(await published(() => Promise.resolve(sink(batch, first)))).toBe(100);
    expect(await stored()).toHaveLength(100);
  });

  it("has no more on its way than it may, and says for how long nothing was acknowledged", async () => {
    const sink = natsSink(connection, {
      stream: STREAM,
      create: true,
      maxInFlight: 16,
      ackWithinMs: 300,
    });
    await sink(lines(1), first);
    const batch = lines(100);
    await server.pause();
    const count = await published(async () => {
      const failing = Promise.resolve(sink(batch, first));
      await expect(failing).rejects.toThrow("acknowledged none of 16 messages for 300 ms");
    });
    expect(count).toBe(16);
    server.resume();
    await sink(batch, second);
    // The 16 came late, and again.
    expect(await stored()).toEqual(textsOf(batch));
  });

  it("an attempt fails as soon as the connection is lost, and the next one goes on once it is there again", async () => {
    const sink = natsSink(connection, { stream: STREAM, create: true, ackWithinMs: 60_000 });
    await sink(lines(1), first);
    const batch = lines(100);
    await server.pause();
    const failing = Promise.resolve(sink(batch, first)).catch((error: unknown) => error);
    await server.stop();
    expect(String(await failing)).toContain("The connection to NATS at");
    await expect(sink(batch, first)).rejects.toThrow("is lost");
    await server.run();
    await expect
      .poll(
        async () => {
          await sink(batch, second);
          return stored();
        },
        { timeout: 10_000 },
      )
      .toEqual(textsOf(batch));
  });

  it("an abort ends an attempt at once", async () => {
    const sink = natsSink(connection, { stream: STREAM, create: true, ackWithinMs: 60_000 });
    await sink(lines(1), first);
    const stop = new AbortController();
    await server.pause();
    const attempt = Promise.resolve(sink(lines(10), { attempt: 1, signal: stop.signal }));
    stop.abort(new Error("enough"));
    await expect(attempt).rejects.toThrow("enough");
    server.resume();
  });

  it("says so where another stream, or none, takes the subject", async () => {
    const subjects = ["logs.>"];
    await manager.streams.add({ name: "OTHER", subjects });
    await manager.streams.add({ name: STREAM, subjects: ["lines.>"] });
    const sink = natsSink(connection, { stream: STREAM });
    await expect(sink(lines(10), first)).rejects.toThrow("expected stream does not match");
    await manager.streams.delete("OTHER");
    await expect(sink(lines(10), first)).rejects.toThrow("No stream takes the subject");
    expect((await manager.streams.info(STREAM)).state.messages).toBe(0);
  });

  it("says so at once where its user may not publish", async () => {
    const denied = 'permissions: { publish: "$JS.API.>" }';
    await using strict = await NatsServer.start(
      `authorization { users: [{ user: all, password: x }, { user: few, password: x, ${denied} }] }\nno_auth_user: all\n`,
    );
    const few = await connect({ servers: strict.address, user: "few", pass: "x" });
    try {
      const sink = natsSink(few, { stream: STREAM, create: true, ackWithinMs: 60_000 });
      const attempt = Promise.resolve(sink(lines(1), first));
      await expect(attempt).rejects.toThrow(/Permissions Violation for Publish to "logs\./);
    } finally {
      await few.close();
    }
  });

  it("a batch whose answers had no way any more goes on by a new one", async () => {
    const heard: [Subscription, SubscriptionOptions][] = [];
    const own = new Proxy(await server.connect(), {
      get(target, name) {
        if (name === "subscribe")
          return (subject: string, options: SubscriptionOptions): Subscription => {
            const subscription = target.subscribe(subject, options);
            heard.push([subscription, options]);
            return subscription;
          };
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const sink = natsSink(own, { stream: STREAM, create: true, ackWithinMs: 300 });
    await sink(lines(1), first);
    const batch = lines(10);
    // As a server does that takes back the permission to hear them.
    const [before] = heard;
    before?.[0].unsubscribe();
    await expect(sink(batch, first)).rejects.toThrow("acknowledged none of 10 messages");
    void before?.[1].callback?.(new Error("not allowed"), await own.request("$JS.API.INFO"));
    await sink(batch, second);
    expect(heard).toHaveLength(2);
  });

  it("sinks of one connection publish side by side, by one subscription", async () => {
    const sinks = ["a", "b", "c"].map((subject) =>
      natsSink(connection, { stream: subject, subject, create: true }),
    );
    await Promise.all(sinks.map(async (sink) => sink(lines(500), first)));
    for (const stream of ["a", "b", "c"])
      expect((await manager.streams.info(stream)).state.messages).toBe(500);
  });
});

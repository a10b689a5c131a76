import { jetstreamManager } from "@nats-io/jetstream";
import type { JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import type { LogRecord } from "../../src/index.ts";
import { natsSink, tailNats } from "../../src/nats.ts";
import type { NatsGap, NatsRecord, NatsTailOptions } from "../../src/nats.ts";
import { NatsServer, natsProgram } from "../support/nats/nats-server.ts";
import {
  withEmptyConsumer,
  withLateAnswer,
  withLostMessage,
  withoutAnswers,
} from "../support/nats/weakened.ts";
import { containerNamed, recordOf } from "../support/plain-records.ts";
import { describeWithProgram } from "../support/sinks/server.ts";

const STREAM = "LOGS";
const CREATES = /CONSUMER\.(?:DURABLE\.)?CREATE/;
const PATIENT = { timeout: 20_000, interval: 20 };
const context = { signal: new AbortController().signal, attempt: 1 };
const api = containerNamed("api", { id: "a".repeat(64) });

function lines(first: number, count: number): LogRecord[] {
  return Array.from({ length: count }, (_, n) => recordOf(`line ${first + n}`));
}

function textsOf(records: readonly { readonly line: string }[]): string[] {
  return records.map(({ line }) => line);
}

/** A tail in the background. */
class Tailing implements AsyncDisposable {
  readonly records: NatsRecord[] = [];
  readonly gaps: NatsGap[] = [];
  readonly ended: Promise<unknown>;
  readonly #stop = new AbortController();
  #pass: () => void = () => {};
  #held: Promise<void> = Promise.resolve();

  constructor(connection: NatsConnection, options: Partial<NatsTailOptions> = {}) {
    const onGap = (gap: NatsGap): void => void this.gaps.push(gap);
    const signal = this.#stop.signal;
    this.ended = this.#run(tailNats(connection, { stream: STREAM, signal, onGap, ...options }));
  }

  /** No more is taken, until what it returns is called. */
  hold(): () => void {
    this.#held = new Promise((resolve) => {
      this.#pass = resolve;
    });
    return this.#pass;
  }

  /** What it ended by; undefined: it came to its end. */
  async #run(tail: AsyncIterable<NatsRecord>): Promise<unknown> {
    try {
      for await (const record of tail) {
        this.records.push(record);
        await this.#held;
      }
      return undefined;
    } catch (error) {
      return error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pass();
    this.#stop.abort(new Error("enough"));
    await this.ended;
  }
}

describeWithProgram("a tail of a stream", natsProgram(), () => {
  let server: NatsServer;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  let publish: (records: readonly LogRecord[]) => void | Promise<void>;

  beforeEach(async () => {
    server = await NatsServer.start();
    connection = await server.connect();
    manager = await jetstreamManager(connection);
    const sink = natsSink(connection, { stream: STREAM, create: true });
    publish = (records) => sink(records, context);
    await publish(lines(0, 10));
  });
  afterEach(() => server[Symbol.asyncDispose]());

  async function restarted(): Promise<void> {
    await server.stop();
    await server.run();
    await expect
      .poll(
        () =>
          connection.rtt().then(
            () => true,
            () => false,
          ),
        PATIENT,
      )
      .toBe(true);
  }

  /** Those that read; what finds a time's place goes at once. */
  async function consumers(): Promise<number> {
    const all = await manager.consumers.list(STREAM).next();
    return all.filter(({ config }) => config.deliver_policy === "by_start_sequence").length;
  }

  it("leaves out and repeats nothing over reconnects and restarts of the server", async () => {
    await using tailing = new Tailing(await server.connect());
    const cut = await server.connect();
    await using other = new Tailing(cut, { containers: "api" });
    await expect.poll(consumers, PATIENT).toBe(2);
    for (let round = 0; round < 5; round++) {
      await publish([...lines(10 + round * 300, 300), recordOf(`${round}`, { container: api })]);
      if (round === 2) await restarted();
      else await cut.reconnect();
    }
    const all = textsOf(lines(0, 1_510));
    await expect.poll(() => tailing.records.length, PATIENT).toBe(1_515);
    expect(textsOf(tailing.records).filter((line) => line.startsWith("line"))).toEqual(all);
    expect(tailing.records.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 1_515 }, (_, n) => n + 1),
    );
    await expect.poll(() => textsOf(other.records), PATIENT).toEqual(["0", "1", "2", "3", "4"]);
    expect([...tailing.gaps, ...other.gaps]).toEqual([]);
  });

  it("from now on, or from a time, it gives nothing older, also where the connection is lost before the first line", async () => {
    await using now = new Tailing(connection, { from: "now" });
    const since = new Date(Date.now() + 1);
    await using later = new Tailing(connection, { from: { since } });
    await using web = new Tailing(connection, { from: { since }, containers: "web" });
    await expect.poll(consumers, PATIENT).toBe(3);
    await restarted();
    await expect.poll(consumers, PATIENT).toBe(3);
    await publish(lines(10, 3));
    for (const tailing of [now, later, web])
      await expect.poll(() => textsOf(tailing.records), PATIENT).toEqual(textsOf(lines(10, 3)));
  });

  it("asks for another consumer where NATS does not answer, as a cluster does that puts it on a node that is away", async () => {
    const mute = withoutAnswers(await server.connect(), CREATES, 2);
    await using whole = new Tailing(mute, { follow: false });
    expect(await whole.ended).toBeUndefined();
    expect(textsOf(whole.records)).toEqual(textsOf(lines(0, 10)));
    const silent = withoutAnswers(await server.connect(), CREATES, 100);
    await using vain = new Tailing(silent, { follow: false });
    expect(String(await vain.ended)).toContain("timeout");
  });

  it("asks for another consumer where the one it has is on a node that lacks what the leader has", async () => {
    const own = withEmptyConsumer(await server.connect(), "logs.>");
    const other = withEmptyConsumer(await server.connect(), "logs.>");
    await using whole = new Tailing(own, { follow: false });
    await using live = new Tailing(other);
    for (const { records } of [whole, live])
      await expect.poll(() => textsOf(records), PATIENT).toEqual(textsOf(lines(0, 10)));
    expect(await whole.ended).toBeUndefined();
  });

  it("goes on where the server is restarted as soon as the first consumer is made", async () => {
    const own = withLateAnswer(await server.connect(), CREATES, restarted);
    await using tailing = new Tailing(own);
    await expect.poll(() => textsOf(tailing.records), PATIENT).toEqual(textsOf(lines(0, 10)));
  });

  it("asks for another consumer where its request for messages is lost", async () => {
    await using tailing = new Tailing(withLostMessage(await server.connect(), /MSG\.NEXT/));
    await expect.poll(() => textsOf(tailing.records), PATIENT).toEqual(textsOf(lines(0, 10)));
  });

  it("tells which messages a purge took before they were read", async () => {
    await publish(lines(10, 990));
    await using tailing = new Tailing(connection);
    const pass = tailing.hold();
    await expect.poll(() => tailing.records.length, PATIENT).toBe(1);
    await manager.streams.purge(STREAM, { seq: 901 });
    pass();
    await expect.poll(() => tailing.records.at(-1)?.sequence, PATIENT).toBe(1_000);
    const [gap] = tailing.gaps;
    expect(tailing.gaps).toHaveLength(1);
    expect(gap?.last).toBe(900);
    // What had been read ahead came.
    const before = tailing.records.filter(({ sequence }) => sequence < 901);
    expect(before.at(-1)?.sequence).toBe((gap?.first ?? 0) - 1);
    expect(tailing.records.length).toBe(before.length + 100);
  });

  it("tells so of one container's lines, where the purge took some of them", async () => {
    const mixed = Array.from({ length: 1_000 }, (_, n) =>
      recordOf(`mixed ${n}`, n % 2 === 0 ? { container: api } : {}),
    );
    await publish(mixed);
    await using tailing = new Tailing(connection, { containers: "api" });
    const pass = tailing.hold();
    await expect.poll(() => tailing.records.length, PATIENT).toBe(1);
    await manager.streams.purge(STREAM, { seq: 901 });
    pass();
    await expect.poll(() => tailing.records.at(-1)?.sequence, PATIENT).toBe(1_009);
    expect(tailing.gaps).toEqual([{ first: expect.any(Number), last: 900 }]);
    // What goes when it was read is nothing to tell of.
    await manager.streams.purge(STREAM);
    await publish([recordOf("more"), recordOf("last", { container: api })]);
    await expect.poll(() => tailing.records.at(-1)?.line, PATIENT).toBe("last");
    expect(tailing.gaps).toHaveLength(1);
  });

  it("tells of a first sequence that is gone", async () => {
    await manager.streams.purge(STREAM, { seq: 6 });
    await using tailing = new Tailing(connection, { from: { sequence: 3 }, follow: false });
    expect(await tailing.ended).toBeUndefined();
    expect(tailing.gaps).toEqual([{ first: 3, last: 5 }]);
    expect(textsOf(tailing.records)).toEqual(textsOf(lines(5, 5)));
    await using start = new Tailing(connection, { follow: false });
    expect(await start.ended).toBeUndefined();
    expect(start.gaps).toEqual([]);
  });

  it("leaves out what is no record, and warns of it once", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockReturnValue();
    onTestFinished(() => warned.mockRestore());
    for (const body of ["no JSON", "null", '{"container":{"name":"api"}}'])
      await connection.request("logs.default.api.stdout", body);
    await publish(lines(10, 2));
    await using tail = new Tailing(connection, { follow: false });
    expect(await tail.ended).toBeUndefined();
    expect(textsOf(tail.records)).toEqual(textsOf(lines(0, 12)));
    const message = "Message 11 of stream LOGS, on logs.default.api.stdout, is no record";
    const code = { code: "DOCKSPOOL_NO_RECORD" };
    expect(warned.mock.calls).toEqual([[expect.stringContaining(message), code]]);
  });

  it("ends where the stream as it was is read, also where the rest of it goes meanwhile", async () => {
    await publish(lines(10, 990));
    await using tailing = new Tailing(connection, { follow: false });
    const pass = tailing.hold();
    await expect.poll(() => tailing.records.length, PATIENT).toBe(1);
    await manager.streams.purge(STREAM);
    pass();
    expect(await tailing.ended).toBeUndefined();
    expect(tailing.records.length).toBeLessThan(1_000);
  });

  it("fails with a clear error where the stream is deleted", async () => {
    await using tailing = new Tailing(connection);
    await expect.poll(() => tailing.records.length, PATIENT).toBe(10);
    await manager.streams.delete(STREAM);
    expect(await tailing.ended).toMatchObject({
      code: "CLOSED",
      message: "Stream LOGS was deleted while it was read.",
    });
  });

  it("fails with a clear error where the stream was made anew while it was away", async () => {
    const away = await server.connect();
    await using tailing = new Tailing(away);
    await expect.poll(() => tailing.records.length, PATIENT).toBe(10);
    const { config } = await manager.streams.info(STREAM);
    await manager.streams.delete(STREAM);
    await manager.streams.add(config);
    expect(await tailing.ended).toMatchObject({
      code: "CLOSED",
      message: expect.stringContaining("Stream LOGS is another one than before"),
    });
  });

  it("fails where its connection is closed, and at once where there is no stream", async () => {
    const own = await server.connect();
    await using tailing = new Tailing(own);
    await expect.poll(() => tailing.records.length, PATIENT).toBe(10);
    await own.close();
    expect(await tailing.ended).toMatchObject({ code: "CLOSED" });
    await using none = new Tailing(connection, { stream: "NONE" });
    expect(String(await none.ended)).toContain("stream not found");
  });

  it("leaves no consumer behind", async () => {
    await using tailing = new Tailing(connection, { follow: false });
    await tailing.ended;
    expect(await consumers()).toBe(0);
  });
});

import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import fc from "fast-check";
import { ContainerLogSource } from "../../src/index.ts";
import type { LogBatch, SinkContext } from "../../src/index.ts";
import { counted, syslogMessage } from "../../src/sinks/syslog/message.ts";
import { syslogSink } from "../../src/sinks/syslog.ts";
import { FakeEngine } from "../../src/testing.ts";
import { anyText } from "../support/any-text.ts";
import { eventually, thrown } from "../support/fake-follow.ts";
import { containerNamed, recordOf } from "../support/plain-records.ts";
import { ownCertificate } from "../support/sinks/own-certificate.ts";
import { RsyslogServer, rsyslogProgram } from "../support/sinks/rsyslog-server.ts";
import { describeWithProgram } from "../support/sinks/server.ts";

const context: SinkContext = { signal: new AbortController().signal, attempt: 1 };
const options = { facility: 16, hostname: "host-1", sdId: "dockspool@32473", isParsed: false };

function lines(...texts: readonly string[]): LogBatch {
  return texts.map((text) => recordOf(text));
}

describe("a message of RFC 5424", () => {
  const record = recordOf("hello", { container: containerNamed("web"), stream: "stderr" });

  it("has the record's fields in the places for them", () => {
    const { id, container } = record;
    expect(syslogMessage(record, options)).toBe(
      `<131>1 2026-11-23T15:58:34.885847Z host-1 web ${container.id.slice(0, 12)} stderr ` +
        `[dockspool@32473 id="${id}" timestamp="2026-11-23T15:58:34.885847851Z" ` +
        `container="${container.id}" image="registry:5000/team/app:1.2" engine="default"] hello`,
    );
  });

  it("has the level that the line says, where it is asked", () => {
    const pri = (line: string, isParsed = true) =>
      /^<\d+>/.exec(syslogMessage(recordOf(line), { ...options, isParsed }))?.[0];
    expect([pri("FATAL: x"), pri("WARN x"), pri('{"level":20,"msg":"x"}')]).toEqual([
      "<130>",
      "<132>",
      "<135>",
    ]);
    expect([pri("x"), pri("FATAL: x", false)]).toEqual(["<134>", "<134>"]);
  });

  it("is one that the RFC's grammar allows, whatever names and lines hold", () => {
    const grammar =
      /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) \[[!#-<>-\\^-~]{1,32}(?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")+\] /;
    const text = anyText;
    fc.assert(
      fc.property(text, text, text, (name, image, line) => {
        const container = containerNamed(name, { image });
        const message = syslogMessage(recordOf(line, { container }), options);
        const frame = counted(message);
        const space = frame.indexOf(" ");
        const length = Number(frame.slice(0, space));
        return grammar.test(message) && Buffer.byteLength(frame.slice(space + 1)) === length;
      }),
      { numRuns: 50 },
    );
  });
});

describeWithProgram("the sink for syslog, with rsyslog", rsyslogProgram(), () => {
  let rsyslog: RsyslogServer;

  beforeAll(async () => {
    rsyslog = await RsyslogServer.start();
  });
  afterAll(() => rsyslog[Symbol.asyncDispose]());

  it("is understood: each field, lines with any character, and long ones", async () => {
    const sink = syslogSink({ host: "127.0.0.1", port: rsyslog.port, hostname: "host-1" });
    const container = containerNamed("web", { image: 'a"b\\c]d' });
    const texts = ["hello", "two\nlines", 'ä€𝄞 "]\\ <1> 5 x', "y".repeat(100_000), "", " x "];
    const batch = texts.map((line) => recordOf(line, { container }));
    await sink(batch, context);
    await eventually(() => rsyslog.messages.length >= batch.length, "the messages");
    const [first] = rsyslog.messages;
    expect(first).toEqual({
      pri: "134",
      time: "2026-11-23T15:58:34.885847Z",
      host: "host-1",
      app: "web",
      process: container.id.slice(0, 12),
      id: "stdout",
      data: expect.stringContaining(`id="${batch[0]?.id}"`),
      text: "hello",
    });
    expect(first?.data).toContain('image="a\\"b\\\\c\\]d"');
    expect(rsyslog.messages.map(({ text }) => text)).toEqual(texts);
    sink.close();
  });

  it("has a container's log in order, over a restart of the server between batches", async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "restarted" });
    const source = new ContainerLogSource("restarted", { engine: fake.engine });
    const sink = syslogSink({ host: "127.0.0.1", port: rsyslog.port });
    const delivery = source.deliver(sink, { maxRecords: 7, retry: { maxDelayMs: 20 } });
    const taken = () => rsyslog.messages.filter(({ app }) => app === "restarted");
    for (let at = 0; at < 50; at++) web.write(`line ${at}`);
    await eventually(() => taken().length === 50, "the first lines");
    await rsyslog.stop();
    for (let at = 50; at < 100; at++) web.write(`line ${at}`);
    await eventually(() => source.stats.lines === 100, "lines that can't be sent");
    await rsyslog.run();
    await delivery.flush();
    await source.close();
    await eventually(() => taken().length === 100, "all lines");
    expect(taken().map(({ text }) => text)).toEqual(web.written.map(({ line }) => line));
    sink.close();
  });
});

describe("the sink for syslog", () => {
  /** A server that keeps what it is sent; of the connection with the number `unread` it reads nothing. */
  async function listening(
    server: Server,
    unread = -1,
  ): Promise<{ port: number; texts: string[]; sockets: Socket[] }> {
    const texts: string[] = [];
    const sockets: Socket[] = [];
    server.on("error", () => {});
    const isTls = "setSecureContext" in server;
    server.on(isTls ? "secureConnection" : "connection", (socket: Socket) => {
      sockets.push(socket.on("error", () => {}));
      const number = texts.push("") - 1;
      if (number === unread) return;
      socket.setEncoding("utf8").on("data", (text: string) => (texts[number] += text));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    onTestFinished(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return { port: (server.address() as AddressInfo).port, texts, sockets };
  }

  it("keeps its connection, and makes another where the server has ended it", async () => {
    const { port, texts, sockets } = await listening(createServer());
    const sink = syslogSink({ host: "127.0.0.1", port });
    await sink(lines("a"), context);
    await sink(lines("b"), context);
    await eventually(() => texts[0]?.endsWith(" b") === true, "two messages");
    const ended = once(sockets[0] ?? expect.unreachable(), "close");
    sockets[0]?.end();
    await ended;
    await sink(lines("c"), context);
    await eventually(() => texts[1]?.endsWith(" c") === true, "the message after it");
    sink.close();
    await once(sockets[1] ?? expect.unreachable(), "close");
  });

  it("gives up a write that the server does not read, and begins the batch anew", async () => {
    const { port, texts, sockets } = await listening(createServer(), 0);
    const sink = syslogSink({ host: "127.0.0.1", port });
    const own = new AbortController();
    const large = lines("z".repeat(30_000_000));
    const stuck = Promise.resolve(sink(large, { signal: own.signal, attempt: 1 }));
    await eventually(() => sockets.length === 1, "the connection");
    own.abort(new Error("too late"));
    await expect(stuck).rejects.toThrow("too late");
    await sink(lines("next"), context);
    await eventually(() => texts[1]?.endsWith(" next") === true, "the next batch");
    expect(texts[1]).toMatch(/^\d+ <134>1 /);
    sink.close();
  });

  it("sends over TLS to a server whose certificate it may trust, and to no other", async () => {
    const { cert, key } = ownCertificate();
    const { port, texts } = await listening(createTlsServer({ cert, key }));
    const trusting = { ca: cert, servername: "localhost" };
    const sink = syslogSink({ host: "127.0.0.1", port, tls: trusting });
    await sink(lines("secret"), context);
    await eventually(() => texts[0]?.endsWith(" secret") === true, "the message");
    sink.close();
    const doubting = syslogSink({ host: "127.0.0.1", port, tls: true });
    await expect(Promise.resolve(doubting(lines("x"), context))).rejects.toThrow(/certificate/);
    const elsewhere = syslogSink({ host: "127.0.0.1", port, tls: { ca: cert } });
    await expect(Promise.resolve(elsewhere(lines("x"), context))).rejects.toThrow(
      /certificate|altnames/,
    );
  });

  it("does not count lines as sent where the server wants a certificate that it has not", async () => {
    const { cert, key } = ownCertificate();
    const asking = { requestCert: true, rejectUnauthorized: true };
    const { port } = await listening(createTlsServer({ cert, key, ...asking }));
    const sink = syslogSink({
      host: "127.0.0.1",
      port,
      tls: { ca: cert, servername: "localhost" },
    });
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(Promise.resolve(sink(lines("x"), context))).rejects.toThrow("certificate");
  });

  it("names the server that it does not reach", async () => {
    const server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const sent = Promise.resolve(syslogSink({ host: "127.0.0.1", port })(lines("x"), context));
    await expect(sent).rejects.toThrow(`syslog at 127.0.0.1:${port}: connect ECONNREFUSED`);
  });

  it("refuses options that it does not have", () => {
    for (const wrong of [
      { port: 0 },
      { facility: 24 },
      { sdId: "a b" },
      { tls: 1 },
      { proto: "udp" },
    ])
      expect(thrown(() => syslogSink(wrong as never), "INVALID_OPTION").message).not.toBe("");
  });
});

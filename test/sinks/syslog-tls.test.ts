import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SinkContext } from "../../src/index.ts";
import { syslogSink } from "../../src/sinks/syslog.ts";
import { FakeEngine } from "../../src/testing.ts";
import { eventually } from "../support/fake-follow.ts";
import { containerNamed, recordOf } from "../support/plain-records.ts";
import { RsyslogServer, rsyslogProgramWithTls } from "../support/sinks/rsyslog-server.ts";
import { Certificates } from "../support/tls-proxy.ts";

const context: SinkContext = { signal: new AbortController().signal, attempt: 1 };

/** Skipped without Debian's package rsyslog-gnutls, which `.ci/run` does not install. */
const hasRsyslog = rsyslogProgramWithTls() !== undefined;

describe.skipIf(!hasRsyslog)("the sink for syslog, with rsyslog over TLS", () => {
  let certificates: Certificates;
  let rsyslog: RsyslogServer;

  beforeAll(async () => {
    certificates = await Certificates.create();
    await certificates.authority("other");
    for (const name of ["server", "client"]) await certificates.make(name);
    await certificates.make("stranger", { by: "other" });
    rsyslog = await RsyslogServer.start({ tls: certificates.path("server") });
  });
  afterAll(async () => {
    await rsyslog[Symbol.asyncDispose]();
    await certificates[Symbol.asyncDispose]();
  });

  function sinkOf(client: string) {
    const [ca, cert, key] = ["ca", "cert", "key"].map((name) =>
      readFileSync(join(certificates.path(client), `${name}.pem`)),
    );
    return syslogSink({ host: "127.0.0.1", port: rsyslog.port, tls: { ca, cert, key } });
  }

  it("has a container's log in order, over a restart of the server between batches", async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "restarted" });
    const source = new ContainerLogSource("restarted", { engine: fake.engine });
    const sink = sinkOf("client");
    const delivery = source.deliver(sink, { maxRecords: 7, retry: { maxDelayMs: 20 } });
    const taken = () => rsyslog.messages.filter(({ app }) => app === "restarted");
    for (let at = 0; at < 50; at++) web.write(`line ${at} ä 𝄞 ${"y".repeat(at * 500)}`);
    await eventually(() => taken().length === 50, "the first lines");
    await delivery.flush();
    await rsyslog.stop();
    for (let at = 50; at < 100; at++) web.write(`line ${at}`);
    await eventually(() => source.stats.lines === web.written.length, "lines that can't be sent");
    await rsyslog.run();
    await delivery.flush();
    await source.close();
    await eventually(() => taken().length === web.written.length, "all lines");
    expect(taken().map(({ text }) => text)).toEqual(web.written.map(({ line }) => line));
    sink.close();
  });

  it("sends nothing to a server whose certificate is of another authority", async () => {
    const sink = sinkOf("stranger");
    const sent = Promise.resolve(sink([recordOf("secret")], context));
    await expect(sent).rejects.toThrow(/certificate/);
  });

  it("is refused without a certificate that the server asks for, and nothing is taken", async () => {
    const ca = readFileSync(join(certificates.path("client"), "ca.pem"));
    const sink = syslogSink({ host: "127.0.0.1", port: rsyslog.port, tls: { ca } });
    const container = containerNamed("nobody");
    for (let attempt = 0; attempt < 3; attempt++) {
      const sent = Promise.resolve(sink([recordOf("x", { container })], context));
      await expect(sent).rejects.toThrow(/does it want a certificate of ours/);
    }
    expect(rsyslog.messages.filter(({ app }) => app === "nobody")).toEqual([]);
    sink.close();
  });
});

import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { natsSink } from "../../src/nats.ts";
import { CommandRun } from "../support/cli-run.ts";
import { NatsServer, natsProgram } from "../support/nats/nats-server.ts";
import { containerNamed, recordOf } from "../support/plain-records.ts";
import { describeWithProgram } from "../support/sinks/server.ts";

const context = { signal: new AbortController().signal, attempt: 1 };

describeWithProgram("dockspool nats", natsProgram(), () => {
  let server: NatsServer;

  beforeAll(async () => {
    server = await NatsServer.start();
    const sink = natsSink(await server.connect(), { stream: "LOGS", create: true });
    for (let n = 0; n < 10; n++) {
      const container = containerNamed("web", {
        engine: `host-${n % 2}`,
        id: `${n % 2}`.repeat(64),
      });
      const other = containerNamed("api");
      await sink(
        [recordOf(`line ${n}`, { container }), recordOf("other", { container: other })],
        context,
      );
    }
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it("prints one container's lines across hosts, in order", async () => {
    await using run = new CommandRun(["nats", "web", "--server", server.address, "--no-follow"]);
    expect(await run.ended()).toBe(0);
    expect(run.lines).toEqual(
      Array.from({ length: 10 }, (_, n) => `15:58:34.885 host-${n % 2}/web line ${n}`),
    );
    expect(run.stderr).toBe("");
  });

  it("prints records as JSON with their sequence, from where it is told", async () => {
    const options = ["--server", server.address, "--no-follow", "--json", "--from-sequence", "11"];
    await using run = new CommandRun(["nats", ...options, "--grep", "line"]);
    expect(await run.ended()).toBe(0);
    const records = run.lines.map((line): Record<string, unknown> => JSON.parse(line));
    expect(records.map(({ line, sequence }) => [line, sequence])).toEqual([["line 9", 11]]);
  });

  it("says which messages are gone", async () => {
    const manager = await jetstreamManager(await server.connect());
    await manager.streams.purge("LOGS", { seq: 2 });
    const options = ["--server", server.address, "--no-follow", "--from-sequence", "1"];
    await using run = new CommandRun(["nats", ...options]);
    expect(await run.ended()).toBe(0);
    expect(run.stderr).toBe("dockspool: LOGS holds messages 1 to 1 no more\n");
    expect(run.lines).toHaveLength(10);
  });

  it("follows until it is told to stop", async () => {
    await using run = new CommandRun(["nats", "--server", server.address, "--since", "1h"]);
    await run.until(() => run.lines.length === 10, "all lines");
    expect(await run.stop()).toBe(0);
  });

  it("says what is wrong", async () => {
    await using away = new CommandRun(["nats", "--server", "127.0.0.1:1"]);
    expect(await away.ended()).toBe(3);
    expect(away.stderr).toMatch(/^dockspool: NATS at 127\.0\.0\.1:1: /);
    await using none = new CommandRun(["nats", "--server", server.address, "--stream", "NONE"]);
    expect(await none.ended()).toBe(1);
    expect(none.stderr).toBe("dockspool: stream not found\n");
    await using wrong = new CommandRun(["nats", "--since", "x"]);
    expect(await wrong.ended()).toBe(2);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { parse } from "yaml";
import { tailNats } from "../../src/nats.ts";
import { FakeEngine } from "../../src/testing.ts";
import { Programs } from "../support/docs/programs.ts";
import { root } from "../support/docs/snippets.ts";
import { freePort } from "../support/free-port.ts";
import { NatsServer, natsProgram } from "../support/nats/nats-server.ts";
import { ProgramRun } from "../support/program-run.ts";
import { describeWithProgram } from "../support/sinks/server.ts";

const PATIENT = { timeout: 20_000, interval: 50 };

describeWithProgram("the collector with a spare", natsProgram(), () => {
  let files: Programs;
  let program: string;
  let server: NatsServer;
  let connection: NatsConnection;
  let fake: FakeEngine;
  const runs: ProgramRun[] = [];

  beforeAll(async () => {
    files = new Programs([]);
    const built = await files.build({ collector: join(root, "examples/nats/collector.mjs") });
    program = built("collector");
  });
  afterAll(() => files[Symbol.dispose]());
  beforeEach(async () => {
    server = await NatsServer.start();
    connection = await server.connect();
    fake = await FakeEngine.start();
  });
  afterEach(async () => {
    await Promise.all(runs.splice(0).map((run) => run.kill()));
    await fake.close();
    await server[Symbol.asyncDispose]();
  });

  function collector(owner: string, env: Record<string, string> = {}): ProgramRun {
    const run = new ProgramRun([program], {
      env: {
        ...process.env,
        NATS_URL: server.address,
        ENGINE: `unix://${fake.engine.socketPath}`,
        ENGINE_NAME: "host-1",
        OWNER: owner,
        LEASE_MS: "1000",
        ...env,
      },
    });
    runs.push(run);
    return run;
  }

  async function stored(): Promise<string[]> {
    const found: string[] = [];
    for await (const { line } of tailNats(connection, { stream: "LOGS", follow: false }))
      found.push(line);
    return found;
  }

  it("one follows and the other stands by, and goes on where the first is killed, or stops", async () => {
    const web = fake.create({ name: "web" });
    web.start();
    web.write("one");
    const port = await freePort();
    const first = collector("first", { PORT: String(port) });
    await first.until(() => first.stderr.includes("attached web"), "the first collector");
    const healthz = await fetch(`http://127.0.0.1:${port}/healthz`);
    expect(await healthz.text()).toContain("1 is held here");
    const spare = collector("spare");
    await spare.until(() => spare.stderr.includes("standby web"), "the spare");
    await first.kill();
    web.write("two");
    await spare.until(() => spare.stderr.includes("attached web"), "that the spare goes on");
    const third = collector("third");
    await third.until(() => third.stderr.includes("standby web"), "another spare");
    expect(await spare.stop("SIGTERM")).toBe(0);
    web.write("three");
    await expect.poll(stored, PATIENT).toEqual(["one", "two", "three"]);
  }, 60_000);

  it("its files for Compose and Swarm name variables that it knows", () => {
    const known = readFileSync(join(root, "examples/nats/collector.mjs"), "utf8");
    const services = ["compose.yaml", "stack.yaml"].flatMap((name) => {
      const text = readFileSync(join(root, "examples/nats", name), "utf8");
      const { services: all }: { services: Record<string, { environment?: object }> } = parse(
        text,
        { merge: true },
      );
      return Object.values(all);
    });
    const names = services.flatMap(({ environment = {} }) => Object.keys(environment));
    expect(names).toContain("NATS_URL");
    for (const name of names) expect(known).toMatch(new RegExp(`^  ${name}( = .*)?,$`, "m"));
  });
});

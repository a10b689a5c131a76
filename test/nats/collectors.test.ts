import { setTimeout as delay } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { startCollector, stored, wrongCounts } from "../support/nats/collectors.ts";
import { NatsServer, natsProgram } from "../support/nats/nats-server.ts";
import type { ProgramRun } from "../support/program-run.ts";
import { describeWithProgram } from "../support/sinks/server.ts";
import { longOnly } from "../support/size.ts";

const PATIENT = { timeout: 60_000, interval: 100 };

/** Writes numbered lines to all containers, until it is told to stop. */
function writing(containers: readonly FakeContainer[], everyMs: number): () => void {
  let n = 0;
  const timer = setInterval(() => {
    for (const container of containers) container.write(`line ${n}`);
    n++;
  }, everyMs);
  return () => clearInterval(timer);
}

function containersOf(fake: FakeEngine, count: number, prefix: string): FakeContainer[] {
  return Array.from({ length: count }, (_, n) => {
    const container = fake.create({ name: `writer-${prefix}-${n}` });
    container.start();
    return container;
  });
}

function written(containers: readonly FakeContainer[]): number {
  return containers.reduce((sum, container) => sum + container.written.length, 0);
}

async function holdsAllOnce(
  connection: NatsConnection,
  containers: readonly FakeContainer[],
): Promise<void> {
  await expect.poll(() => stored(connection), PATIENT).toBeGreaterThanOrEqual(written(containers));
  expect(await wrongCounts(connection, containers)).toEqual({ missing: [], repeated: [] });
}

describeWithProgram("collectors with a spare", natsProgram(), () => {
  let server: NatsServer;
  let connection: NatsConnection;
  let fake: FakeEngine;
  const runs: ProgramRun[] = [];

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

  function collector(owner: string): ProgramRun {
    const run = startCollector({ owner, engineName: "host", fake, servers: [server.address] });
    runs.push(run);
    return run;
  }

  it("the spare goes on where one is killed, and where one is stopped and wakes up: each line once", async () => {
    const containers = containersOf(fake, 3, "a");
    const stop = writing(containers, 5);
    const first = collector("first");
    await first.until(() => first.lines.includes("ready"), "the first collector");
    await expect.poll(() => stored(connection), PATIENT).toBeGreaterThan(50);
    const spare = collector("spare");
    await spare.until(
      () => spare.lines.filter((line) => line === "standby").length === 3,
      "standby",
    );
    // It wakes up once the other has gone on.
    first.signal("SIGSTOP");
    await expect
      .poll(() => spare.lines.filter((line) => line === "attached").length, PATIENT)
      .toBe(3);
    const before = await stored(connection);
    await expect.poll(() => stored(connection), PATIENT).toBeGreaterThan(before + 50);
    first.signal("SIGCONT");
    await expect
      .poll(() => first.lines.filter((line) => line === "standby").length, PATIENT)
      .toBe(3);
    await spare.kill();
    await expect
      .poll(() => first.lines.filter((line) => line === "attached").length, PATIENT)
      .toBe(6);
    stop();
    await holdsAllOnce(connection, containers);
  }, 120_000);

  it(
    "a collector that NATS or its engine is cut off from goes on: each line once",
    longOnly,
    async () => {
      const containers = containersOf(fake, 3, "a");
      const stop = writing(containers, 5);
      const only = collector("only");
      await only.until(() => only.lines.includes("ready"), "the collector");
      await expect.poll(() => stored(connection), PATIENT).toBeGreaterThan(50);
      await server.pause();
      // Longer than its leases last.
      await delay(4_000);
      server.resume();
      await expect
        .poll(() => only.lines.filter((line) => line === "attached").length, PATIENT)
        .toBe(6);
      fake.outage();
      await delay(1_000);
      fake.restore();
      const before = await stored(connection);
      await expect.poll(() => stored(connection), PATIENT).toBeGreaterThan(before + 50);
      stop();
      await holdsAllOnce(connection, containers);
    },
  );
});

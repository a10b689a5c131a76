import type { NatsConnection } from "@nats-io/transport-node";
import { tailNats } from "../../../src/nats.ts";
import type { FakeContainer, FakeEngine } from "../../../src/testing.ts";
import { programPath } from "../program-path.ts";
import { ProgramRun } from "../program-run.ts";

export interface CollectorSetup {
  readonly owner: string;
  readonly engineName: string;
  readonly fake: FakeEngine;
  readonly servers: readonly string[];
  readonly replicas?: number;
}

/** After so long without a sign a spare goes on, in milliseconds. */
const TTL_MS = 1_500;

/** A collector in a process of its own. */
export function startCollector({ fake, ...setup }: CollectorSetup): ProgramRun {
  const settings = { replicas: 1, ttlMs: TTL_MS, engine: fake.engine, ...setup };
  return new ProgramRun([programPath("test/nats/fixtures/collector.ts")], {
    env: { ...process.env, COLLECTOR: JSON.stringify(settings) },
  });
}

/** How often each line of a container is in the stream, besides once. */
export async function wrongCounts(
  connection: NatsConnection,
  containers: readonly FakeContainer[],
): Promise<{ readonly missing: string[]; readonly repeated: string[] }> {
  const counts = new Map<string, number>();
  for await (const { container, line, timestamp } of tailNats(connection, {
    stream: "LOGS",
    follow: false,
  })) {
    const key = `${container.id} ${timestamp} ${line}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const missing: string[] = [];
  for (const { id, written } of containers)
    for (const { line, timestamp } of written) {
      const key = `${id} ${timestamp} ${line}`;
      if (!counts.has(key)) missing.push(key);
    }
  const repeated = [...counts].flatMap(([key, count]) =>
    count === 1 ? [] : [`${count} × ${key}`],
  );
  return { missing, repeated };
}

/** How many messages the stream holds. */
export async function stored(connection: NatsConnection): Promise<number> {
  const { jetstreamManager } = await import("@nats-io/jetstream");
  const manager = await jetstreamManager(connection, { timeout: 2_000 });
  return (await manager.streams.info("LOGS")).state.messages;
}

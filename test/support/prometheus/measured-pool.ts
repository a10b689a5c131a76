import { once } from "node:events";
import { createServer } from "node:http";

import { Registry, collectDefaultMetrics } from "prom-client";
import { onTestFinished } from "vitest";

import { MemoryCheckpointStore, StreamPool } from "../../../src/index.ts";
import type { DeliveryOptions, LogBatch, PoolOptions } from "../../../src/index.ts";
import { registerPrometheus } from "../../../src/prometheus.ts";
import { chosenRead } from "../follow.ts";
import type { ComparableLine } from "../ground-truth.ts";

/** A pool that delivers to a sink, with its metrics at a port. */
export interface MeasuredPool {
  readonly pool: StreamPool;
  readonly port: number;
  /** With the pool's series alone. */
  readonly registry: Registry;
  /** What the sink took, by container id. */
  readonly taken: ReadonlyMap<string, readonly ComparableLine[]>;
  readonly batches: () => number;
  /** Nothing listens at the port any more. */
  readonly stopServing: () => Promise<void>;
}

/** The name of its sink. */
export const SINK = "kept";

export interface SinkOptions extends DeliveryOptions {
  /** Awaited before a batch is taken. */
  readonly before?: () => Promise<void>;
}

/** Within the running test, which ends it. */
export async function measurePool(
  options: PoolOptions,
  { before, ...delivery }: SinkOptions = {},
): Promise<MeasuredPool> {
  const pool = new StreamPool({
    ...chosenRead(),
    from: "start",
    checkpoints: new MemoryCheckpointStore(),
    ...options,
  });
  const registry = new Registry();
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  const unregister = registerPrometheus(pool, { registry });
  const server = createServer((_, response) => {
    void Registry.merge([registry, ofProcess])
      .metrics()
      .then((text) => {
        response.writeHead(200, { "content-type": registry.contentType });
        response.end(text);
      });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const taken = new Map<string, ComparableLine[]>();
  let batches = 0;
  pool.deliver(
    async (records: LogBatch) => {
      await before?.();
      batches += 1;
      for (const { container, stream, timestamp, line } of records) {
        const lines = taken.get(container.id) ?? [];
        taken.set(container.id, lines);
        lines.push({ stream, timestamp, line });
      }
    },
    { name: SINK, maxWaitMs: 20, ...delivery },
  );
  const stopServing = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  };
  onTestFinished(async () => {
    unregister();
    ofProcess.clear();
    await pool.close();
    await stopServing();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { pool, port, registry, taken, batches: () => batches, stopServing };
}

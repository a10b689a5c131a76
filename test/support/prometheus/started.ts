import { expect, onTestFinished } from "vitest";

import { jsonLog, report } from "../follow.ts";
import { compareLines, noDifference } from "../ground-truth.ts";
import type { RealEngine } from "../real-engine.ts";
import type { MeasuredPool } from "./measured-pool.ts";
import { Prometheus } from "./server.ts";
import type { PrometheusOptions } from "./server.ts";

const EVERY_MS = 500;
const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 60_000;

/** Within the running test, which ends it. Scrapes twice a second. */
export async function startPrometheus(
  options: Omit<PrometheusOptions, "everyMs">,
): Promise<Prometheus> {
  const prometheus = await Prometheus.start({ ...options, everyMs: EVERY_MS });
  onTestFinished(() => prometheus.close());
  return prometheus;
}

/** Looked at every now and then, until nothing is missing. `missing` says what is. */
export async function until(
  what: string,
  missing: () => Promise<readonly unknown[]> | readonly unknown[],
): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const now = await missing();
    if (now.length === 0) return;
    if (performance.now() > end) throw new Error(`Never came: ${what}; ${JSON.stringify(now)}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Each expression comes to have the value that is given. */
export async function untilEqual(
  prometheus: Prometheus,
  expected: Readonly<Record<string, number>>,
): Promise<void> {
  await until("series as they should be", async () => {
    const values = await Promise.all(
      Object.entries(expected).map(async ([expr, value]) => ({
        expr,
        expected: value,
        is: await prometheus.value(expr),
      })),
    );
    return values.filter((one) => one.is !== one.expected);
  });
}

/** What the sink took is what the engine holds, line by line. */
export async function expectExact(
  suite: string,
  engine: RealEngine,
  { taken }: MeasuredPool,
  ids: readonly string[],
): Promise<void> {
  const lines = { written: 0, received: 0 };
  for (const id of ids) {
    const written = await jsonLog(engine, id);
    const received = taken.get(id) ?? [];
    lines.written += written.length;
    lines.received += received.length;
    expect(compareLines(written, received)).toEqual(noDifference);
  }
  report(suite, lines);
}

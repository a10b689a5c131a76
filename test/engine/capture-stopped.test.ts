import { expect, onTestFinished, test } from "vitest";

import { report } from "../support/follow.ts";
import { HangingProxy } from "../support/hanging-proxy.ts";
import { pause } from "../support/pause.ts";
import { each, runAll } from "../support/pool-following.ts";
import { panelExpressions } from "../support/prometheus/dashboard.ts";
import { measurePool } from "../support/prometheus/measured-pool.ts";
import { withoutVariables } from "../support/prometheus/promql.ts";
import { shortened, shortenedRules } from "../support/prometheus/rules.ts";
import { expectExact, startPrometheus, until } from "../support/prometheus/started.ts";
import { describeWithPrometheus } from "../support/prometheus/suite.ts";
import { sizes, twoSizes } from "../support/size.ts";

const CONTAINERS = sizes({ short: 3, long: 20 });
const SHORT = sizes({
  short: { windowMs: 2_000, lateSeconds: 2 },
  long: { windowMs: 15_000, lateSeconds: 10 },
});
/** The first panel of the dashboard. */
const CAPTURE = shortened(
  withoutVariables(panelExpressions().find(({ panel }) => panel === "Capture")?.expr ?? ""),
  SHORT,
);
const STARTS = 'dockspool_container_events_total{action="start"}';

/**
 * As the predecessor of this library did for an hour: the process, its events and its looks at containers live, and no line comes.
 * Its dashboard showed nothing of it, and no alert fired.
 */
describeWithPrometheus("capture that stands still while all else lives", (engine) => {
  const labels = { "dockspool.test": `still-${performance.now()}` };

  test("turns health, and fires in a real Prometheus; then all lines come", twoSizes, async () => {
    const proxy = await HangingProxy.start(engine.socketPath);
    onTestFinished(() => proxy.close());
    const script = `i=0; while :; do echo line $i; i=$((i+1)); ${pause(50)}; done`;
    const specs = Array.from({ length: CONTAINERS }, () => ({ script, labels }));
    const ids = await runAll(engine, specs);
    const measured = await measurePool({
      engine: { socketPath: proxy.socketPath, connectTimeoutMs: 1_000 },
      // Files do not hang.
      read: "engine",
      select: { labels },
      rotation: { everyMs: 1_000 },
      source: { reconnect: { minDelayMs: 50, maxDelayMs: 500 } },
    });
    const { pool } = measured;
    await pool.ready();
    const prometheus = await startPrometheus({
      targets: [measured.port],
      rules: shortenedRules(SHORT),
    });
    const firing = async (): Promise<(string | undefined)[]> =>
      (await prometheus.alerts()).map((alert) => alert.labels["alertname"]);
    const isAbove = async (expr: string, value: number): Promise<boolean> =>
      ((await prometheus.value(expr)) ?? 0) > value;
    await until("lines and rotations", async () => {
      const flows = await isAbove(`sum(rate(dockspool_log_lines_total[${SHORT.windowMs}ms]))`, 1);
      const rotates = await isAbove("sum(dockspool_container_stream_rotations_total)", 3);
      return flows && rotates ? [] : [pool.stats];
    });
    expect(await firing()).toEqual([]);
    expect(await prometheus.value(CAPTURE)).toBe(0);

    proxy.hang();
    const hungAt = performance.now();
    await until("DockspoolCaptureStopped", async () => {
      const alerts = await firing();
      return alerts.includes("DockspoolCaptureStopped") ? [] : [alerts, pool.health()];
    });
    report("capture stands still", { firedAfterMs: Math.round(performance.now() - hungAt) });
    const alert = (await prometheus.alerts()).find(
      (one) => one.labels["alertname"] === "DockspoolCaptureStopped",
    );
    expect(await prometheus.value(CAPTURE)).toBe(1);
    expect(alert?.labels).toMatchObject({ engine: "default", severity: "critical" });
    expect(alert?.annotations["summary"]).toMatch(
      /^Capture stands still at 127\.0\.0\.1:\d+, engine default$/,
    );

    // Health says so, of the streams alone. All else lives: the engine tells of a container that starts.
    await until("DockspoolUnhealthy", async () => {
      const unwell = (await prometheus.alerts()).filter(
        (one) => one.labels["alertname"] === "DockspoolUnhealthy",
      );
      const components = unwell.map((one) => one.labels["component"]);
      return components.join() === "streams" ? [] : [components, pool.health()];
    });
    const { components } = pool.health();
    expect(components["streams"]?.status).toBe("unhealthy");
    expect(components["streams"]?.detail).toMatch(/can't be followed|waits for/);
    expect(components["engine:default"]?.status).toBe("healthy");
    expect(await prometheus.value("up")).toBe(1);
    const started = (await prometheus.value(STARTS)) ?? 0;
    await runAll(engine, [{ script: "exec sleep 600" }]);
    await until("a start", async () => ((await isAbove(STARTS, started)) ? [] : [started]));

    proxy.release();
    await until("the end of all alerts", firing);
    expect(pool.health().status).toBe("healthy");
    await each(ids, (id) => engine.kill(id));
    await until("the last lines", () =>
      [...pool.sources.values()].filter(
        ({ stats }) => stats.state !== "stopped" || stats.delivered < stats.lines,
      ),
    );
    await expectExact("capture stood still", engine, measured, ids);
  });
});

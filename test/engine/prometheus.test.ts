import { expect, onTestFinished, test } from "vitest";

import { DELIVERY_SECONDS, ROTATION_SECONDS } from "../../src/metrics/histograms.ts";
import { SERIES } from "../../src/metrics/series.ts";
import { CountingProxy } from "../support/counting-proxy.ts";
import { chosenRead, jsonLog, openDescriptors, report } from "../support/follow.ts";
import { each, runAll } from "../support/pool-following.ts";
import { panelExpressions } from "../support/prometheus/dashboard.ts";
import { SINK, measurePool } from "../support/prometheus/measured-pool.ts";
import type { MeasuredPool } from "../support/prometheus/measured-pool.ts";
import { partsOf, withoutVariables } from "../support/prometheus/promql.ts";
import { promtool } from "../support/prometheus/promtool.ts";
import { readAlerts, shortened } from "../support/prometheus/rules.ts";
import type { Prometheus } from "../support/prometheus/server.ts";
import { expectExact, startPrometheus, until, untilEqual } from "../support/prometheus/started.ts";
import { describeWithPrometheus } from "../support/prometheus/suite.ts";
import { sizes, twoSizes } from "../support/size.ts";

const readsFiles = chosenRead().read !== undefined;
const CONTAINERS = sizes({ short: 3, long: 20 });
/** Of stdout and of stderr, each container. */
const LINES = { stdout: sizes({ short: 500, long: 20_000 }), stderr: 200 };
const ROTATIONS = 2;
const SHORT = { windowMs: 2_000, lateSeconds: 2 };

interface Scraped {
  readonly measured: MeasuredPool;
  readonly proxy: CountingProxy;
  readonly prometheus: Prometheus;
  readonly ids: readonly string[];
}

describeWithPrometheus("a real Prometheus", (engine) => {
  const labels = { "dockspool.test": `prometheus-${performance.now()}` };

  /** A pool of containers whose lines are all read, rotated twice, and scraped. */
  async function scraped(): Promise<Scraped> {
    const proxy = await CountingProxy.start(engine.socketPath);
    onTestFinished(() => proxy.close());
    const script = `seq 1 ${LINES.stdout}; seq 1 ${LINES.stderr} >&2; exec sleep 600`;
    const specs = Array.from({ length: CONTAINERS - 1 }, () => ({ script, labels }));
    const ids = await runAll(engine, specs);
    const measured = await measurePool({
      engine: { socketPath: proxy.socketPath },
      select: { labels },
      rotation: false,
    });
    const { pool, taken } = measured;
    const prometheus = await startPrometheus({ targets: [measured.port] });
    await pool.ready();
    // One whose start the engine tells of.
    ids.push(...(await runAll(engine, [{ script, labels }])));
    const all = LINES.stdout + LINES.stderr;
    await until("all lines", () => ids.filter((id) => (taken.get(id)?.length ?? 0) < all));
    for (let done = 0; done < ROTATIONS; done++) await pool.rotate();
    return { measured, proxy, prometheus, ids };
  }

  test(
    "has every series of a pool and each is right; all expressions have data",
    twoSizes,
    async () => {
      const { measured, proxy, prometheus, ids } = await scraped();
      const { pool } = measured;
      const written = (await each(ids, (id) => jsonLog(engine, id))).flat();
      const bytes = written.reduce((sum, { line }) => sum + Buffer.byteLength(line), 0);
      const ofStream = (stream: string): number =>
        written.filter((line) => line.stream === stream).length;
      const sink = `sink="${SINK}"`;
      await untilEqual(prometheus, {
        'sum(dockspool_log_lines_total{stream="stdout"})': ofStream("stdout"),
        'sum(dockspool_log_lines_total{stream="stderr"})': ofStream("stderr"),
        "sum(dockspool_log_lines_delivered_total)": written.length,
        "sum(dockspool_log_bytes_total)": bytes,
        "sum(dockspool_container_log_lines_total)": written.length,
        "sum(dockspool_container_log_bytes_total)": bytes,
        "max(dockspool_container_log_lag_seconds)": 0,
        "sum(dockspool_container_log_gaps_total)": 0,

        "sum(dockspool_containers)": CONTAINERS,
        'dockspool_container_phase{phase="following"}': CONTAINERS,
        "sum(dockspool_container_phase)": CONTAINERS,
        dockspool_container_streams_active: proxy.total.follows,
        dockspool_container_streams_max: 128,
        dockspool_container_streams_waiting: 0,
        "min(dockspool_container_stream_age_seconds > bool 0)": 1,
        "sum(dockspool_container_stream_rotations_total)": ROTATIONS * CONTAINERS,
        "sum(dockspool_container_stream_rotation_seconds_count)": ROTATIONS * CONTAINERS,
        "sum(dockspool_container_stream_errors_total)": 0,
        "sum(dockspool_container_stream_reconnects_total)": 0,
        "sum(dockspool_container_stream_stalls_total)": 0,
        'dockspool_container_events_total{action="start"}': 1,

        dockspool_buffer_bytes: 0,
        dockspool_buffer_limit_bytes: 32 * 1024 * 1024,
        [`dockspool_delivery_batches_total{${sink}, outcome="delivered"}`]: measured.batches(),
        'sum(dockspool_delivery_batches_total{outcome!="delivered"})': 0,
        [`dockspool_delivery_seconds_count{${sink}}`]: measured.batches(),
        "sum(dockspool_delivery_retries_total)": 0,
        'dockspool_checkpoint_writes_total{outcome="saved"} > bool 0': 1,
        'dockspool_checkpoint_writes_total{outcome="failed"}': 0,
        dockspool_checkpoint_age_seconds: 0,

        "min(dockspool_component_health)": 1,
        "count(dockspool_component_health)": Object.keys(pool.health().components).length,
        dockspool_ready: 1,
        dockspool_tasks: pool.stats.tasks,
        dockspool_sockets_open: proxy.connections,
      });
      // Files need none.
      expect(proxy.total.follows).toBe(readsFiles ? 0 : CONTAINERS);
      // Those of the queries come and go between two scrapes.
      await until("descriptors near those that are open", async () => {
        const told = (await prometheus.value("dockspool_file_descriptors_open")) ?? 0;
        const open = openDescriptors();
        return Math.abs(told - open) < 10 ? [] : [{ told, open }];
      });
      const lags = await prometheus.query("dockspool_container_log_lag_seconds");
      expect(new Set(lags.map((one) => one.labels["container_id"]))).toEqual(
        new Set(ids.map((id) => id.slice(0, 12))),
      );
      await expectExact("real Prometheus", engine, measured, ids);
      await expectAllSeries(prometheus);
      await untilAllExpressionsHaveData(prometheus);

      const { code, output } = promtool(["check", "metrics"], await measured.registry.metrics());
      expect(output).toBe("");
      expect(code).toBe(0);
    },
  );
});

async function expectAllSeries(prometheus: Prometheus): Promise<void> {
  const names = SERIES.map(({ name }) => name);
  for (const { name } of [ROTATION_SECONDS, DELIVERY_SECONDS])
    names.push(`${name}_count`, `${name}_sum`, `${name}_bucket`);
  const missing: string[] = [];
  for (const name of names)
    if ((await prometheus.query(`dockspool_${name}`)).length === 0) missing.push(name);
  expect(missing).toEqual([]);
}

/** Each expression of a panel or an alert is one, and each part that it chooses from has data. */
async function untilAllExpressionsHaveData(prometheus: Prometheus): Promise<void> {
  const expressions = [
    ...panelExpressions().map(({ panel, expr }) => ({ where: panel, expr })),
    ...readAlerts().map(({ alert, expr }) => ({ where: alert, expr })),
  ].map(({ where, expr }) => ({ where, expr: shortened(withoutVariables(expr), SHORT) }));
  for (const { expr } of expressions) await prometheus.query(expr);
  const parts = expressions.flatMap(({ where, expr }) =>
    partsOf(expr).map((part) => ({ where, part })),
  );
  await until("data of each expression", async () => {
    const found = await Promise.all(
      parts.map(async (one) => ({ ...one, series: await prometheus.query(one.part) })),
    );
    return found.filter(({ series }) => series.length === 0);
  });
  report("expressions", { all: expressions.length, parts: parts.length });
}

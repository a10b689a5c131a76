import { expect, onTestFinished, test } from "vitest";

import { MemoryCheckpointStore } from "../../src/index.ts";
import type { PoolOptions } from "../../src/index.ts";
import { chosenRead, report } from "../support/follow.ts";
import { HangingProxy } from "../support/hanging-proxy.ts";
import { pause } from "../support/pause.ts";
import { runAll } from "../support/pool-following.ts";
import { measurePool } from "../support/prometheus/measured-pool.ts";
import type { MeasuredPool, SinkOptions } from "../support/prometheus/measured-pool.ts";
import { shortenedRules } from "../support/prometheus/rules.ts";
import type { Prometheus } from "../support/prometheus/server.ts";
import { startPrometheus, until } from "../support/prometheus/started.ts";
import { describeWithPrometheus } from "../support/prometheus/suite.ts";
import { RealEngine } from "../support/real-engine.ts";
import type { RunOptions } from "../support/real-engine.ts";
import { longOnly } from "../support/size.ts";

const readsFiles = chosenRead().read !== undefined;
const SHORT = { windowMs: 4_000, lateSeconds: 3 };
const SCRIPT = `i=0; while :; do echo line $i; i=$((i+1)); ${pause(20)}; done`;

/** Closed until it is opened. */
class Gate {
  #isOpen = true;
  #open = (): void => {};
  #opened = Promise.resolve();

  close(): void {
    this.#isOpen = false;
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#isOpen = true;
    this.#open();
  }

  readonly pass = async (): Promise<void> => {
    if (!this.#isOpen) await this.#opened;
  };
}

class BrokenStore extends MemoryCheckpointStore {
  isBroken = false;

  override async save(...args: Parameters<MemoryCheckpointStore["save"]>): Promise<void> {
    if (this.isBroken) throw new Error("no space left");
    await super.save(...args);
  }
}

describeWithPrometheus("faults on a real engine, as Prometheus sees them", (engine) => {
  interface Watched {
    readonly measured: MeasuredPool;
    readonly prometheus: Prometheus;
    readonly id: string;
    /** Until these alerts fire, whatever others do. */
    readonly fires: (...alerts: string[]) => Promise<void>;
    readonly isCalm: () => Promise<void>;
  }

  let suites = 0;

  /** A pool that follows one container, and no alert fires. */
  async function watch({
    pool = {},
    sink = {},
    run = {},
    on = engine,
  }: {
    readonly pool?: PoolOptions;
    readonly sink?: SinkOptions;
    readonly run?: Partial<RunOptions>;
    readonly on?: RealEngine;
  } = {}): Promise<Watched> {
    const labels = { "dockspool.test": `alerts-${suites++}` };
    const [id = ""] = await runAll(on, [{ script: SCRIPT, labels, ...run }]);
    const measured = await measurePool(
      {
        engine: { socketPath: on.socketPath },
        select: { labels },
        source: { reconnect: { minDelayMs: 50, maxDelayMs: 500 } },
        ...pool,
      },
      sink,
    );
    await measured.pool.ready();
    const prometheus = await startPrometheus({
      targets: [measured.port],
      rules: shortenedRules(SHORT),
    });
    const firing = async (): Promise<string[]> =>
      (await prometheus.alerts()).map((alert) => alert.labels["alertname"] ?? "");
    const isCalm = async (): Promise<void> => await until("no alert", firing);
    await until("lines in Prometheus", async () =>
      ((await prometheus.value("sum(dockspool_log_lines_total)")) ?? 0) > 0 ? [] : ["none"],
    );
    await isCalm();
    return {
      measured,
      prometheus,
      id,
      isCalm,
      fires: async (...alerts) => {
        const begun = performance.now();
        await until(alerts.join(), async () => {
          const now = await firing();
          const missing = alerts.filter((alert) => !now.includes(alert));
          return missing.length === 0 ? [] : [{ missing, now, health: measured.pool.health() }];
        });
        report(alerts.join(", "), { afterMs: Math.round(performance.now() - begun) });
      },
    };
  }

  test("an engine that is down, and up again", longOnly, async () => {
    const own = await RealEngine.start({ liveRestore: true });
    onTestFinished(() => own.stop());
    const { fires, isCalm, prometheus } = await watch({ on: own });
    await own.killDaemon();
    await fires("DockspoolUnhealthy");
    expect(await prometheus.value('dockspool_component_health{component="engine:default"}')).toBe(
      0,
    );
    const errors = 'sum(dockspool_container_stream_errors_total{reason="ENGINE_UNREACHABLE"})';
    const reconnects = "sum(dockspool_container_stream_reconnects_total)";
    if (readsFiles) {
      // Reading goes on, to where the engine has stopped.
      expect(await prometheus.value(errors)).toBe(0);
      expect(await prometheus.value(reconnects)).toBe(0);
    } else {
      await fires("DockspoolUnhealthy", "DockspoolLag", "DockspoolCaptureStopped");
      expect(await prometheus.value(errors)).toBeGreaterThan(0);
      expect(await prometheus.value(reconnects)).toBeGreaterThan(0);
    }
    await own.startDaemon();
    await isCalm();
  });

  test("a sink that does not return, and a full buffer", longOnly, async () => {
    const gate = new Gate();
    const { fires, isCalm, prometheus } = await watch({
      pool: { bufferBytes: 65_536 },
      sink: { before: gate.pass },
    });
    gate.close();
    await fires("DockspoolBufferFull", "DockspoolDegraded", "DockspoolLag");
    expect(
      await prometheus.value('dockspool_component_health{component="delivery:kept"} < bool 1'),
    ).toBe(1);
    gate.open();
    await isCalm();
  });

  test("a batch that a sink does not take", longOnly, async () => {
    let isBroken = false;
    const { fires, isCalm, prometheus } = await watch({
      sink: {
        before: async () => {
          if (isBroken) throw new Error("HTTP 400");
        },
        retry: { attempts: 2, minDelayMs: 1, maxDelayMs: 1 },
        deadLetter: () => {},
      },
    });
    isBroken = true;
    await fires("DockspoolBatchesGivenUp");
    expect(await prometheus.value("sum(dockspool_delivery_retries_total)")).toBeGreaterThan(0);
    isBroken = false;
    await isCalm();
  });

  test("a checkpoint store that can't be written", longOnly, async () => {
    const checkpoints = new BrokenStore();
    const { fires, isCalm, prometheus } = await watch({
      pool: { checkpoints, source: { checkpointEveryMs: 100 } },
    });
    checkpoints.isBroken = true;
    await fires("DockspoolCheckpointsLate");
    expect(await prometheus.value('dockspool_component_health{component="checkpoints"}')).toBe(0.5);
    checkpoints.isBroken = false;
    await isCalm();
  });

  test("lines that the engine's own rotation takes from a slow consumer", longOnly, async () => {
    const gate = new Gate();
    const script = `i=0; while :; do echo line $i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; i=$((i+1)); [ $((i%10)) = 0 ] && ${pause(20)}; done`;
    const { measured, fires, isCalm } = await watch({
      pool: { bufferBytes: 65_536, rotation: { everyMs: 1_000 } },
      sink: { before: gate.pass },
      run: { script, options: { "max-size": "64k", "max-file": "2" } },
    });
    gate.close();
    await fires("DockspoolBufferFull");
    gate.open();
    await fires("DockspoolGap");
    expect(measured.pool.health().ready).toBe(true);
    await isCalm();
  });

  test("a stream that dies without a word", longOnly, async () => {
    const proxy = await HangingProxy.start(engine.socketPath);
    onTestFinished(() => proxy.close());
    const { fires, isCalm, prometheus } = await watch({
      pool: {
        engine: { socketPath: proxy.socketPath },
        // Files do not hang.
        read: "engine",
        source: { stallProbeMs: 1_000 },
        rotation: false,
      },
    });
    proxy.hang();
    proxy.release();
    await fires("DockspoolStalls");
    expect(await prometheus.value("sum(dockspool_container_stream_stalls_total)")).toBe(1);
    await isCalm();
  });

  test("a pool that is closed", longOnly, async () => {
    const { measured, fires, prometheus } = await watch();
    await measured.pool.close();
    await fires("DockspoolUnhealthy", "DockspoolNotReady");
    expect(await prometheus.value("max(dockspool_component_health)")).toBe(0);
  });

  test("a process that does not answer any more", longOnly, async () => {
    const { measured, fires, prometheus } = await watch();
    await measured.stopServing();
    await fires("DockspoolDown");
    expect(await prometheus.value("up")).toBe(0);
  });

  test("more containers than streams", longOnly, async () => {
    const labels = { "dockspool.test": `alerts-${suites}` };
    await runAll(
      engine,
      Array.from({ length: 3 }, () => ({ script: SCRIPT, labels })),
    );
    const { fires, prometheus } = await watch({
      // Files need no streams.
      pool: { read: "engine", maxStreams: 1, timeSliceMs: 200 },
    });
    await fires("DockspoolStreamsFull");
    expect(await prometheus.value("dockspool_container_streams_active")).toBe(1);
  });
});

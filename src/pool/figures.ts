import type { Count, Figures } from "../metrics/figures.ts";
import type { Fitness, Health } from "./health/report.ts";
import type { PoolParts } from "./health/view.ts";
import type { PoolStats } from "./status.ts";

interface Parts extends PoolParts {
  readonly stats: PoolStats;
  readonly health: Health;
}

const FITNESS: Readonly<Record<Fitness, number>> = { healthy: 1, degraded: 0.5, unhealthy: 0 };

/** What metrics show of a pool, read when somebody asks. */
export function figuresOf(parts: Parts): Figures {
  const { options, engines, stats, health, followed, tally, keeper } = parts;
  const containers = followed.figures;
  return {
    tasks: stats.tasks,
    sockets: stats.sockets,
    streamsOpen: stats.streamsOpen,
    streamsMax: stats.streamsMax,
    streamsWaiting: stats.streamsWaiting,
    bufferBytes: stats.bufferedBytes,
    bufferLimitBytes: options.bufferBytes,
    engines: followed.flows.with(containers),
    standby: Array.from(engines, ({ name: engine, leased }) => ({
      labels: { engine },
      value: leased?.waiting ?? 0,
    })),
    containers,
    errors: tally.errors.all,
    cutShort: tally.cutShort.all,
    events: tally.events.all,
    batches: tally.batches.all,
    retries: tally.retries.all,
    saves: tally.saves.all,
    checkpointAge: (keeper?.unsavedForMs ?? 0) / 1_000,
    health: fitnessOf(health),
    isReady: health.ready,
  };
}

function fitnessOf({ components }: Health): Count<"component">[] {
  return Object.entries(components).map(([component, { status }]) => ({
    labels: { component },
    value: FITNESS[status],
  }));
}

/** Seconds or counts at a minute; undefined where there is no sample. */
export type Samples = (minute: number) => number | undefined;

export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: Samples;
}

/** What Prometheus adds. */
export const TARGET = { job: "dockspool", instance: "host:9464" } as const;

const constant =
  (value: number): Samples =>
  () =>
    value;

const growing =
  (perMinute: number): Samples =>
  (minute) =>
    minute * perMinute;

const CONTAINERS = [
  { container_name: "web", container_id: "0123456789ab" },
  { container_name: "db", container_id: "ba9876543210" },
] as const;

const OF_A_CONTAINER: readonly (readonly [name: string, samples: Samples])[] = [
  ["container_stream_rotations_total", growing(0.2)],
  ["container_stream_age_seconds", (minute) => (minute % 5) * 60],
  ["container_stream_reconnects_total", constant(0)],
  ["container_stream_stalls_total", constant(0)],
  ["container_log_gaps_total", constant(0)],
  ["container_log_bytes_total", growing(60_000)],
  ["container_log_lag_seconds", constant(0)],
];

const OF_THE_POOL: readonly (readonly [name: string, samples: Samples])[] = [
  ["tasks", constant(14)],
  ["sockets_open", constant(4)],
  ["file_descriptors_open", constant(40)],
  ["container_streams_active", constant(2)],
  ["container_streams_max", constant(128)],
  ["container_streams_waiting", constant(0)],
  ["buffer_bytes", constant(4_000)],
  ["buffer_limit_bytes", constant(33_554_432)],
  ["checkpoint_age_seconds", constant(0.5)],
  ["ready", constant(1)],
];

const COMPONENTS = [
  "engine:default",
  "discovery",
  "streams",
  "buffer",
  "delivery:store",
  "checkpoints",
];

/** What Prometheus has of a pool of two containers in which all goes as it should. */
export function usualSeries(): Series[] {
  const all: Series[] = [{ name: "up", labels: TARGET, samples: constant(1) }];
  const add = (name: string, samples: Samples, labels: Readonly<Record<string, string>> = {}) => {
    all.push({ name: `dockspool_${name}`, labels: { ...TARGET, ...labels }, samples });
  };
  for (const [name, samples] of OF_THE_POOL) add(name, samples);
  for (const component of COMPONENTS) add("component_health", constant(1), { component });
  for (const outcome of ["saved", "failed"])
    add("checkpoint_writes_total", outcome === "saved" ? growing(60) : constant(0), { outcome });
  for (const outcome of ["delivered", "dead_letter", "failed"]) {
    const samples = outcome === "delivered" ? growing(300) : constant(0);
    add("delivery_batches_total", samples, { sink: "store", outcome });
  }
  const engine = "default";
  add("container_stream_rotation_seconds_count", growing(0.4), { engine });
  add("containers", constant(2), { engine });
  add("containers_standby", constant(0), { engine });
  add("log_bytes_total", growing(120_000), { engine });
  add("log_lines_delivered_total", growing(1_200), { engine });
  for (const name of ["log_gaps_total", "log_ends_cut_short_total"])
    add(name, constant(0), { engine });
  for (const stream of ["stdout", "stderr"])
    add("log_lines_total", growing(600), { engine, stream });
  add("container_phase", constant(2), { engine, phase: "following" });
  add("container_phase", constant(0), { engine, phase: "stopped" });
  for (const container of CONTAINERS) {
    for (const [name, samples] of OF_A_CONTAINER) add(name, samples, { engine, ...container });
    for (const stream of ["stdout", "stderr"])
      add("container_log_lines_total", growing(300), { engine, ...container, stream });
  }
  return all;
}

// Longer than other files: one table, in which each series stands once.
import { PHASES, VIA } from "./figures.ts";
import type { Count, EngineFigures, Figures } from "./figures.ts";
import type { ContainerSeries, Shown } from "./container-series.ts";

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a scrape reads. */
export interface Scrape {
  readonly figures: Figures;
  /** Figures of containers, by their labels. */
  readonly containers: readonly ContainerSeries[];
  /** Open in this process; undefined where the system does not tell. */
  readonly fileDescriptors: number | undefined;
}

/** A series, as each monitoring system shows it by its own rules. */
export interface Series {
  /** Without a prefix; words are joined by "_". */
  readonly name: string;
  /** Counters only grow; what they count can be added up. */
  readonly type: "counter" | "gauge";
  /** UCUM, as OpenTelemetry writes units: "s", "By", "{line}"; "1" has none. */
  readonly unit: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (scrape: Scrape) => Iterable<Sample>;
}

type Type = Series["type"];

const CONTAINER = ["engine", "container_name", "container_id"] as const;

export const SERIES: readonly Series[] = [
  ofPool("tasks", "{task}", "Tasks that run now: what a leak makes grow.", ({ tasks }) => tasks),
  ofPool("sockets_open", "{socket}", "Sockets that are open to the engines.", (all) => all.sockets),
  {
    name: "file_descriptors_open",
    type: "gauge",
    unit: "{file_descriptor}",
    help: "File descriptors that this process has open; absent where the system does not tell.",
    labels: [],
    read: ({ fileDescriptors: value }) => (value === undefined ? [] : [{ labels: {}, value }]),
  },
  {
    name: "containers",
    type: "gauge",
    unit: "{container}",
    help: "Containers that are followed, those that wait or are stopped included.",
    labels: ["engine"],
    read: ({ figures }) => containersOf(figures),
  },
  {
    name: "containers_standby",
    type: "gauge",
    unit: "{container}",
    help: "Containers that are not followed here, since another pool has their lease, or may have it.",
    labels: ["engine"],
    read: ({ figures }) => figures.standby,
  },
  ofPool(
    "container_streams_active",
    "{stream}",
    "Log streams that are open, or are being opened or closed.",
    ({ streamsOpen }) => streamsOpen,
  ),
  ofPool(
    "container_streams_max",
    "{stream}",
    "Log streams that may be open at once.",
    ({ streamsMax }) => streamsMax,
  ),
  ofPool(
    "container_streams_waiting",
    "{container}",
    "Containers that wait for a log stream.",
    ({ streamsWaiting }) => streamsWaiting,
  ),
  {
    name: "container_phase",
    type: "gauge",
    unit: "{container}",
    help: "Containers whose stream is in this phase.",
    labels: ["engine", "phase"],
    read: ({ figures }) => phasesOf(figures),
  },
  {
    name: "container_reading",
    type: "gauge",
    unit: "{container}",
    help: "Containers whose log is read by the engine's API, or from its files.",
    labels: ["engine", "via"],
    read: ({ figures }) => waysOf(figures),
  },
  ofContainer(
    "container_stream_rotations_total",
    "counter",
    "{rotation}",
    "Rotations that were completed: a stream was closed and reopened.",
    ({ rotations }) => rotations,
  ),
  ofContainer(
    "container_stream_age_seconds",
    "gauge",
    "s",
    "Since the container's log stream was opened; 0 while none is open.",
    ({ streamAge }) => streamAge,
  ),
  counted(
    "container_stream_errors_total",
    "{error}",
    "Log streams that failed, by the error's code.",
    ["engine", "reason"],
    ({ errors }) => errors,
  ),
  ofContainer(
    "container_stream_reconnects_total",
    "counter",
    "{reconnect}",
    "Attempts to open the stream anew after a failure.",
    ({ reconnects }) => reconnects,
  ),
  ofContainer(
    "container_stream_stalls_total",
    "counter",
    "{stall}",
    "Streams that were found to have kept lines back.",
    ({ stalls }) => stalls,
  ),
  ofContainer(
    "container_log_gaps_total",
    "counter",
    "{gap}",
    "Places where lines are lost: the engine has them no more.",
    ({ gaps }) => gaps,
  ),
  {
    name: "container_log_lines_total",
    type: "counter",
    unit: "{line}",
    help: "Lines that were read.",
    labels: [...CONTAINER, "stream"],
    read: ({ containers }) =>
      containers.flatMap(({ labels, figures: { lines } }) => [
        { labels: { ...labels, stream: "stdout" }, value: lines.stdout },
        { labels: { ...labels, stream: "stderr" }, value: lines.stderr },
      ]),
  },
  ofContainer(
    "container_log_bytes_total",
    "counter",
    "By",
    "Text of the lines that were read.",
    ({ bytes }) => bytes,
  ),
  ofContainer(
    "container_log_lag_seconds",
    "gauge",
    "s",
    "How far what is delivered is behind what was written, or may have been written; 0 where all is delivered.",
    ({ lag }) => lag,
  ),
  {
    name: "log_lines_total",
    type: "counter",
    unit: "{line}",
    help: "Lines that were read, of all containers of an engine, those that are gone included.",
    labels: ["engine", "stream"],
    read: ({ figures: { engines } }) =>
      engines.flatMap(({ name: engine, lines }) => [
        { labels: { engine, stream: "stdout" }, value: lines.stdout },
        { labels: { engine, stream: "stderr" }, value: lines.stderr },
      ]),
  },
  ofEngine("log_bytes_total", "By", "Text of those lines.", ({ bytes }) => bytes),
  ofEngine(
    "log_lines_delivered_total",
    "{line}",
    "Lines that were taken and acknowledged, of all containers of an engine.",
    ({ delivered }) => delivered,
  ),
  ofEngine(
    "log_gaps_total",
    "{gap}",
    "Places where lines are lost, of all containers of an engine, those that are gone included.",
    ({ gaps }) => gaps,
  ),
  counted(
    "log_ends_cut_short_total",
    "{container}",
    "Containers that were removed before their log was known to be read to its end.",
    ["engine"],
    ({ cutShort }) => cutShort,
  ),
  counted(
    "container_events_total",
    "{event}",
    "What the engine told of containers.",
    ["engine", "action"],
    ({ events }) => events,
  ),
  ofPool("buffer_bytes", "By", "Read ahead of the consumer.", ({ bufferBytes }) => bufferBytes),
  ofPool(
    "buffer_limit_bytes",
    "By",
    "At so much reading waits for the consumer.",
    ({ bufferLimitBytes }) => bufferLimitBytes,
  ),
  counted(
    "delivery_batches_total",
    "{batch}",
    "Batches that a sink took, its dead letter took, or the sink gave up.",
    ["sink", "outcome"],
    ({ batches }) => batches,
  ),
  counted(
    "delivery_retries_total",
    "{retry}",
    "Calls of a sink that failed and are tried again.",
    ["sink"],
    ({ retries }) => retries,
  ),
  counted(
    "checkpoint_writes_total",
    "{write}",
    "Writes of positions to the checkpoint store.",
    ["outcome"],
    ({ saves }) => saves,
  ),
  ofPool(
    "checkpoint_age_seconds",
    "s",
    "For how long a position has waited to be saved; 0 where none does.",
    ({ checkpointAge }) => checkpointAge,
  ),
  {
    name: "component_health",
    type: "gauge",
    unit: "1",
    help: "1: healthy; 0.5: degraded; 0: unhealthy.",
    labels: ["component"],
    read: ({ figures: { health } }) => health,
  },
  ofPool(
    "ready",
    "1",
    "1 once all that was there at the start is followed; 0 before, and after the end.",
    ({ isReady }) => Number(isReady),
  ),
];

/** One value for the whole pool. */
function ofPool(
  name: string,
  unit: string,
  help: string,
  value: (figures: Figures) => number,
): Series {
  const read = ({ figures }: Scrape): Sample[] => [{ labels: {}, value: value(figures) }];
  return { name, type: "gauge", unit, help, labels: [], read };
}

function ofEngine(
  name: string,
  unit: string,
  help: string,
  value: (figures: EngineFigures) => number,
): Series {
  const read = ({ figures }: Scrape): Sample[] =>
    figures.engines.map((one) => ({ labels: { engine: one.name }, value: value(one) }));
  return { name, type: "counter", unit, help, labels: ["engine"], read };
}

function ofContainer(
  name: string,
  type: Type,
  unit: string,
  help: string,
  value: (figures: Shown) => number,
): Series {
  const read = ({ containers }: Scrape): Sample[] =>
    containers.map(({ labels, figures }) => ({ labels: { ...labels }, value: value(figures) }));
  return { name, type, unit, help, labels: CONTAINER, read };
}

function counted<Label extends string>(
  name: string,
  unit: string,
  help: string,
  labels: readonly Label[],
  value: (figures: Figures) => readonly Count<Label>[],
): Series {
  return { name, type: "counter", unit, help, labels, read: ({ figures }) => value(figures) };
}

function containersOf({ engines, containers }: Figures): Sample[] {
  const counts = new Map(engines.map(({ name }) => [name, 0]));
  for (const one of containers) counts.set(one.engine, (counts.get(one.engine) ?? 0) + 1);
  return Array.from(counts, ([name, value]) => ({ labels: { engine: name }, value }));
}

function phasesOf({ engines, containers }: Figures): Sample[] {
  const counts = new Map<string, number>();
  for (const one of containers) {
    const key = `${one.phase} ${one.engine}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return engines.flatMap(({ name }) =>
    PHASES.map((phase) => ({
      labels: { engine: name, phase },
      value: counts.get(`${phase} ${name}`) ?? 0,
    })),
  );
}

function waysOf({ engines, containers }: Figures): Sample[] {
  return engines.flatMap(({ name }) =>
    VIA.map((via) => ({
      labels: { engine: name, via },
      value: containers.filter((one) => one.engine === name && one.via === via).length,
    })),
  );
}

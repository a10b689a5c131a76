// What a strict program can do with every public name; type-checked against the installed package, never run.
import {
  ContainerLogSource,
  DockspoolError,
  FileCheckpointStore,
  MemoryCheckpointStore,
  StreamPool,
  TaskGroup,
  epochNanoseconds,
  serviceLogs,
} from "dockspool";
import type {
  AttachOptions,
  ChannelMessages,
  Checkpoint,
  CheckpointStore,
  ComponentHealth,
  ComposeDetails,
  ContainerDetails,
  ContainerHealth,
  ContainerInfo,
  ContainerNetwork,
  ContainerSelector,
  Cursor,
  Delivery,
  DeliveryOptions,
  DetailsOptions,
  FilesOptions,
  ReadFrom,
  DockerModem,
  EndReason,
  Engine,
  EngineDetails,
  EngineEvent,
  EngineEventGap,
  EngineEventRecord,
  EngineOptions,
  ErrorCode,
  EventsOptions,
  Fitness,
  From,
  Health,
  Lease,
  LeaseTrouble,
  Leases,
  LogBatch,
  LogRecord,
  LogStream,
  Pattern,
  PoolEvents,
  PoolOptions,
  PoolSourceOptions,
  PoolStats,
  PoolStatus,
  ReadyOptions,
  Rotation,
  ServiceLogLine,
  ServiceLogOptions,
  ServiceLogRecord,
  ServiceLogReopened,
  Sink,
  SinkContext,
  SinkError,
  SourceEvents,
  SourceOptions,
  SourceState,
  SourceStats,
  SourceStatus,
  SwarmDetails,
  TracingContexts,
} from "dockspool";
import {
  composeLogs,
  dockerLogs,
  ecs,
  lokiStreams,
  mapRecords,
  ndjson,
  otlpLogs,
  parseLine,
  rateLimit,
  redact,
  stripAnsi,
  where,
} from "dockspool/formats";
import type {
  ComposeLogsOptions,
  DockerLogsOptions,
  DroppedLines,
  EcsOptions,
  Level,
  LokiLabels,
  LokiOptions,
  LokiStream,
  NdjsonField,
  NdjsonOptions,
  OtlpLogRecord,
  OtlpLogs,
  OtlpOptions,
  ParseOptions,
  ParsedLine,
  PlainRecord,
  RateLimitOptions,
  RedactOptions,
} from "dockspool/formats";
import { observe } from "dockspool/http";
import type { MetricsText, ObserveHandler, ObserveOptions, ObservedPool } from "dockspool/http";
import { NatsCheckpointStore, natsLeases, natsSink, tailNats } from "dockspool/nats";
import type {
  NatsBucketLimits,
  NatsCheckpointStoreOptions,
  NatsGap,
  NatsLeases,
  NatsLeasesOptions,
  NatsRecord,
  NatsSinkOptions,
  NatsStreamLimits,
  NatsTailOptions,
} from "dockspool/nats";
import { registerOpenTelemetry } from "dockspool/opentelemetry";
import type { OpenTelemetryOptions } from "dockspool/opentelemetry";
import { registerPrometheus } from "dockspool/prometheus";
import type { PrometheusOptions } from "dockspool/prometheus";
import { fileSink } from "dockspool/sinks/file";
import type { FileOptions } from "dockspool/sinks/file";
import { httpSink } from "dockspool/sinks/http";
import type { HttpOptions, HttpRequestOptions } from "dockspool/sinks/http";
import { lokiSink } from "dockspool/sinks/loki";
import type { LokiSinkOptions, RefusedLines } from "dockspool/sinks/loki";
import { otlpSink } from "dockspool/sinks/otlp";
import type { OtlpSinkOptions } from "dockspool/sinks/otlp";
import { postgresSink } from "dockspool/sinks/postgres";
import type {
  PostgresClient,
  PostgresOptions,
  PostgresPool,
  PostgresSubmittable,
} from "dockspool/sinks/postgres";
import { syslogSink } from "dockspool/sinks/syslog";
import type { SyslogOptions, SyslogSink } from "dockspool/sinks/syslog";
import { FakeEngine, checkpointStoreTests } from "dockspool/testing";
import type {
  CheckpointStoreTest,
  CheckpointStoreTestOptions,
  FakeContainer,
  FakeContainerSpec,
  FakeEngineOptions,
  FakeLine,
  FakeOpen,
  FakeRequest,
  FakeStream,
  FakeWriteOptions,
  Fault,
  FakeEvent,
  FakeHealth,
  FakeStop,
} from "dockspool/testing";

export function options(modem: DockerModem, signal: AbortSignal, resume?: Cursor): SourceOptions {
  const settings: EngineOptions = { host: "10.0.0.5", port: 2376, protocol: "https" };
  const engine: Engine = signal.aborted ? modem : settings;
  const from: From = { since: new Date(0) };
  // exactOptionalPropertyTypes: an option is given or left out.
  return {
    engine,
    from,
    signal,
    rotateEveryMs: 300_000,
    ...(resume === undefined ? {} : { resume }),
  };
}

export function describeStatus(status: SourceStatus): string {
  if (status.type === "rotated")
    return `${status.rotation.generation} ${status.rotation.closedInMs}`;
  if (status.type === "rotation-failed") return status.survivors.join();
  if (status.type === "ended") return describeEnd(status.reason);
  return status.type;
}

function describeEnd(end: EndReason): string {
  if (end.kind === "failed") return end.error.code;
  return end.kind === "removed" ? String(end.complete) : end.kind;
}

export function describe(record: LogRecord): string {
  const stream: LogStream = record.stream;
  const info: ContainerInfo = record.container;
  const time: bigint = epochNanoseconds(record.timestamp);
  return `${info.name} ${stream} ${time} ${record.line} ${record.id} ${info.labels["app"] ?? ""}`;
}

export async function follow(container: string, given: SourceOptions): Promise<Cursor | undefined> {
  await using source = new ContainerLogSource(container, given);
  source.on("status", (status) => describeStatus(status));
  const lost: SourceEvents["gap"] = ({ after, before }) =>
    describeStatus({ type: "gap", after, before: before ?? after });
  source
    .on("gap", lost)
    .once("ended", ({ reason }) => describeEnd(reason))
    .off("gap", lost);
  const tasks: TaskGroup = source.tasks;
  const doubled: Promise<number> = tasks.run("mine", async (signal) => (signal.aborted ? 0 : 1));
  const patience: ReadyOptions = { timeoutMs: 5_000 };
  const { name }: ContainerInfo = await source.ready(patience);
  const rotation: Rotation = await source.rotate();
  const stats: SourceStats = source.stats;
  const state: SourceState = stats.state;
  try {
    for await (const record of source) {
      if (record.container.name !== name) describe(record);
      source.acknowledge();
      if (rotation.reopened && state === "ended") break;
    }
  } catch (error) {
    if (!DockspoolError.is(error, "CONTAINER_NOT_FOUND")) throw error;
    const code: ErrorCode = error.code;
    throw new DockspoolError(code, error.message, { cause: error, container });
  }
  describeEnd(await source.ended);
  await doubled;
  return source.cursor;
}

export async function count(source: ContainerLogSource): Promise<number> {
  let lines = 0;
  for await (const batch of source.batches()) lines += size(batch);
  return lines;
}

function size(batch: LogBatch): number {
  return batch.length;
}

function describePool(status: PoolStatus): string {
  if (status.type === "engine") return `${status.engine} ${status.state}`;
  if (status.type === "source") return describeStatus(status.status);
  return status.type === "detached" ? describeEnd(status.reason) : status.container.name;
}

export async function followMany(given: PoolOptions, name: Pattern): Promise<PoolStats> {
  const select: ContainerSelector = {
    names: name,
    images: [name],
    labels: { logs: true },
    exclude: {},
  };
  const source: PoolSourceOptions = { maxLineBytes: 1_000 };
  await using pool = new StreamPool({ ...given, select, source, maxStreams: 8 });
  pool.on("status", (status) => describePool(status));
  const skipped: PoolEvents["skipped"] = ({ container, error }) =>
    `${container.name} ${error.code}`;
  pool.on("skipped", skipped).on("source", ({ status }) => describeStatus(status));
  const attached: AttachOptions = { from: "start", engineName: "default" };
  const one: ContainerLogSource = await pool.attach("web", attached);
  await pool.detach(one.container);
  const rotations: PromiseSettledResult<Rotation>[] = await pool.rotate();
  for await (const batch of pool.batches()) {
    pool.acknowledge();
    if (size(batch) > rotations.length && pool.sources.size > 0) break;
  }
  return pool.stats;
}

class OwnStore implements CheckpointStore {
  readonly #inner = new MemoryCheckpointStore();
  load(key: string): Promise<Checkpoint | undefined> {
    return this.#inner.load(key);
  }
  save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    return this.#inner.save(entries);
  }
  delete(keys: readonly string[]): Promise<void> {
    return this.#inner.delete(keys);
  }
  keys(prefix: string): AsyncIterable<string> {
    return this.#inner.keys(prefix);
  }
}

export function ownStoreTests(): readonly CheckpointStoreTest[] {
  const options: CheckpointStoreTestOptions = { create: () => new OwnStore() };
  return checkpointStoreTests(options);
}

export async function deliver(path: string, write: (text: string) => Promise<void>): Promise<void> {
  const checkpoints: CheckpointStore = new FileCheckpointStore(path);
  await using pool = new StreamPool({ checkpoints, source: { checkpointEveryMs: 500 } });
  const sink: Sink = async (records: LogBatch, { signal, attempt }: SinkContext) => {
    const late: SinkError = { retryable: attempt < 3, retryAfterMs: 1_000 };
    if (signal.aborted) throw Object.assign(new Error("late"), late);
    await write(`${attempt} ${records.length}`);
  };
  const options: DeliveryOptions = {
    name: "http",
    maxRecords: 500,
    maxWaitMs: 100,
    timeoutMs: 5_000,
    retry: { attempts: 3, minDelayMs: 10, maxDelayMs: 1_000 },
    deadLetter: (records, error) => write(`${records.length} ${String(error)}`),
  };
  const delivery: Delivery = pool.deliver(sink, options);
  await delivery.flush();
  const health: Health = pool.health();
  const checkpointed: ComponentHealth | undefined = health.components["checkpoints"];
  const fitness: Fitness = checkpointed?.status ?? health.status;
  await write(fitness);
  await delivery.stop();
  await delivery.done;
}

export function heard(
  { rotation, why, error }: ChannelMessages["dockspool:rotation"],
  { sink, attempt }: TracingContexts["dockspool:delivery"],
): string {
  return `${rotation?.closedInMs} ${why} ${String(error)} ${sink} ${attempt}`;
}

export function shown(pool: StreamPool, metrics: MetricsText): ObserveHandler {
  const observed: ObservedPool = pool;
  const options: ObserveOptions = { metrics };
  const end: EndReason | undefined = pool.ending;
  return observe(observed, end === undefined ? options : {});
}

export function measured(
  pool: StreamPool,
  prometheus: PrometheusOptions,
  openTelemetry: OpenTelemetryOptions,
): () => void {
  const unregister = registerPrometheus(pool, { ...prometheus, containers: 100 });
  const unregisterToo = registerOpenTelemetry(pool, { ...openTelemetry, prefix: "logs." });
  return () => {
    unregister();
    unregisterToo();
  };
}

export async function ownTasks(): Promise<void> {
  const group = new TaskGroup("mine");
  group.run("tick", () => undefined).catch(() => undefined);
  await group.close({ timeoutMs: 1000 });
}

export async function imitate(
  given: FakeEngineOptions,
  spec: FakeContainerSpec,
): Promise<readonly FakeLine[]> {
  await using fake = await FakeEngine.start(given);
  const container: FakeContainer = fake.create(spec);
  const written: FakeWriteOptions = { stream: "stderr", partial: false };
  container.write("hello", written);
  fake.fault = (request: FakeRequest): Fault | undefined =>
    request.method === "GET" ? { status: 500 } : undefined;
  const open: FakeOpen = fake.open;
  const stream: FakeStream = container.log[open.follows]?.stream ?? "stdout";
  await follow(spec.name, { engine: fake.engine, streams: stream === "stdout" ? [stream] : [] });
  return container.written;
}

export function formatted(record: PlainRecord, docker: DockerLogsOptions): string {
  const fields: readonly NdjsonField[] = ["line"];
  const small: NdjsonOptions = { fields, container: "id" };
  const compose: ComposeLogsOptions = { colors: true };
  const elastic: EcsOptions = { parse: true };
  const limits: ParseOptions = { maxBytes: 1_000 };
  const parsed: ParsedLine = parseLine(record.line, limits);
  const level: Level = parsed.level ?? "info";
  const labels: LokiLabels = { level };
  const loki: LokiOptions = { labels: () => labels };
  const streams: readonly LokiStream[] = lokiStreams(record, loki).streams;
  const otlp: OtlpOptions = { parse: true };
  const logs: OtlpLogs = otlpLogs([record], otlp);
  const first: OtlpLogRecord | undefined = logs.resourceLogs[0]?.scopeLogs[0]?.logRecords[0];
  const objects = JSON.stringify([ecs(record, elastic), streams, first]);
  return (
    ndjson(record, small) + dockerLogs(record, docker) + composeLogs(compose)(record) + objects
  );
}

export function sinks(
  pool: PostgresPool,
  tell: (refused: RefusedLines | DroppedLines) => void,
): readonly Sink[] {
  const file: FileOptions = { fsync: "none" };
  const request: HttpRequestOptions = { gzip: true };
  const http: HttpOptions = { ...request, format: (records) => ndjson(records) };
  const loki: LokiSinkOptions = { tenant: "a", onRefused: tell };
  const otlp: OtlpSinkOptions = { parse: true, onRefused: tell };
  const postgres: PostgresOptions = { create: true };
  const options: SyslogOptions = { port: 514 };
  const syslog: SyslogSink = syslogSink(options);
  const secrets: RedactOptions = { fields: ["password"] };
  const slow: RateLimitOptions = { linesPerSecond: 1, onDropped: tell };
  const changed = mapRecords(stripAnsi, mapRecords(redact(secrets), fileSink("lines", file)));
  return [
    where(({ line }) => line !== "", rateLimit(slow, changed)),
    httpSink("http://a", http),
    lokiSink("http://a", loki),
    otlpSink("http://a", otlp),
    postgresSink(pool, postgres),
    syslog,
  ];
}

export async function submitted<T extends PostgresSubmittable>(
  client: PostgresClient,
  copy: T,
): Promise<T> {
  await client.query("SELECT 1");
  return client.query(copy);
}

export function detailsOf({ details }: ContainerInfo, wanted: DetailsOptions): readonly string[] {
  const known: ContainerDetails | undefined = details;
  const engine: EngineDetails | undefined = known?.engine;
  const compose: ComposeDetails | undefined = known?.compose;
  const swarm: SwarmDetails | undefined = known?.swarm;
  const networks: readonly ContainerNetwork[] = known?.networks ?? [];
  const health: ContainerHealth = "healthy";
  return [engine, compose, swarm, networks, wanted.env, health].map((part) => JSON.stringify(part));
}

export async function watch(pool: StreamPool, options: EventsOptions): Promise<string> {
  for await (const record of pool.events(options)) {
    const each: EngineEventRecord = record;
    if (each.kind === "event") {
      const event: EngineEvent = each;
      return event.action;
    }
    const gap: EngineEventGap = each;
    return gap.after ?? "";
  }
  return "";
}

export async function readService(options: ServiceLogOptions): Promise<string> {
  for await (const record of serviceLogs("web", options)) {
    const each: ServiceLogRecord = record;
    if (each.kind === "line") {
      const line: ServiceLogLine = each;
      return line.service;
    }
    const reopened: ServiceLogReopened = each;
    return reopened.since ?? "";
  }
  return "";
}

export async function share(
  connection: Parameters<typeof natsSink>[0],
  limits: { readonly stream: NatsStreamLimits; readonly bucket: NatsBucketLimits },
  given: { readonly store: NatsCheckpointStoreOptions; readonly tail: NatsTailOptions },
): Promise<string | undefined> {
  const wanted: NatsLeasesOptions = {
    bucket: "leases",
    owner: "one",
    ttlMs: 10_000,
    create: limits.bucket,
  };
  const own: NatsLeases = natsLeases(connection, wanted);
  const leases: Leases = own;
  const lease: Lease = await leases.acquire("web", new AbortController().signal);
  const checkpoints = new NatsCheckpointStore(connection, given.store);
  await using pool = new StreamPool({ checkpoints, leases });
  const options: NatsSinkOptions = { stream: "logs", create: limits.stream };
  pool.deliver(natsSink(connection, options));
  const trouble: LeaseTrouble | undefined = leases.trouble;
  const gaps: NatsGap[] = [];
  const tail = { ...given.tail, onGap: (gap: NatsGap) => void gaps.push(gap) };
  for await (const record of tailNats(connection, tail)) {
    const one: NatsRecord = record;
    return `${one.line} ${lease.token} ${gaps.length} ${trouble?.since}`;
  }
  return undefined;
}

export function stopFake(container: FakeContainer, stop: FakeStop, health: FakeHealth): string {
  container.health(health);
  container.stop(stop);
  const event: FakeEvent = { type: "image", action: "pull", id: "web:1" };
  return event.type;
}

export function readBy(read: ReadFrom, files: FilesOptions): SourceOptions {
  return { read, files };
}

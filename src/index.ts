export { StreamPool } from "./pool/stream-pool.ts";
export type { ChannelMessages, TracingContexts } from "./pool/channels.ts";
export type { AttachOptions, PoolOptions, PoolSourceOptions } from "./pool/options.ts";
export type {
  EngineEventGap,
  EngineEventRecord,
  EventsOptions,
} from "./pool/events/event-record.ts";
export type { ComponentHealth, Fitness, Health } from "./pool/health/report.ts";
export type { ContainerSelector, Pattern } from "./pool/discovery/selector.ts";
export type { PoolEvents, PoolStats, PoolStatus } from "./pool/status.ts";
export { ContainerLogSource } from "./source/container-log-source.ts";
export { serviceLogs } from "./source/service-logs.ts";
export type { ServiceLogOptions } from "./source/service-logs.ts";
export type {
  ServiceLogLine,
  ServiceLogRecord,
  ServiceLogReopened,
} from "./source/service-record.ts";
export type { ReadyOptions } from "./source/ready.ts";
export type { SourceOptions } from "./source/options.ts";
export type { FilesOptions, ReadFrom } from "./source/read-options.ts";
export type { From } from "./stream/from.ts";
export type {
  EndReason,
  Rotation,
  SourceEvents,
  SourceState,
  SourceStats,
  SourceStatus,
} from "./source/status.ts";
export { FileCheckpointStore } from "./checkpoint/file.ts";
export { MemoryCheckpointStore } from "./checkpoint/memory.ts";
export type { Checkpoint, CheckpointStore } from "./checkpoint/store.ts";
export type { Delivery, DeliveryOptions, Sink, SinkContext } from "./delivery/sink.ts";
export type { SinkError } from "./delivery/sink-error.ts";
export type { Cursor } from "./resume/cursor.ts";
export type { EngineEvent } from "./engine/engine-event.ts";
export type { DetailsOptions } from "./engine/details.ts";
export type { ContainerHealth } from "./engine/condition.ts";
export type { DockerModem, Engine, EngineOptions } from "./engine/engine-options.ts";
export type { Lease, LeaseTrouble, Leases } from "./lifetime/lease.ts";
export { TaskGroup } from "./lifetime/task-group.ts";
export { epochNanoseconds } from "./wire/timestamps.ts";
export type { LogStream } from "./wire/entry.ts";
export type {
  ComposeDetails,
  ContainerDetails,
  ContainerNetwork,
  EngineDetails,
  SwarmDetails,
} from "./wire/container-details.ts";
export type { ContainerInfo, LogBatch, LogRecord } from "./wire/records.ts";
export { DockspoolError } from "./errors.ts";
export type { ErrorCode } from "./errors.ts";

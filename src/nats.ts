/** Logs past one machine, by NATS JetStream: a sink, a checkpoint store, leases, and a reader of streams. */
export { natsSink } from "./nats/sink.ts";
export type { NatsSinkOptions } from "./nats/sink.ts";
export type { NatsStreamLimits } from "./nats/stream.ts";
export { NatsCheckpointStore } from "./nats/checkpoint-store.ts";
export type { NatsCheckpointStoreOptions } from "./nats/checkpoint-store.ts";
export type { Lease, Leases } from "./lifetime/lease.ts";
export { natsLeases } from "./nats/leases.ts";
export type { NatsLeases, NatsLeasesOptions } from "./nats/leases.ts";
export type { NatsBucketLimits } from "./nats/bucket.ts";
export { tailNats } from "./nats/tail.ts";
export type { NatsRecord, NatsTailOptions } from "./nats/tail.ts";
export type { NatsGap } from "./nats/stream-messages.ts";

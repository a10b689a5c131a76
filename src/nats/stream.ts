import { DiscardPolicy, StorageType, jetstreamManager } from "@nats-io/jetstream";
import type { StreamConfig } from "@nats-io/jetstream";
import { nanos, millis } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/transport-node";
import { checkKeys, checkNumber } from "../checks.ts";
import { invalidOption } from "../errors.ts";
import { isMissing } from "./failures.ts";
import { checkReplicas } from "./options.ts";

/** A stream's limits, where the sink creates it. */
export interface NatsStreamLimits {
  /** Messages older than so many milliseconds go; default 7 days. */
  maxAgeMs?: number;
  /** Size in bytes; default 1 GiB. */
  maxBytes?: number;
  /** Number of messages; default -1: any. */
  maxMessages?: number;
  /** A full stream drops its oldest messages ("old", the default), or takes no new ones ("new"): then the sink waits for room. */
  discard?: "old" | "new";
  /** Default "file". */
  storage?: "file" | "memory";
  /** Nodes that keep a copy, 1 to 5; default 1. */
  replicas?: number;
  /** A repeat is recognised for so many milliseconds, no more than `maxAgeMs`; default 120,000. */
  duplicateWindowMs?: number;
}

const DAY_MS = 86_400_000;

const defaults = {
  maxAgeMs: 7 * DAY_MS,
  maxBytes: 1024 ** 3,
  maxMessages: -1,
  discard: "old",
  storage: "file",
  replicas: 1,
  duplicateWindowMs: 120_000,
} as const satisfies Required<NatsStreamLimits>;

/** @throws DockspoolError INVALID_OPTION */
export function checkLimits(place: string, limits: NatsStreamLimits): Required<NatsStreamLimits> {
  checkKeys(place, limits, Object.keys(defaults));
  const window = Math.min(defaults.duplicateWindowMs, limits.maxAgeMs ?? Infinity);
  const given = { ...defaults, duplicateWindowMs: window, ...limits };
  checkNumber(`${place}.maxAgeMs`, given.maxAgeMs, 100, Number.MAX_SAFE_INTEGER, "milliseconds");
  checkNumber(`${place}.maxBytes`, given.maxBytes, -1, Number.MAX_SAFE_INTEGER, "bytes");
  checkNumber(`${place}.maxMessages`, given.maxMessages, -1, Number.MAX_SAFE_INTEGER, "messages");
  const { maxAgeMs, duplicateWindowMs: windowMs } = given;
  checkNumber(`${place}.duplicateWindowMs`, windowMs, 1, maxAgeMs, "milliseconds");
  checkReplicas(`${place}.replicas`, given.replicas);
  if (given.discard !== "old" && given.discard !== "new")
    throw invalidOption(`${place}.discard`, given.discard, '"old" or "new"');
  if (given.storage !== "file" && given.storage !== "memory")
    throw invalidOption(`${place}.storage`, given.storage, '"file" or "memory"');
  return given;
}

/**
 * How long the stream recognises a repeat, in milliseconds. Creates the stream where it is not there and `limits` are given.
 *
 * @throws JetStreamApiError "stream not found"
 */
export async function duplicateWindowMs(
  connection: NatsConnection,
  name: string,
  subject: string,
  limits: Required<NatsStreamLimits> | undefined,
): Promise<number> {
  const manager = await jetstreamManager(connection);
  try {
    const { config } = await manager.streams.info(name);
    return millis(config.duplicate_window);
  } catch (error) {
    if (limits === undefined || !isMissing(error)) throw error;
    // Another collector that creates the same one at the same time is no failure.
    const { config } = await manager.streams.add(configOf(name, subject, limits));
    return millis(config.duplicate_window);
  }
}

function configOf(
  name: string,
  subject: string,
  limits: Required<NatsStreamLimits>,
): Partial<StreamConfig> & { name: string } {
  return {
    name,
    subjects: [`${subject}.>`],
    max_age: nanos(limits.maxAgeMs),
    max_bytes: limits.maxBytes,
    max_msgs: limits.maxMessages,
    discard: limits.discard === "new" ? DiscardPolicy.New : DiscardPolicy.Old,
    storage: limits.storage === "memory" ? StorageType.Memory : StorageType.File,
    num_replicas: limits.replicas,
    duplicate_window: nanos(limits.duplicateWindowMs),
  };
}

import { DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { ConsumerMessages, JsMsg, OrderedConsumerOptions } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { checkBoolean, checkKeys, checkNumber, checkSignal, isObject } from "../checks.ts";
import { DockspoolError, invalidOption } from "../errors.ts";
import { onAbort } from "../lifetime/abort.ts";
import type { LogRecord } from "../wire/records.ts";
import { SUBJECT, checkConnection, checkName, checkSubject } from "./options.ts";
import { filterOf } from "./subject.ts";

/** A record out of a stream. */
export type NatsRecord = Omit<LogRecord, "toJSON"> & {
  /** Its place in the stream, from 1. */
  readonly sequence: number;
};

export interface NatsTailOptions {
  stream: string;
  /** By name, or by id or its first 12 digits or more, on whatever engine; default all. */
  containers?: string | readonly string[];
  /** Default "start". A sequence is the first that comes; a time is that of the line's arrival in the stream. */
  from?: "start" | "now" | { sequence: number } | { since: Date | string };
  /** Default true; false: ends at the end of the stream as it is now. */
  follow?: boolean;
  /** As the sink's; default "logs". */
  subject?: string;
  signal?: AbortSignal;
}

const ID = /^[0-9a-f]{12,64}$/;

/**
 * The records of one container, or of many, out of a stream, in the stream's order: `docker logs` for all hosts. Nothing of the stream is
 * changed, and no more than some hundred records are read ahead. An abort makes the loop throw the signal's reason.
 *
 * @throws DockspoolError INVALID_OPTION; CLOSED where the connection is closed; what NATS answers
 * @example
 * for await (const { container, line } of tailNats(connection, { stream: "LOGS", containers: "web" })) console.log(container.engine, line);
 */
export function tailNats(
  connection: NatsConnection,
  options: NatsTailOptions,
): AsyncIterable<NatsRecord> {
  checkConnection(connection);
  const resolved = resolve(options);
  return { [Symbol.asyncIterator]: () => tail(connection, resolved) };
}

type Resolved = ReturnType<typeof resolve>;

function resolve(options: NatsTailOptions) {
  checkKeys("", options, ["stream", "containers", "from", "follow", "subject", "signal"]);
  const { stream, from = "start", follow = true, subject = SUBJECT, signal } = options;
  checkName("stream", stream);
  checkSubject("subject", subject);
  checkBoolean("follow", follow);
  checkSignal(signal);
  const wanted = containersOf(options.containers);
  return { stream, wanted, start: startOf(from), follow, subject, signal };
}

function containersOf(containers: NatsTailOptions["containers"]): readonly string[] | undefined {
  if (containers === undefined) return undefined;
  const all: readonly unknown[] = typeof containers === "string" ? [containers] : containers;
  const isRight = Array.isArray(all) && all.every((one) => typeof one === "string" && one !== "");
  if (isRight && all.length > 0) return all.map(String);
  throw invalidOption("containers", containers, "a container's name or id, or several");
}

function startOf(from: NonNullable<NatsTailOptions["from"]>): Partial<OrderedConsumerOptions> {
  if (from === "start") return { deliver_policy: DeliverPolicy.All };
  if (from === "now") return { deliver_policy: DeliverPolicy.New };
  if (isObject(from) && "sequence" in from) {
    checkNumber("from.sequence", from.sequence, 1, Number.MAX_SAFE_INTEGER, "messages");
    return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.sequence };
  }
  const time = isObject(from) && "since" in from ? new Date(from.since) : undefined;
  if (time === undefined || Number.isNaN(time.getTime()))
    throw invalidOption("from", from, '"start", "now", { sequence } or { since }');
  return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: time.toISOString() };
}

async function* tail(
  connection: NatsConnection,
  { stream, wanted, start, follow, subject, signal }: Resolved,
): AsyncGenerator<NatsRecord, void> {
  signal?.throwIfAborted();
  const [only, ...others] = wanted ?? [];
  const name = others.length === 0 && only !== undefined && !ID.test(only) ? only : undefined;
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info(stream);
  const lastSequence = follow ? Infinity : state.last_seq;
  const filter_subjects = filterOf(subject, name);
  const consumer = await jetstream(connection).consumers.get(stream, { ...start, filter_subjects });
  try {
    if (!follow && (await consumer.info()).num_pending === 0) return;
    const messages = await consumer.consume();
    const unlink = onAbort(signal, () => messages.stop());
    try {
      yield* recordsOf(messages, wanted, lastSequence);
    } finally {
      unlink();
      messages.stop();
    }
    signal?.throwIfAborted();
    if (follow) throw new DockspoolError("CLOSED", "The connection to NATS is closed.");
  } finally {
    // It would go by itself, after a while.
    if (!connection.isClosed()) await consumer.delete().catch(() => false);
  }
}

async function* recordsOf(
  messages: ConsumerMessages,
  wanted: readonly string[] | undefined,
  lastSequence: number,
): AsyncGenerator<NatsRecord, void> {
  for await (const message of messages) {
    if (message.seq > lastSequence) return;
    const record = recordOf(message);
    if (wanted === undefined || wanted.some((one) => isOf(record, one))) yield record;
    const isLast = message.seq === lastSequence || message.info.pending === 0;
    if (lastSequence !== Infinity && isLast) return;
  }
}

function recordOf(message: JsMsg): NatsRecord {
  const record: Omit<NatsRecord, "sequence"> = message.json();
  return { ...record, sequence: message.seq };
}

function isOf({ container }: NatsRecord, wanted: string): boolean {
  return container.name === wanted || (ID.test(wanted) && container.id.startsWith(wanted));
}

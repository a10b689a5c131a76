import { DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import type {
  ConsumerMessages,
  JsMsg,
  OrderedConsumerOptions,
  StoredMsg,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { checkBoolean, checkKeys, checkNumber, checkSignal, isObject } from "../checks.ts";
import { DockspoolError, invalidOption } from "../errors.ts";
import { onAbort } from "../lifetime/abort.ts";
import type { LogRecord } from "../wire/records.ts";
import { SUBJECT, checkConnection, checkName, checkSubject } from "./options.ts";
import { filterOf } from "./subject.ts";
import { TailEnd } from "./tail-end.ts";

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

interface Start {
  readonly options: Partial<OrderedConsumerOptions>;
  /** A message stands at or behind it. */
  readonly isBefore: (message: Pick<StoredMsg, "seq" | "time">) => boolean;
}

function startOf(from: NonNullable<NatsTailOptions["from"]>): Start {
  if (from === "start")
    return { options: { deliver_policy: DeliverPolicy.All }, isBefore: () => true };
  if (from === "now")
    return { options: { deliver_policy: DeliverPolicy.New }, isBefore: () => false };
  if (isObject(from) && "sequence" in from) {
    const { sequence } = from;
    checkNumber("from.sequence", sequence, 1, Number.MAX_SAFE_INTEGER, "messages");
    const options = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: sequence };
    return { options, isBefore: ({ seq }) => seq >= sequence };
  }
  const since = isObject(from) && "since" in from ? new Date(from.since) : undefined;
  if (since === undefined || Number.isNaN(since.getTime()))
    throw invalidOption("from", from, '"start", "now", { sequence } or { since }');
  const opt_start_time = since.toISOString();
  return {
    options: { deliver_policy: DeliverPolicy.StartTime, opt_start_time },
    isBefore: ({ time }) => time >= since,
  };
}

async function* tail(
  connection: NatsConnection,
  { stream, wanted, start, follow, subject, signal }: Resolved,
): AsyncGenerator<NatsRecord, void> {
  signal?.throwIfAborted();
  const [only, ...others] = wanted ?? [];
  const name = others.length === 0 && only !== undefined && !ID.test(only) ? only : undefined;
  const manager = await jetstreamManager(connection);
  const filter = filterOf(subject, name);
  // Of a stream that is not there, a lookup of its last message tells nothing.
  await manager.streams.info(stream);
  const lookUp = (): Promise<StoredMsg | null> =>
    manager.streams.getMessage(stream, { last_by_subj: filter });
  const last = follow ? undefined : await lookUp();
  if (last !== undefined && (last === null || !start.isBefore(last))) return;
  const options = { ...start.options, filter_subjects: filter };
  const consumer = await jetstream(connection).consumers.get(stream, options);
  try {
    const messages = await consumer.consume();
    const unlink = onAbort(signal, () => messages.stop());
    const end = last === undefined ? undefined : new TailEnd(last.seq, lookUp, messages);
    try {
      yield* recordsOf(messages, wanted, end);
    } finally {
      unlink();
      end?.close();
      messages.stop();
    }
    signal?.throwIfAborted();
    if (end?.isReached !== true)
      throw new DockspoolError("CLOSED", "The connection to NATS is closed.");
  } finally {
    // It would go by itself, after a while.
    if (!connection.isClosed()) await consumer.delete().catch(() => false);
  }
}

async function* recordsOf(
  messages: ConsumerMessages,
  wanted: readonly string[] | undefined,
  end: TailEnd | undefined,
): AsyncGenerator<NatsRecord, void> {
  for await (const message of messages) {
    if (end?.isBehind(message.seq) === true) return;
    const record = recordOf(message);
    if (wanted === undefined || wanted.some((one) => isOf(record, one))) yield record;
    if (end?.reaches(message.seq) === true) return;
  }
}

function recordOf(message: JsMsg): NatsRecord {
  const record: Omit<NatsRecord, "sequence"> = message.json();
  return { ...record, sequence: message.seq };
}

function isOf({ container }: NatsRecord, wanted: string): boolean {
  return container.name === wanted || (ID.test(wanted) && container.id.startsWith(wanted));
}

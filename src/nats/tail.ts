import { jetstreamManager } from "@nats-io/jetstream";
import type { JsMsg, StreamInfo } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import {
  checkBoolean,
  checkFunction,
  checkKeys,
  checkNumber,
  checkSignal,
  isObject,
} from "../checks.ts";
import { invalidOption } from "../errors.ts";
import type { LogRecord } from "../wire/records.ts";
import { SUBJECT, checkConnection, checkName, checkSubject } from "./options.ts";
import { streamMessages } from "./stream-messages.ts";
import type { NatsGap, StreamReading } from "./stream-messages.ts";
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
  /**
   * Called where the stream no longer holds what would be read next: its limits or a purge were faster. Default: a warning of the process,
   * `DOCKSPOOL_GAP`. Exact where all containers, or several, are read. Of one container's lines it is looked now and then whether the
   * stream's beginning has overtaken them, and the gap is of all containers' messages.
   */
  onGap?: (gap: NatsGap) => void;
}

const ID = /^[0-9a-f]{12,64}$/;

/**
 * The records of one container, or of many, out of a stream, in the stream's order: `docker logs` for all hosts. Nothing of the stream is
 * changed, and no more than some hundred records are read ahead. It goes on by itself over reconnects, without leaving out or repeating any. An
 * abort makes the loop throw the signal's reason.
 *
 * @throws DockspoolError INVALID_OPTION; CLOSED where the connection is closed, or the stream deleted; what NATS answers at first
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
  checkKeys("", options, ["stream", "containers", "from", "follow", "subject", "signal", "onGap"]);
  const { stream, from = "start", follow = true, subject = SUBJECT } = options;
  const { signal = new AbortController().signal } = options;
  const { onGap = (gap: NatsGap) => warnOf(stream, gap) } = options;
  checkName("stream", stream);
  checkSubject("subject", subject);
  checkBoolean("follow", follow);
  checkSignal(signal);
  checkFunction("onGap", onGap);
  const wanted = containersOf(options.containers);
  const start = startOf(from);
  return { stream, wanted, from: start, follow, subject, signal, onGap };
}

function containersOf(containers: NatsTailOptions["containers"]): readonly string[] | undefined {
  if (containers === undefined) return undefined;
  const all: readonly unknown[] = typeof containers === "string" ? [containers] : containers;
  const isRight = Array.isArray(all) && all.every((one) => typeof one === "string" && one !== "");
  if (isRight && all.length > 0) return all.map(String);
  throw invalidOption("containers", containers, "a container's name or id, or several");
}

function startOf(from: NonNullable<NatsTailOptions["from"]>): StreamReading["from"] {
  if (from === "start" || from === "now") return from;
  if (isObject(from) && "sequence" in from) {
    checkNumber("from.sequence", from.sequence, 1, Number.MAX_SAFE_INTEGER, "messages");
    return { sequence: from.sequence };
  }
  const time = isObject(from) && "since" in from ? new Date(from.since) : undefined;
  if (time === undefined || Number.isNaN(time.getTime()))
    throw invalidOption("from", from, '"start", "now", { sequence } or { since }');
  return { time };
}

function warnOf(stream: string, { first, last }: NatsGap): void {
  const message = `Stream ${stream} holds messages ${first} to ${last} no more: they went before they were read.`;
  process.emitWarning(message, { code: "DOCKSPOOL_GAP" });
}

/** Once: there may be many. */
function warnOfForeign(stream: string, { seq, subject }: JsMsg): void {
  const message = `Message ${seq} of stream ${stream}, on ${subject}, is no record: it is left out, and so are others like it.`;
  process.emitWarning(message, { code: "DOCKSPOOL_NO_RECORD" });
}

async function* tail(
  connection: NatsConnection,
  { stream, wanted, from, follow, subject, signal, onGap }: Resolved,
): AsyncGenerator<NatsRecord, void> {
  signal.throwIfAborted();
  const [only, ...others] = wanted ?? [];
  const name = others.length === 0 && only !== undefined && !ID.test(only) ? only : undefined;
  const filter = filterOf(subject, name);
  const manager = await jetstreamManager(connection);
  const isFiltered = ({ config: { subjects, sources } }: StreamInfo): boolean =>
    subjects?.length !== 1 || subjects[0] !== filter || (sources ?? []).length > 0;
  const reading = { connection, manager, stream, filter, isFiltered, from, follow, signal, onGap };
  let isTold = false;
  for await (const message of streamMessages(reading)) {
    const record = recordOf(message);
    if (record === undefined) {
      if (!isTold) warnOfForeign(stream, message);
      isTold = true;
    } else if (wanted === undefined || wanted.some((one) => isOf(record, one))) yield record;
  }
}

/** Others may publish to the stream's subjects. Undefined where the message is no record. */
function recordOf(message: JsMsg): NatsRecord | undefined {
  let value: unknown;
  try {
    value = message.json();
  } catch {
    return undefined;
  }
  return isRecord(value) ? { ...value, sequence: message.seq } : undefined;
}

function isRecord(value: unknown): value is Omit<NatsRecord, "sequence"> {
  if (!isObject(value) || !isObject(value["container"])) return false;
  const { container, stream, timestamp, line } = value;
  const texts = [container["id"], container["name"], container["engine"], stream, timestamp, line];
  return texts.every((text) => typeof text === "string");
}

function isOf({ container }: NatsRecord, wanted: string): boolean {
  return container.name === wanted || (ID.test(wanted) && container.id.startsWith(wanted));
}

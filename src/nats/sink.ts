import type { NatsConnection } from "@nats-io/transport-node";
import { checkKeys, checkNumber } from "../checks.ts";
import type { Sink } from "../delivery/sink.ts";
import { invalidOption } from "../errors.ts";
import { unlessAborted } from "../lifetime/abort.ts";
import type { LogBatch } from "../wire/records.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { NatsCheckpointStore } from "./checkpoint-store.ts";
import { Refusal, isGone } from "./failures.ts";
import { NatsLeases } from "./leases.ts";
import { Messages } from "./message.ts";
import type { Message } from "./message.ts";
import { SUBJECT, checkConnection, checkMs, checkName, checkSubject } from "./options.ts";
import { Publication } from "./publishing.ts";
import { checkLimits, duplicateWindowMs } from "./stream.ts";
import type { NatsStreamLimits } from "./stream.ts";

export interface NatsSinkOptions {
  stream: string;
  /** Creates the stream where it is not there, with these limits; true: with their defaults. Default false. */
  create?: boolean | NatsStreamLimits;
  /** What subjects begin with: `<subject>.<engine>.<container name>.<stream>`; default "logs". */
  subject?: string;
  /**
   * Messages on their way without an acknowledgement; default 256. Where NATS fails in the middle of them, later ones may be stored before
   * earlier ones; with 1 the order is the log's, whatever fails.
   */
  maxInFlight?: number;
  /** An attempt has failed once no acknowledgement at all has come for so many milliseconds; default 5,000. */
  ackWithinMs?: number;
  /** The pool's store: then lines that are read again, and may be older than the stream's duplicate window, are told of. */
  checkpoints?: NatsCheckpointStore;
  /** What becomes of such lines: a warning of the process ("tell", the default), or the batch is refused. */
  late?: "tell" | "refuse";
  /** The pool's leases: then lines of a container whose lease is lost are left to the new holder, and the window is checked. */
  leases?: NatsLeases;
}

const DEFAULT_IN_FLIGHT = 256;
const DEFAULT_ACK_MS = 5_000;
const MAX_IN_FLIGHT = 100_000;
const DEFAULT_MAX_PAYLOAD = 1024 ** 2;
/** A lease may be lost for so many of its times before what its holder had on the way has arrived. */
const WINDOW_IN_TTLS = 2;

/**
 * A sink that publishes records to a stream of JetStream, and awaits its acknowledgements. A message's id is
 * `<container id>/<record id>`, so a line that is published again within the stream's duplicate window is stored once.
 *
 * Needs the packages `@nats-io/transport-node`, `@nats-io/jetstream` and `@nats-io/kv`. The connection is yours: connect with
 * `maxReconnectAttempts: -1`, and close it after the delivery. A full stream with `discard: "new"`, and NATS that is down, fail an
 * attempt, which is tried again.
 *
 * @throws DockspoolError INVALID_OPTION
 * @example
 * pool.deliver(natsSink(await connect({ maxReconnectAttempts: -1 }), { stream: "LOGS", create: true }), { name: "nats" });
 */
export function natsSink(connection: NatsConnection, options: NatsSinkOptions): Sink {
  checkConnection(connection);
  const resolved = resolve(options);
  const messages = new Messages(resolved.subject, resolved.stream);
  /** What of a batch is stored, though an attempt has failed: the next one has the same batch. */
  const publications = new WeakMap<LogBatch, Publication>();
  const toldOf = new Set<string>();
  let window: Promise<number> | undefined;
  const publicationOf = (records: LogBatch): Publication => {
    const known = publications.get(records) ?? new Publication(connection, records.length);
    publications.set(records, known);
    return known;
  };
  return async function nats(records, { signal, attempt }) {
    if (connection.isClosed()) throw new Refusal("The connection to NATS is closed.");
    // While NATS is away the connection would keep what is published, without end.
    if (attempt > 1) await Acknowledgements.of(connection).reach(signal);
    const opening = (window ??= checkedWindow(connection, resolved));
    try {
      checkAge(records, await unlessAborted(opening, signal), resolved, toldOf);
    } catch (error) {
      if (window === opening) window = undefined;
      throw error;
    }
    const maxBytes = connection.info?.max_payload ?? DEFAULT_MAX_PAYLOAD;
    const make = (index: number): Message | undefined => {
      const record = records[index];
      const isLeft = record === undefined || resolved.leases?.hasLost(record.container.id) === true;
      return isLeft ? undefined : messages.of(record, maxBytes);
    };
    try {
      await publicationOf(records).attempt(make, resolved, signal);
    } catch (error) {
      // The next attempt looks for the stream again, and makes it anew where that was asked for.
      if (isGone(error)) window = undefined;
      throw error;
    }
    publications.delete(records);
  };
}

type Resolved = ReturnType<typeof resolve>;

function resolve(options: NatsSinkOptions) {
  const names = ["stream", "create", "subject", "maxInFlight", "ackWithinMs"];
  checkKeys("", options, [...names, "checkpoints", "late", "leases"]);
  const { stream, create = false, subject = SUBJECT, late = "tell" } = options;
  const { maxInFlight = DEFAULT_IN_FLIGHT, ackWithinMs = DEFAULT_ACK_MS } = options;
  const { checkpoints, leases } = options;
  checkName("stream", stream);
  checkSubject("subject", subject);
  checkNumber("maxInFlight", maxInFlight, 1, MAX_IN_FLIGHT, "messages");
  checkMs("ackWithinMs", ackWithinMs);
  if (late !== "tell" && late !== "refuse") throw invalidOption("late", late, '"tell" or "refuse"');
  if (checkpoints !== undefined && !(checkpoints instanceof NatsCheckpointStore))
    throw invalidOption("checkpoints", checkpoints, "a NatsCheckpointStore");
  if (leases !== undefined && !(leases instanceof NatsLeases))
    throw invalidOption("leases", leases, "what natsLeases() gave");
  const limits =
    create === false ? undefined : checkLimits("create", create === true ? {} : create);
  return { stream, limits, subject, maxInFlight, ackWithinMs, late, checkpoints, leases };
}

/** The stream's window, in milliseconds. @throws Refusal where it is shorter than a lease asks for */
async function checkedWindow(
  connection: NatsConnection,
  { stream, subject, limits, leases }: Resolved,
): Promise<number> {
  const windowMs = await duplicateWindowMs(connection, stream, subject, limits);
  const neededMs = (leases?.ttlMs ?? 0) * WINDOW_IN_TTLS;
  if (windowMs >= neededMs) return windowMs;
  throw new Refusal(
    `Stream ${stream} recognises a repeat for ${windowMs} ms; leases of ${leases?.ttlMs} ms need ${neededMs} ms or more. Set its duplicate_window, or a shorter ttlMs.`,
  );
}

/** Lines that were read again, and may have been published longer ago than the stream can tell. */
function checkAge(
  records: LogBatch,
  windowMs: number,
  { checkpoints, late, stream }: Resolved,
  toldOf: Set<string>,
): void {
  if (checkpoints === undefined) return;
  let last: string | undefined;
  for (const { container, timestamp } of records) {
    if (container.id === last || toldOf.has(container.id)) continue;
    last = container.id;
    // Containers come and go; few of them go on where another process has left off.
    if (!checkpoints.hasResumed(container.id)) continue;
    if (Date.now() - Date.parse(timestamp) > windowMs) {
      const message = `Container ${container.name} goes on at ${timestamp}, longer ago than the ${windowMs} ms for which stream ${stream} recognises a repeat: lines that were on their way when the last collector ended may be stored twice.`;
      if (late === "refuse") throw new Refusal(message);
      process.emitWarning(message, { code: "DOCKSPOOL_DUPLICATE_WINDOW" });
    }
    toldOf.add(container.id);
  }
}

import { AckPolicy, DeliverPolicy } from "@nats-io/jetstream";
import type { ConsumerConfig, JsMsg, StreamInfo } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { DockspoolError } from "../errors.ts";
import { Backoff } from "../lifetime/backoff.ts";
import { sleep } from "../lifetime/deadline.ts";
import { Consumption, addConsumer } from "./consumption.ts";
import type { ConsumptionSource } from "./consumption.ts";
import { isMissing } from "./failures.ts";

/** Messages that the stream held once, and that went before they were read: by its limits, or a purge. */
export interface NatsGap {
  /** The first and the last sequence of those that are gone. With a filter not all of them need be of what was asked for. */
  readonly first: number;
  readonly last: number;
}

export interface StreamReading extends ConsumptionSource {
  readonly filter: string;
  /** Subjects that the filter leaves out are in the stream, or may be. */
  readonly isFiltered: (info: StreamInfo) => boolean;
  readonly from: "start" | "now" | { readonly sequence: number } | { readonly time: Date };
  /** False: it ends at the message that is the last one now. */
  readonly follow: boolean;
  readonly onGap: (gap: NatsGap) => void;
}

/** Where reading stands. */
interface Place {
  /** The sequence that is read next. */
  next: number;
  hasRead: boolean;
  /** So many that match were in the stream behind the last one that was read. */
  pending: number;
  /** When it was looked where the stream begins, by `performance.now()`. */
  lookedAt: number;
  /** So many were left out at most where it was looked, as they are of other subjects. */
  widest: number;
}

const LOOK_MS = 1_000;

/** The server ends a consumer that nobody asks any more. */
const INACTIVE_MS = 60_000;
const RETRY = { minDelayMs: 250, maxDelayMs: 5_000 };

/**
 * A stream's messages in order. A consumer at the server that is lost, or of which a message is lost on the way, is replaced by another
 * one from the next sequence on: so nothing is left out or comes again over reconnects.
 *
 * @throws what NATS answers at the beginning; CLOSED where the stream is deleted, or the connection closed
 */
export async function* streamMessages(reading: StreamReading): AsyncGenerator<JsMsg, void> {
  const { manager, stream, follow, signal } = reading;
  const begun = await manager.streams.info(stream);
  const isFiltered = reading.isFiltered(begun);
  const next = await firstOf(reading, begun);
  const place: Place = { next, hasRead: false, pending: 0, lookedAt: 0, widest: 0 };
  if (typeof reading.from === "object" && "sequence" in reading.from)
    tellGap(reading, place, begun.state.first_seq - 1);
  // A consumer may be served by a node that lags behind: what the last message is, is the leader's word.
  const lookUp = async (): Promise<number> => {
    const stored = await manager.streams.getMessage(stream, { last_by_subj: reading.filter });
    return stored?.seq ?? 0;
  };
  const last = follow ? Infinity : await lookUp();
  const ahead = { hasMore: async () => (await lookUp()) >= place.next, isBounded: !follow };
  const backoff = new Backoff(RETRY);
  let hasBegun = false;
  while (place.next <= last) {
    try {
      if (hasBegun) await lookAgain(reading, begun, place, isFiltered);
      const config = configOf(reading, place.next);
      const consumption = await Consumption.begin(reading, config, ahead);
      hasBegun = true;
      try {
        for await (const message of consumption.messages()) {
          if (isBefore(reading, place, message)) continue;
          await checkGap(reading, place, message, isFiltered);
          if (message.seq > last) return;
          backoff.reset();
          yield message;
          if (message.seq === last) return;
        }
      } finally {
        await consumption.close();
      }
      if (consumption.isFinished) return;
    } catch (error) {
      if (!hasBegun || DockspoolError.is(error)) throw error;
    }
    signal.throwIfAborted();
    if (reading.connection.isClosed())
      throw new DockspoolError("CLOSED", "The connection to NATS is closed.");
    await sleep(backoff.next().delayMs, signal);
  }
}

async function firstOf(reading: StreamReading, { state }: StreamInfo): Promise<number> {
  const { from, manager, stream } = reading;
  if (from === "start") return Math.max(1, state.first_seq);
  if (from === "now") return state.last_seq + 1;
  if ("sequence" in from) return from.sequence;
  const { name, delivered } = await addConsumer(reading, {
    ...consumerOf(reading),
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: from.time.toISOString(),
  });
  await manager.consumers.delete(stream, name).catch(() => false);
  return delivered.stream_seq + 1;
}

/** A node that lags behind begins where it stands. */
function isBefore({ from }: StreamReading, { next }: Place, { seq, time }: JsMsg): boolean {
  return seq < next || (typeof from === "object" && "time" in from && time < from.time);
}

/** From a sequence on. */
function configOf(reading: StreamReading, sequence: number): Partial<ConsumerConfig> {
  const start = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: sequence };
  return { ...consumerOf(reading), ...start };
}

function consumerOf({ filter }: StreamReading): Partial<ConsumerConfig> {
  return {
    ack_policy: AckPolicy.None,
    filter_subject: filter,
    inactive_threshold: nanos(INACTIVE_MS),
    mem_storage: true,
    num_replicas: 1,
  };
}

/** Before reading goes on from where it stands. */
async function lookAgain(
  reading: StreamReading,
  begun: StreamInfo,
  place: Place,
  isFiltered: boolean,
): Promise<void> {
  const { created, state } = await infoOf(reading);
  if (created !== begun.created || state.last_seq + 1 < place.next)
    throw new DockspoolError(
      "CLOSED",
      `Stream ${reading.stream} is another one than before: it was deleted and made anew, and now ends at sequence ${state.last_seq}. ${place.next} would have been read next.`,
    );
  if (!isFiltered || place.pending > 0) tellGap(reading, place, state.first_seq - 1);
}

/** A server that has just come up may not know of the stream yet: that it is gone is believed the second time. */
async function infoOf(
  { manager, stream, signal }: Pick<StreamReading, "manager" | "stream" | "signal">,
  isSecond = false,
): Promise<StreamInfo> {
  try {
    return await manager.streams.info(stream);
  } catch (error) {
    if (!isMissing(error)) throw error;
    if (isSecond) {
      const message = `Stream ${stream} was deleted while it was read.`;
      throw new DockspoolError("CLOSED", message, { cause: error });
    }
  }
  await sleep(RETRY.minDelayMs, signal);
  return infoOf({ manager, stream, signal }, true);
}

/** What lies between the last message and this one was of other subjects, or is gone. */
async function checkGap(
  reading: StreamReading,
  place: Place,
  { seq, info: { pending } }: JsMsg,
  isFiltered: boolean,
): Promise<void> {
  if (seq > place.next && !isFiltered) tellGap(reading, place, seq - 1);
  else if (seq > place.next && place.pending > 0) await checkStart(reading, place, seq);
  place.next = seq + 1;
  place.hasRead = true;
  place.pending = pending;
}

/** Reading that was overtaken goes on where the stream begins. It is looked once a second, and where more was left out than ever before. */
async function checkStart(reading: StreamReading, place: Place, seq: number): Promise<void> {
  const now = performance.now();
  const leap = seq - place.next;
  if (leap <= 2 * place.widest && now - place.lookedAt < LOOK_MS) return;
  place.widest = Math.max(place.widest, leap);
  place.lookedAt = now;
  const { state } = await infoOf(reading);
  if (state.first_seq <= seq) tellGap(reading, place, state.first_seq - 1);
}

function tellGap({ from, onGap }: StreamReading, place: Place, last: number): void {
  if (last < place.next) return;
  // The start is wherever the stream begins by then.
  if (from !== "start" || place.hasRead) onGap({ first: place.next, last });
  place.next = last + 1;
}

import { JetStreamApiError } from "@nats-io/jetstream";
import type { ApiError } from "@nats-io/jetstream";
import { createInbox } from "@nats-io/transport-node";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { isObject } from "../checks.ts";
import { unlessAborted } from "../lifetime/abort.ts";
import { ConnectionWatch } from "./connection-watch.ts";
import { NoTaker } from "./failures.ts";

/** Who publishes, and awaits JetStream's answers. */
export interface Publisher {
  /** The message of this number is stored, or was before. */
  stored(number: number): void;
  /** The message of this number is not stored. */
  refused(number: number, error: Error): void;
  /** Answers may never come. */
  cutOff(error: unknown): void;
}

/** The status of an answer without content where nothing takes a subject. */
const NO_RESPONDERS = 503;

const inboxes = new WeakMap<NatsConnection, Acknowledgements>();

/**
 * One subscription of a connection for all of JetStream's acknowledgements: an answer's subject ends with the publisher's number and the
 * message's. It lasts as long as the connection, as a change of subscriptions goes to every node of a cluster.
 */
export class Acknowledgements {
  readonly #connection: NatsConnection;
  readonly #inbox: string;
  readonly #publishers = new Map<number, Publisher>();
  #numbers = 0;

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.#inbox = createInbox(inboxPrefix(connection));
    connection.subscribe(`${this.#inbox}.*.*`, {
      callback: (error, message) => (error === null ? this.#answered(message) : this.#over(error)),
    });
    ConnectionWatch.of(connection).listen((event) => {
      if (event.type === "closed") this.#over(event.error);
      else if (event.type !== "back") this.#cutOff(event.error);
    });
  }

  static of(connection: NatsConnection): Acknowledgements {
    const known = inboxes.get(connection);
    if (known !== undefined) return known;
    const made = new Acknowledgements(connection);
    inboxes.set(connection, made);
    return made;
  }

  /** @throws what keeps answers away, where it is known */
  check(): void {
    const { outage } = ConnectionWatch.of(this.#connection);
    if (outage !== undefined) throw outage;
  }

  /** Resolves once the server has answered. @throws as `check`; the signal's reason */
  async reach(signal: AbortSignal): Promise<void> {
    this.check();
    await unlessAborted(this.#connection.rtt(), signal);
  }

  nextNumber(): number {
    return ++this.#numbers;
  }

  /** Until `remove`, the publisher is told of its answers, and of what keeps them away. */
  add(number: number, publisher: Publisher): void {
    this.#publishers.set(number, publisher);
  }

  remove(number: number): void {
    this.#publishers.delete(number);
  }

  /** Where the answers to a publisher's messages go, up to the message's number. */
  repliesTo(number: number): string {
    return `${this.#inbox}.${number}.`;
  }

  #answered(message: Msg): void {
    const { subject } = message;
    const dot = subject.lastIndexOf(".");
    const waiting = this.#publishers.get(Number(subject.slice(this.#inbox.length + 1, dot)));
    if (waiting === undefined) return;
    const number = Number(subject.slice(dot + 1));
    const error = failureOf(message);
    if (error === undefined) waiting.stored(number);
    else waiting.refused(number, error);
  }

  /** Whoever publishes next has a subscription of its own. */
  #over(error: unknown): void {
    if (inboxes.get(this.#connection) === this) inboxes.delete(this.#connection);
    this.#cutOff(error);
  }

  #cutOff(error: unknown): void {
    for (const publisher of this.#publishers.values()) publisher.cutOff(error);
  }
}

/** Undefined where JetStream has it. */
function failureOf(message: Msg): Error | undefined {
  if (message.data.length === 0 && message.headers?.code === NO_RESPONDERS)
    return new NoTaker(
      "No stream takes the subject: the stream is not there or has other subjects, or the server has no JetStream.",
    );
  const answer: { readonly error?: ApiError; readonly stream?: string } = message.json();
  if (answer.error !== undefined) return new JetStreamApiError(answer.error);
  return answer.stream === undefined ? new Error("The answer is none of JetStream's.") : undefined;
}

/** An account may let its users subscribe to inboxes of their own only. */
function inboxPrefix(connection: NatsConnection): string | undefined {
  const options: unknown = "options" in connection ? connection.options : undefined;
  const prefix = isObject(options) ? options["inboxPrefix"] : undefined;
  return typeof prefix === "string" ? prefix : undefined;
}

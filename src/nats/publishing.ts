import type { NatsConnection } from "@nats-io/transport-node";
import { onAbort } from "../lifetime/abort.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import type { Publisher } from "./acknowledgements.ts";
import type { Message } from "./message.ts";

export interface Window {
  /** Messages on their way without an acknowledgement. */
  readonly maxInFlight: number;
  /** So long no acknowledgement comes at all, in milliseconds: then the attempt has failed. */
  readonly ackWithinMs: number;
}

/** Bodies on their way without an acknowledgement take no more than that, unless it is a single one. */
const MAX_BYTES_IN_FLIGHT = 8 * 1024 ** 2;

/** What becomes of an attempt: "refused": no more is published, and the answers that are due are awaited; "lost": none may come. */
type Course =
  | { readonly type: "publishing" }
  | { readonly type: "refused"; readonly error: unknown }
  | { readonly type: "lost"; readonly error: unknown };

const STORED = -1;
const UNSENT = 0;

/** A batch's messages, each of which is published until its acknowledgement has come. A repeat has the same message id. */
export class Publication implements Publisher {
  readonly #connection: NatsConnection;
  #acknowledgements: Acknowledgements;
  #number: number;
  /** Of each message: `STORED`, `UNSENT`, or its bytes on their way. */
  readonly #messages: Int32Array;
  #course: Course = { type: "publishing" };
  #inFlight = 0;
  #bytesInFlight = 0;
  /** By `performance.now()`. */
  #heardAt = 0;
  #wake: () => void = () => {};

  constructor(connection: NatsConnection, count: number) {
    this.#connection = connection;
    this.#acknowledgements = Acknowledgements.of(connection);
    this.#number = this.#acknowledgements.nextNumber();
    this.#messages = new Int32Array(count);
  }

  /**
   * Publishes, in their order, what has no acknowledgement yet, and resolves once all have one. `make` gives the message of an index, right
   * before it is published; undefined: it is left out.
   *
   * @throws what JetStream answers; an error where the connection is lost, or no acknowledgement comes; the signal's reason
   */
  async attempt(
    make: (index: number) => Message | undefined,
    { maxInFlight, ackWithinMs }: Window,
    signal: AbortSignal,
  ): Promise<void> {
    this.#subscribe();
    this.#begin();
    const unlink = onAbort(signal, () => this.cutOff(signal.reason));
    const timer = this.#watchProgress(ackWithinMs);
    try {
      await this.#publishAll(make, maxInFlight);
      while (this.#inFlight > 0 && this.#course.type !== "lost") await this.#answer();
      if (this.#course.type !== "publishing") throw this.#course.error;
    } finally {
      timer.stop();
      unlink();
      this.#acknowledgements.remove(this.#number);
    }
  }

  stored(index: number): void {
    this.#settle(index, STORED);
  }

  refused(index: number, error: Error): void {
    if (this.#course.type === "publishing") this.#course = { type: "refused", error };
    this.#settle(index, UNSENT);
  }

  cutOff(error: unknown): void {
    if (this.#course.type === "publishing") this.#course = { type: "lost", error };
    else if (this.#course.type === "refused") this.#course = { ...this.#course, type: "lost" };
    this.#wake();
  }

  /** The subscription of the attempt before may be over. @throws what keeps answers away */
  #subscribe(): void {
    const current = Acknowledgements.of(this.#connection);
    current.check();
    if (current === this.#acknowledgements) return;
    this.#acknowledgements = current;
    this.#number = current.nextNumber();
  }

  #begin(): void {
    this.#course = { type: "publishing" };
    this.#inFlight = 0;
    this.#bytesInFlight = 0;
    this.#messages.forEach((state, index) => {
      if (state !== STORED) this.#messages[index] = UNSENT;
    });
    this.#acknowledgements.add(this.#number, this);
  }

  async #publishAll(
    make: (index: number) => Message | undefined,
    maxInFlight: number,
  ): Promise<void> {
    const replies = this.#acknowledgements.repliesTo(this.#number);
    for (let index = 0; index < this.#messages.length; index++) {
      if (this.#messages[index] === STORED) continue;
      while (this.#course.type === "publishing" && !this.#hasRoom(maxInFlight))
        await this.#answer();
      if (this.#course.type !== "publishing") return;
      const message = make(index);
      if (message === undefined) continue;
      const { subject, headers, body } = message;
      this.#connection.publish(subject, body, { headers, reply: `${replies}${index}` });
      if (this.#inFlight === 0) this.#heardAt = performance.now();
      this.#messages[index] = body.length;
      this.#inFlight++;
      this.#bytesInFlight += body.length;
    }
  }

  #hasRoom(maxInFlight: number): boolean {
    if (this.#inFlight === 0) return true;
    return this.#inFlight < maxInFlight && this.#bytesInFlight < MAX_BYTES_IN_FLIGHT;
  }

  #settle(index: number, becomes: typeof STORED | typeof UNSENT): void {
    const state = this.#messages[index];
    // A repeat of what is stored has an answer of its own.
    if (state === undefined || state === STORED) return;
    this.#messages[index] = becomes;
    if (state === UNSENT) return;
    this.#inFlight--;
    this.#bytesInFlight -= state;
    this.#heardAt = performance.now();
    this.#wake();
  }

  /** Resolves when something has come, after all that came with it. */
  #answer(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #watchProgress(ackWithinMs: number): { readonly stop: () => void } {
    let timer: NodeJS.Timeout;
    const look = (): void => {
      const leftMs = this.#heardAt + ackWithinMs - performance.now();
      if (this.#inFlight === 0) timer = setTimeout(look, ackWithinMs);
      else if (leftMs > 0) timer = setTimeout(look, Math.ceil(leftMs));
      else
        this.cutOff(
          new Error(
            `JetStream has acknowledged none of ${this.#inFlight} messages for ${ackWithinMs} ms.`,
          ),
        );
    };
    timer = setTimeout(look, ackWithinMs);
    return { stop: () => clearTimeout(timer) };
  }
}

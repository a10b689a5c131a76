import type { ConsumerMessages, StoredMsg } from "@nats-io/jetstream";

/** How often it is looked whether what is waited for is still there, in milliseconds. */
const LOOK_EVERY_MS = 2_000;

/**
 * Where a tail that does not follow ends: at the message that was the last one when it began, by the stream's leader. A consumer may be
 * served by a node that lags behind, whose word that nothing more is pending tells little.
 */
export class TailEnd {
  #last: number;
  #seen = 0;
  #seenBefore = -1;
  #isReached = false;
  readonly #lookUp: () => Promise<StoredMsg | null>;
  readonly #messages: ConsumerMessages;
  readonly #timer: NodeJS.Timeout;

  constructor(last: number, lookUp: () => Promise<StoredMsg | null>, messages: ConsumerMessages) {
    this.#last = last;
    this.#lookUp = lookUp;
    this.#messages = messages;
    this.#timer = setInterval(() => void this.#look().catch(() => {}), LOOK_EVERY_MS);
  }

  get isReached(): boolean {
    return this.#isReached;
  }

  /** The message came after the last one. */
  isBehind(sequence: number): boolean {
    this.#seen = sequence;
    this.#isReached ||= sequence >= this.#last;
    return sequence > this.#last;
  }

  /** The message is the last one. */
  reaches(sequence: number): boolean {
    return sequence >= this.#last;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Where nothing comes: the last message may have been removed meanwhile. @throws what NATS answers */
  async #look(): Promise<void> {
    const seen = this.#seen;
    if (seen !== this.#seenBefore) {
      this.#seenBefore = seen;
      return;
    }
    const last = await this.#lookUp();
    if (last !== null) this.#last = Math.min(this.#last, last.seq);
    if (this.#seen !== seen || (last !== null && last.seq > seen)) return;
    this.#isReached = true;
    this.#messages.stop();
  }
}

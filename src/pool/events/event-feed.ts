import type { EngineClient } from "../../engine/engine-client.ts";
import type { SentEvent } from "../../engine/engine-event.ts";
import { Backoff } from "../../lifetime/backoff.ts";
import { sleep } from "../../lifetime/deadline.ts";
import { Silence } from "../../lifetime/silence.ts";
import type { EngineEventRecord } from "./event-record.ts";
import { EventSequence } from "./event-sequence.ts";

const RETRY = { minDelayMs: 100, maxDelayMs: 5_000 };
/** A stream may have died without a word: after so long without an event another one is opened, which brings what it kept back. */
const RENEW_MS = 60_000;
/** An engine's clock may be off by so much where it has not told its time. */
const UNKNOWN_CLOCK_MS = 60_000;

/** All events of one engine, over streams that are taken up again where the last one ended. */
export class EventFeed {
  readonly #client: EngineClient;
  readonly #tell: (record: EngineEventRecord) => void;
  readonly #sequence = new EventSequence();
  readonly #renewMs: number;
  readonly #backoff = new Backoff(RETRY);
  /** What the next stream follows on. */
  #before: "nothing" | "a silent stream" | "a lost stream" = "nothing";

  constructor(
    client: EngineClient,
    tell: (record: EngineEventRecord) => void,
    renewMs: number = RENEW_MS,
  ) {
    this.#client = client;
    this.#tell = tell;
    this.#renewMs = renewMs;
  }

  /** Until `signal` aborts. @throws its reason */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      const isSilent = await this.#stream(signal);
      signal.throwIfAborted();
      if (isSilent) continue;
      await sleep(this.#backoff.next().delayMs, signal);
    }
  }

  /** True where it was closed after silence. */
  async #stream(signal: AbortSignal): Promise<boolean> {
    const silence = new Silence(this.#renewMs, signal);
    silence.restart();
    let isOpen = false;
    const opened = (): void => {
      isOpen = true;
      silence.restart();
      this.#opened();
    };
    const event = (sent: SentEvent): void => {
      silence.restart();
      this.#backoff.reset();
      this.#take(sent);
    };
    const { since } = this.#sequence;
    try {
      const from = since === undefined ? undefined : seconds(since);
      await this.#client.readAllEvents(from, { opened, event }, silence.signal);
    } catch {
      // It is tried again; the pool's health tells of an engine that can't be reached.
    } finally {
      silence.release();
    }
    const isSilent = silence.expired && !signal.aborted;
    if (isOpen) this.#before = isSilent ? "a silent stream" : "a lost stream";
    return isSilent;
  }

  #opened(): void {
    const before = this.#before;
    if (before === "a silent stream") this.#sequence.renewed(this.#now());
    else if (before === "a lost stream" && this.#sequence.reopened()) this.#gap();
  }

  #take(sent: SentEvent): void {
    const after = this.#sequence.last?.event.timestamp;
    const how = this.#sequence.take(sent);
    if (how === "known") return;
    if (how === "new behind a gap") this.#gap(after);
    this.#tell(Object.freeze({ ...sent.event, engine: this.#client.name }));
  }

  #gap(after?: string): void {
    this.#tell({ kind: "gap", engine: this.#client.name, after, lost: undefined });
  }

  /** What is older was sent before, whatever the error of the clocks. */
  #now(): bigint {
    const { clock } = this.#client;
    const errorMs = clock.isKnown ? clock.errorMs() : UNKNOWN_CLOCK_MS;
    return BigInt(Math.floor(clock.now() - errorMs)) * 1_000_000n;
  }
}

function seconds(nanoseconds: bigint): string {
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, "0");
  return `${nanoseconds / 1_000_000_000n}.${fraction}`;
}

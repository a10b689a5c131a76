import { jetstream } from "@nats-io/jetstream";
import type {
  ConsumerConfig,
  ConsumerInfo,
  ConsumerMessages,
  JetStreamManager,
  JsMsg,
} from "@nats-io/jetstream";
import { TimeoutError } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/transport-node";
import { onAbort } from "../lifetime/abort.ts";
import { sleep } from "../lifetime/deadline.ts";
import { ConnectionWatch } from "./connection-watch.ts";
import { isAnswer, isUnavailable } from "./failures.ts";

export interface ConsumptionSource {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly stream: string;
  readonly signal: AbortSignal;
}

/** What the stream's leader says of what was not read yet. */
export interface Ahead {
  /** There is something that matches. */
  readonly hasMore: () => Promise<boolean>;
  /** Where there is nothing, nothing more is wanted. */
  readonly isBounded: boolean;
}

/** After so long without a message the server is asked whether there are any. */
const LOOK_MS = 2_000;
/** To take the consumer away at the server, which does so by itself after a while. */
const DELETE_MS = 500;
const MOST_ADDED = 5;
/** Between two attempts, times how many there were: two seconds in all, in which a leader is chosen. */
const ADD_AGAIN_MS = 200;

/**
 * An old cluster may put it on a node that is away, and then does not answer: the next one may stand elsewhere. One that has just lost a
 * node may have to choose another leader first.
 *
 * @throws what NATS answers; the signal's reason
 */
export async function addConsumer(
  { manager, stream, signal }: ConsumptionSource,
  config: Partial<ConsumerConfig>,
): Promise<ConsumerInfo> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await manager.consumers.add(stream, config);
    } catch (error) {
      const mayPass = error instanceof TimeoutError || isUnavailable(error);
      if (!mayPass || attempt === MOST_ADDED) throw error;
    }
    await sleep(attempt * ADD_AGAIN_MS, signal);
  }
}

/** What one consumer at the server delivers, for as long as all of it arrives. */
export class Consumption {
  readonly #source: ConsumptionSource;
  readonly #info: ConsumerInfo;
  readonly #ahead: Ahead;
  readonly #messages: ConsumerMessages;
  readonly #unlinks: readonly (() => void)[];
  #received = 0;
  /** By `performance.now()`; undefined: what came is dealt with. */
  #waitsSince: number | undefined;
  /** So many had been received when the server said that it had sent more, or has more that the consumer's node lacks, or is not asked for. */
  #behindAt: number | undefined;
  #isFinished = false;

  private constructor(
    source: ConsumptionSource,
    info: ConsumerInfo,
    messages: ConsumerMessages,
    ahead: Ahead,
  ) {
    this.#source = source;
    this.#ahead = ahead;
    this.#info = info;
    this.#messages = messages;
    const timer = setInterval(() => void this.#look(), LOOK_MS).unref();
    this.#unlinks = [
      () => clearInterval(timer),
      onAbort(source.signal, () => messages.stop()),
      // What was on its way is lost, and the server may not know.
      ConnectionWatch.of(source.connection).listen(({ type }) => {
        if (type !== "refused") messages.stop();
      }),
    ];
  }

  /** `ahead` is asked where nothing comes. */
  static async begin(
    source: ConsumptionSource,
    config: Partial<ConsumerConfig>,
    ahead: Ahead,
  ): Promise<Consumption> {
    const info = await addConsumer(source, config);
    // What is asked behind the answer may have none: the connection may be lost.
    const consumer = jetstream(source.connection).consumers.getConsumerFromInfo(info);
    const messages = await consumer.consume({ abort_on_missing_resource: true });
    return new Consumption(source, info, messages, ahead);
  }

  /** Nothing more is wanted. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Ends where a message does not arrive, and with the connection. @throws where the consumer is gone */
  async *messages(): AsyncGenerator<JsMsg, void> {
    const messages = this.#messages[Symbol.asyncIterator]();
    for (;;) {
      this.#waitsSince = performance.now();
      const step = await messages.next();
      this.#waitsSince = undefined;
      if (step.done === true) return;
      const message = step.value;
      if (message.info.deliverySequence !== this.#received + 1) return;
      this.#received++;
      yield message;
    }
  }

  async close(): Promise<void> {
    for (const unlink of this.#unlinks) unlink();
    this.#messages.stop();
    const { connection, manager, stream } = this.#source;
    if (connection.isClosed()) return;
    const deleted = manager.consumers.delete(stream, this.#info.name).catch(() => false);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, DELETE_MS)));
    await Promise.race([deleted, late]);
    clearTimeout(timer);
  }

  #finish(): void {
    this.#isFinished = true;
    this.#messages.stop();
  }

  async #look(): Promise<void> {
    if (!this.#isSilent()) return;
    try {
      const { manager, stream } = this.#source;
      const hasMore = await this.#ahead.hasMore();
      const info = await manager.consumers.info(stream, this.#info.name);
      if (!this.#isSilent()) return;
      const isLost = info.delivered.consumer_seq !== this.#received;
      // A node of an old cluster may lack messages for good, though it is said to be current. A request for them may be lost on its way.
      const isStuck = info.num_pending === 0 || info.num_waiting === 0;
      const isBehind = isLost || (hasMore && isStuck);
      if (isBehind && this.#behindAt === this.#received) this.#messages.stop();
      if (!hasMore && this.#ahead.isBounded) this.#finish();
      this.#behindAt = isBehind ? this.#received : undefined;
    } catch (error) {
      if (isAnswer(error)) this.#messages.stop();
    }
  }

  #isSilent(): boolean {
    return this.#waitsSince !== undefined && performance.now() - this.#waitsSince >= LOOK_MS;
  }
}

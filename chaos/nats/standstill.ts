import { setTimeout as delay } from "node:timers/promises";
import { JetStreamApiError, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { NatsCluster } from "../../test/support/nats/nats-server.ts";
import type { CollectorRun } from "./collector-run.ts";

const LOOK_EVERY_MS = 1_000;
const ANSWER_WITHIN_MS = 3_000;
/** A stop, an election and a repeat are over by then. */
const GROWS_WITHIN_MS = 20_000;
const MOST_ASKED = 3;

export interface Watched {
  readonly cluster: NatsCluster;
  /** Of a client that is no collector. */
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly collectors: () => readonly CollectorRun[];
  readonly say: (text: string) => void;
}

/** Tells, each time that a stream to which lines are written does not grow for long, whether collectors or the cluster stand still. */
export class GrowthWatch implements AsyncDisposable {
  readonly #watched: Watched;
  readonly #ended = new AbortController();
  readonly #watching: Promise<void>;
  /** When it grew last, by `performance.now()`. */
  #grewAt = performance.now();

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#watching = this.#watch();
  }

  /** For so long it has not grown, in milliseconds. */
  get stoodMs(): number {
    return performance.now() - this.#grewAt;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { connection, stream, say } = this.#watched;
    let messages = -1;
    let isTold = false;
    while (!this.#ended.signal.aborted) {
      const now = await messagesOf(connection, stream).catch(() => messages);
      const { stoodMs } = this;
      if (now !== messages) {
        if (isTold) say(`the stream grows again, after ${(stoodMs / 1_000).toFixed(1)} s`);
        messages = now;
        this.#grewAt = performance.now();
        isTold = false;
      } else if (stoodMs > GROWS_WITHIN_MS && !isTold) {
        isTold = true;
        say(`the stream has not grown for ${GROWS_WITHIN_MS} ms, with ${messages} messages:`);
        for (const line of await whoStandsStill(this.#watched)) say(`  ${line}`);
      }
      await delay(LOOK_EVERY_MS, undefined, { signal: this.#ended.signal }).catch(() => {});
    }
  }
}

async function messagesOf(connection: NatsConnection, stream: string): Promise<number> {
  const manager = await jetstreamManager(connection, {
    timeout: ANSWER_WITHIN_MS,
    checkAPI: false,
  });
  return (await manager.streams.info(stream)).state.messages;
}

/** What collectors say of themselves, what the nodes do, and whether a client's own message is answered. */
async function whoStandsStill(watched: Watched): Promise<string[]> {
  const { cluster, connection, stream, collectors } = watched;
  const told = collectors().map(
    ({ owner, said }) =>
      `collector ${owner}: ${said.findLast((line) => line.includes(" follows ")) ?? ""}`,
  );
  for (const [index, monitor] of cluster.monitors.entries())
    for (const path of ["healthz", "jsz?streams=1&raft=1", "routez"])
      told.push(`n${index} ${path}: ${await answerOf(`${monitor}/${path}`)}`);
  for (const name of [stream, "KV_leases", "KV_positions"])
    told.push(`${name}: ${await agreement(connection, name)}`);
  return told;
}

async function answerOf(url: string): Promise<string> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return (await answer.text()).replaceAll(/\s+/g, " ");
  } catch (error) {
    return String(error);
  }
}

/** What a stream's nodes make of a message of a client that is no collector. It is one that they have to refuse together. */
async function agreement(connection: NatsConnection, stream: string): Promise<string> {
  try {
    const { leader, answer } = await askedOf(connection, stream);
    return `led by ${leader}, which answers a message: ${answer ?? "not at all"}`;
  } catch (error) {
    return `does not tell of itself: ${String(error)}`;
  }
}

/**
 * The stream's leader, where its nodes do not answer any message, however often they are asked: then it is the cluster that stands still.
 * "" where there is none. Undefined where they answer.
 */
export async function stuckLeader(
  connection: NatsConnection,
  stream: string,
): Promise<string | undefined> {
  let last = "";
  for (let attempt = 0; attempt < MOST_ASKED; attempt++) {
    try {
      const { leader, answer } = await askedOf(connection, stream);
      if (answer !== undefined) return undefined;
      last = leader;
    } catch {
      // Without a leader it does not tell of itself.
    }
    await delay(LOOK_EVERY_MS);
  }
  return last;
}

async function askedOf(
  connection: NatsConnection,
  stream: string,
): Promise<{ readonly leader: string; readonly answer: string | undefined }> {
  const timeout = ANSWER_WITHIN_MS;
  const manager = await jetstreamManager(connection, { timeout, checkAPI: false });
  const { config, cluster } = await manager.streams.info(stream);
  const subject = (config.subjects[0] ?? "").replace(">", "standstill");
  const answer = await manager
    .jetstream()
    .publish(subject, "", { timeout, expect: { lastMsgID: "none" } })
    .then(JSON.stringify, (error: unknown) =>
      error instanceof JetStreamApiError ? error.message : undefined,
    );
  return { leader: cluster?.leader ?? "", answer };
}

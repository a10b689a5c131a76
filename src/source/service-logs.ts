import { checkBoolean, checkKeys, checkNumber, checkSignal, withoutUndefined } from "../checks.ts";
import { EngineClient } from "../engine/engine-client.ts";
import { validateEngine } from "../engine/engine-options.ts";
import type { Engine } from "../engine/engine-options.ts";
import type { ServiceLogQuery, SwarmService } from "../engine/service-requests.ts";
import { DockspoolError, invalidOption } from "../errors.ts";
import { onAbort } from "../lifetime/abort.ts";
import { Backoff } from "../lifetime/backoff.ts";
import { sleep } from "../lifetime/deadline.ts";
import { Silence } from "../lifetime/silence.ts";
import { faultError } from "../stream/failures.ts";
import { sinceTimestamp } from "../stream/from.ts";
import type { From } from "../stream/from.ts";
import { AttributedFrameDecoder } from "../wire/attributed-frames.ts";
import { TaskLines } from "../wire/task-lines.ts";
import type { TaskLine } from "../wire/task-lines.ts";
import { epochNanoseconds } from "../wire/timestamps.ts";
import { TtyDecoder } from "../wire/tty.ts";
import { checkFrom } from "./options.ts";
import { ServiceOverlap } from "./service-overlap.ts";
import { ServiceQueue } from "./service-queue.ts";
import type { ServiceLogRecord } from "./service-record.ts";

export interface ServiceLogOptions {
  /** A manager of the swarm. Default: DOCKER_HOST, else the usual sockets. */
  engine?: Engine;
  /** Default "start". `tail` counts entries of each task: a line of more than 16 KiB is several. */
  from?: From;
  /** Default true; false: ends at the end of the log as it is now. */
  follow?: boolean;
  /** Default 1 MiB; a longer line is cut there and marked `truncated`. */
  maxLineBytes?: number;
  /** Ends the loop, which throws its reason. */
  signal?: AbortSignal;
}

const RETRY = { minDelayMs: 100, maxDelayMs: 30_000 };
/** No decision rests on silence: after so long the log is asked for again. */
const RENEW_MS = 300_000;

const defaults = {
  engine: {},
  from: "start",
  follow: true,
  maxLineBytes: 1024 * 1024,
  signal: undefined,
} as const satisfies Record<keyof ServiceLogOptions, unknown>;

/**
 * The log of a Swarm service through a manager, where its nodes can't be reached. Not exact as a container's log is: the engine
 * promises no order across tasks, and no place in such a log can be found again. Lines of one task and stream come in their order.
 * docs/containers.md says what holds where the connection is lost. Leaving the loop ends it.
 *
 * @example
 * for await (const record of serviceLogs("shop_web"))
 *   if (record.kind === "line") console.log(record.task, record.line);
 *
 * @throws DockspoolError INVALID_OPTION; the loop throws ENGINE_UNREACHABLE and ENGINE_RESPONSE (no such service, no manager) where
 * it can't begin
 */
export function serviceLogs(
  service: string,
  options: ServiceLogOptions = {},
): AsyncIterable<ServiceLogRecord> {
  if (typeof service !== "string" || service === "")
    throw invalidOption("service", service, "a service's id or name");
  checkKeys("", options, Object.keys(defaults));
  const given = { ...defaults, ...withoutUndefined(options) };
  validateEngine(given.engine);
  checkFrom("from", given.from);
  checkBoolean("follow", given.follow);
  checkNumber("maxLineBytes", given.maxLineBytes, 1, 512 * 1024 * 1024, "bytes");
  checkSignal(given.signal);
  return { [Symbol.asyncIterator]: () => new ServiceReading(service, given).begin() };
}

type Given = Required<Omit<ServiceLogOptions, "signal">> & {
  readonly signal: AbortSignal | undefined;
};

/** One loop over a service's log. */
class ServiceReading {
  readonly #given: Given;
  readonly #service: string;
  readonly #client: EngineClient;
  readonly #overlap = new ServiceOverlap();
  readonly #closing = new AbortController();
  readonly #queue = new ServiceQueue(() => this.#closing.abort());
  readonly #backoff = new Backoff(RETRY);
  #hasBegun = false;

  constructor(service: string, given: Given) {
    this.#service = service;
    this.#given = given;
    this.#client = new EngineClient(given.engine);
  }

  begin(): ServiceQueue {
    const { signal } = this.#given;
    const unlink = onAbort(signal, () => {
      this.#queue.fail(signal?.reason);
      this.#closing.abort();
    });
    void this.#run(this.#closing.signal)
      .catch((error: unknown) => this.#queue.fail(error))
      .then(async () => {
        unlink();
        this.#queue.end();
        await this.#client.close();
      });
    return this.#queue;
  }

  async #run(signal: AbortSignal): Promise<void> {
    let service = await this.#client.services.inspect(this.#service, signal);
    for (;;) {
      const end = await this.#read(service, signal);
      if (end === "complete" && !this.#given.follow) return;
      if (end !== "silent") await sleep(this.#backoff.next().delayMs, signal);
      try {
        service = await this.#client.services.inspect(service.id, signal);
      } catch (error) {
        signal.throwIfAborted();
        // It is gone, and its log with it.
        if (DockspoolError.is(error) && isGone(error)) return;
      }
    }
  }

  async #read(service: SwarmService, signal: AbortSignal): Promise<"complete" | "cut" | "silent"> {
    const silence = new Silence(RENEW_MS, signal);
    const decoder = service.tty
      ? new TtyDecoder({ hasAttributes: true })
      : new AttributedFrameDecoder();
    const lines = new TaskLines(this.#given.maxLineBytes);
    const opened = (): void => {
      silence.restart();
      this.#opened(service);
    };
    const take = (bytes: Buffer, spans: readonly number[]): void | Promise<void> => {
      silence.restart();
      const taken = this.#deliver(service, lines.push(decoder.push(bytes, spans)));
      if (decoder.fault !== undefined) throw faultError(service, decoder.fault);
      if (taken === undefined) return undefined;
      silence.end();
      return taken.then(() => silence.restart());
    };
    try {
      const query = this.#query();
      const { services } = this.#client;
      const end = await services.readLogs(service, query, { opened, take }, silence.signal);
      const rest = [...lines.push(decoder.end(false)), ...lines.end()];
      if (end === "complete") await this.#deliver(service, rest);
      return end;
    } catch (error) {
      signal.throwIfAborted();
      if (silence.expired) return "silent";
      if (!this.#hasBegun) throw error;
      return "cut";
    } finally {
      silence.release();
    }
  }

  #query(): ServiceLogQuery {
    const { follow, from } = this.#given;
    const { since } = this.#overlap;
    if (since !== undefined) return { follow, tail: "all", since: seconds(since) };
    if (from === "start") return { follow, tail: "all" };
    if (from === "now") return { follow, tail: 0 };
    if ("tail" in from) return { follow, tail: from.tail };
    const first = sinceTimestamp(from.since);
    return { follow, tail: "all", since: first && seconds(epochNanoseconds(first)) };
  }

  #opened({ name }: SwarmService): void {
    if (this.#hasBegun) {
      const { since } = this.#overlap;
      this.#overlap.reopened();
      const time = since === undefined ? undefined : new Date(Number(since / 1_000_000n));
      void this.#queue.push([{ kind: "reopened", service: name, since: time?.toISOString() }]);
    }
    this.#hasBegun = true;
  }

  /** A promise where the loop has to make room first. */
  #deliver({ name }: SwarmService, lines: readonly TaskLine[]): Promise<void> | undefined {
    const fresh = lines.filter((line) => this.#overlap.isNew(line));
    if (fresh.length === 0) return undefined;
    this.#backoff.reset();
    return this.#queue.push(
      fresh.map((line) => Object.freeze({ kind: "line", service: name, ...line })),
    );
  }
}

/** A manager says that there is no such service. */
function isGone({ message }: DockspoolError): boolean {
  return /HTTP 404/.test(message);
}

function seconds(nanoseconds: bigint): string {
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, "0");
  return `${nanoseconds / 1_000_000_000n}.${fraction}`;
}

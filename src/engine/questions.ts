import type { IncomingHttpHeaders } from "node:http";
import { Limiter } from "../lifetime/limiter.ts";
import { ByteDeadline } from "./byte-deadline.ts";
import type { Query } from "./dial.ts";
import type { EngineLink } from "./engine-link.ts";
import type { About } from "./failures.ts";
import { record, string } from "./json.ts";
import { parseList } from "./list.ts";
import type { Listed } from "./list.ts";

export interface Asking {
  /** Ahead of other questions that wait. */
  readonly first?: boolean;
  /** Without waiting, of a container that is being started. */
  readonly now?: boolean;
  readonly about?: About;
  readonly maxBytes?: number;
}

/**
 * What is asked of a container while it starts is answered once it runs. On a machine that starts many at once that takes
 * longer than any other answer, and who asks anew comes behind its exit: so many times `connectTimeoutMs`.
 */
const STARTING_TIMEOUTS = 6;
/** An answer's body has to be there so many times `connectTimeoutMs` behind its head, however it trickles. */
export const BODY_TIMEOUTS = 5;
/** Of what is told of one container, or of the engine. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** Of a list of all containers. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;

/** Short questions to an engine, a few at once. Each ends by itself, whatever the engine does. */
export class Questions {
  readonly #link: EngineLink;
  readonly #timeoutMs: number;
  readonly #limiter: Limiter;

  constructor(link: EngineLink, timeoutMs: number, atOnce: number) {
    this.#link = link;
    this.#timeoutMs = timeoutMs;
    this.#limiter = new Limiter(atOnce);
  }

  /** In its turn. @throws what `work` throws; the signal's reason */
  run<T>(work: () => Promise<T>, signal: AbortSignal, first = false): Promise<T> {
    return this.#limiter.run(work, signal, { first });
  }

  /** The answer's JSON, as `parse` reads it. @throws DockspoolError as `EngineLink.get`; the signal's reason */
  ask<T>(
    path: string,
    query: Query,
    signal: AbortSignal,
    { first = false, now = false, about, maxBytes = MAX_ANSWER_BYTES }: Asking,
    parse: (json: unknown, headers: IncomingHttpHeaders) => T | undefined,
  ): Promise<T> {
    const link = this.#link;
    const ask = async (): Promise<T> => {
      const wait = new ByteDeadline(signal);
      awaitHead(wait, this.#timeoutMs, now);
      try {
        const answer = await link.get(path, query, wait, signal, about);
        wait.within(this.#timeoutMs, `no byte of an answer for ${this.#timeoutMs} ms`);
        wait.atMost(BODY_TIMEOUTS * this.#timeoutMs, "an answer that takes too long");
        const text = await link.text(answer, path, maxBytes, wait, signal);
        const json = parseJson(text);
        const parsed = parse(json, answer.headers);
        if (parsed === undefined) throw link.unexpected(answer, text, about);
        link.contact.answered(answer, string(record(json)["SystemTime"]));
        return parsed;
      } finally {
        wait.release();
      }
    };
    return now ? ask() : this.run(ask, signal, first);
  }

  /** The containers. @throws as `ask` */
  list(query: Query, signal: AbortSignal): Promise<Listed[]> {
    const { contact } = this.#link;
    // Behind thousands of containers that are looked at, it would not be known for long what else there is.
    const asking = { first: true, maxBytes: MAX_LIST_BYTES };
    return this.ask("/containers/json", query, signal, asking, (answer, headers) => {
      const listed = parseList(answer);
      return listed?.length === 0 && contact.isForeign(headers) ? undefined : listed;
    });
  }
}

export function awaitHead(wait: ByteDeadline, timeoutMs: number, isStarting = false): void {
  const ms = isStarting ? STARTING_TIMEOUTS * timeoutMs : timeoutMs;
  wait.within(ms, `no answer within ${ms} ms`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

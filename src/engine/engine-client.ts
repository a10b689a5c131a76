import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { DockspoolError } from "../errors.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { deadline } from "../lifetime/deadline.ts";
import type { Deadline } from "../lifetime/deadline.ts";
import { Limiter } from "../lifetime/limiter.ts";
import { HeldBody, inPieces, readBody } from "./body.ts";
import type { BodyEnd, TakeBytes } from "./body.ts";
import type { Query } from "./dial.ts";
import { EngineLink } from "./engine-link.ts";
import { DEFAULT_CONNECT_TIMEOUT_MS, isModem } from "./engine-options.ts";
import type { Engine } from "./engine-options.ts";
import { EventDecoder } from "./events.ts";
import type { ContainerEvent } from "./events.ts";
import { notDocker } from "./failures.ts";
import type { About } from "./failures.ts";
import { anonymousIdentity, parseIdentity } from "./identity.ts";
import type { EngineIdentity } from "./identity.ts";
import { parseInspection } from "./inspection.ts";
import type { Inspection } from "./inspection.ts";
import { parseList } from "./list.ts";
import type { Listed } from "./list.ts";
import { traitsOf } from "./traits.ts";
import type { EngineTraits } from "./traits.ts";

/** Always both streams: the engine filters after `tail`, and a position must outlive a choice of streams. */
export interface LogQuery {
  readonly follow: boolean;
  /** The last so many entries, or "all". */
  readonly tail: number | "all";
  /** The container may be about to start, which the answer waits for. */
  readonly starting?: boolean;
}

export interface ClientOptions {
  /** What containers say they are of; default "default". */
  readonly name?: string;
  /** Short questions on their way at once; default: no limit. Log streams and events do not count. */
  readonly questionsAtOnce?: number;
}

/** Takes a container's events, or those of all. */
export interface EventHandlers {
  readonly opened: () => void;
  readonly event: (event: ContainerEvent) => void;
}

interface Asking {
  readonly first?: boolean;
  readonly now?: boolean;
  readonly about?: About;
}

/**
 * What is asked of a container while it starts is answered once it runs. On a machine that starts many at once that takes
 * longer than any other answer, and who asks anew comes behind its exit: so many times `connectTimeoutMs`.
 */
const STARTING_TIMEOUTS = 6;

/** What we ask of an engine, over docker-modem. */
export class EngineClient {
  readonly #link: EngineLink;
  readonly #timeoutMs: number;
  readonly #name: string;
  readonly #questions: Limiter;

  constructor(engine: Engine = {}, options: ClientOptions = {}) {
    this.#link = new EngineLink(engine);
    this.#name = options.name ?? "default";
    this.#questions = new Limiter(options.questionsAtOnce ?? Infinity);
    this.#timeoutMs =
      (isModem(engine) ? undefined : engine.connectTimeoutMs) ?? DEFAULT_CONNECT_TIMEOUT_MS;
  }

  /** How many sockets are open; 0 where the caller's own agent holds them. */
  get sockets(): number {
    return this.#link.sockets;
  }

  /** Where it connects to, for people. */
  get address(): string {
    return this.#link.address;
  }

  /**
   * The containers, the newest first; without `all` those that run.
   *
   * @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE
   */
  async list(
    signal: AbortSignal,
    { all = false }: { readonly all?: boolean } = {},
  ): Promise<Listed[]> {
    return this.#ask("/containers/json", all ? { all: "1" } : {}, signal, {}, parseList);
  }

  /**
   * `first`: ahead of other questions that wait. `now`: without waiting, of a container that is being started.
   *
   * @throws DockspoolError CONTAINER_NOT_FOUND, ENGINE_UNREACHABLE, ENGINE_RESPONSE
   */
  async inspect(
    container: string,
    signal: AbortSignal,
    { first = false, now = false }: { readonly first?: boolean; readonly now?: boolean } = {},
  ): Promise<Inspection> {
    const path = `/containers/${encodeURIComponent(container)}/json`;
    const about = { name: container };
    return this.#ask(path, {}, signal, { first, now, about }, (answer, headers) =>
      parseInspection(answer, traitsOf(headers), this.#name),
    );
  }

  /**
   * Who the engine is, for keys that outlive the process.
   *
   * @throws DockspoolError ENGINE_UNREACHABLE
   */
  async identify(signal: AbortSignal): Promise<EngineIdentity> {
    try {
      return await this.#ask("/info", {}, signal, { first: true }, (answer, headers) =>
        parseIdentity(answer, traitsOf(headers), this.#anonymous),
      );
    } catch (error) {
      // A proxy in front of the engine's socket may forbid the question.
      const isAnswered = DockspoolError.is(error) && error.code !== "ENGINE_UNREACHABLE";
      if (isAnswered && !error.transient) return this.#anonymous;
      throw error;
    }
  }

  /**
   * Reads a container's log, or what `openLogs` holds of it. `opened` is awaited when the engine has answered; the result
   * says how the body ended, after response and socket are closed.
   *
   * @throws DockspoolError as `inspect`, and LOGS_UNREADABLE; what `take` throws; the signal's reason
   */
  async readLogs(
    container: ContainerInfo,
    query: LogQuery,
    traits: EngineTraits,
    handlers: { readonly opened: () => void | Promise<void>; readonly take: TakeBytes },
    signal: AbortSignal,
    held?: HeldBody,
  ): Promise<BodyEnd> {
    const patient = query.follow && traits.headersWithFirstLine;
    const wait = deadline(patient ? undefined : this.#timeout(query.starting), signal);
    try {
      const response = held?.take() ?? (await this.#getLogs(container, query, wait, signal));
      wait.met();
      await handlers.opened();
      return await readBody(response, handlers.take, wait.signal, { coalesce: true });
    } finally {
      wait.release();
    }
  }

  /**
   * Follows a log from its start: asks for it, and leaves the reading to `readLogs`. The container may be about to start.
   *
   * @throws as that
   */
  async openLogs(id: string, signal: AbortSignal): Promise<HeldBody> {
    const wait = deadline(this.#timeout(true), signal);
    try {
      const query = { follow: true, tail: "all" } as const;
      return new HeldBody(await this.#getLogs({ id, name: id }, query, wait, signal));
    } finally {
      wait.release();
    }
  }

  /**
   * Hands over events as they come: one container's, or all. Resolves when the engine ends the stream.
   *
   * @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE; the signal's reason
   */
  readEvents(
    container: string | undefined,
    handlers: EventHandlers,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#readEvents(container, {}, handlers, signal);
  }

  /** A container's events of a span of time, as far as the engine remembers them (Docker: its latest 256 events). */
  async pastEvents(
    container: string,
    span: { readonly since: string; readonly until: string },
    signal: AbortSignal,
  ): Promise<ContainerEvent[]> {
    const events: ContainerEvent[] = [];
    const handlers = {
      opened: () => {},
      event: (event: ContainerEvent) => void events.push(event),
    };
    const ask = (): Promise<void> => this.#readEvents(container, span, handlers, signal);
    await this.#questions.run(ask, signal);
    return events;
  }

  /** Destroys what is still connected. */
  close(): void {
    this.#link.close();
  }

  #timeout(isStarting = false): number {
    return isStarting ? STARTING_TIMEOUTS * this.#timeoutMs : this.#timeoutMs;
  }

  async #readEvents(
    container: string | undefined,
    span: Query,
    { opened, event }: EventHandlers,
    signal: AbortSignal,
  ): Promise<void> {
    const wait = deadline(this.#timeoutMs, signal);
    try {
      const filters = JSON.stringify(
        container === undefined
          ? { type: ["container", "network"] }
          : { type: ["container"], container: [container] },
      );
      const response = await this.#link.get("/events", { ...span, filters }, wait, signal);
      wait.met();
      opened();
      const decoder = new EventDecoder();
      const take = inPieces((piece) => decoder.push(piece).forEach(event));
      await readBody(response, take, wait.signal);
    } finally {
      wait.release();
    }
  }

  #getLogs(
    container: Pick<ContainerInfo, "id" | "name">,
    { follow, tail }: LogQuery,
    wait: Deadline,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const parameters = {
      follow: follow ? "1" : "0",
      stdout: "1",
      stderr: "1",
      timestamps: "1",
      tail: String(tail),
    };
    return this.#link.get(`/containers/${container.id}/logs`, parameters, wait, signal, container);
  }

  /** A short question: the answer's JSON, as `parse` reads it. */
  #ask<T>(
    path: string,
    query: Query,
    signal: AbortSignal,
    { first = false, now = false, about }: Asking,
    parse: (json: unknown, headers: IncomingHttpHeaders) => T | undefined,
  ): Promise<T> {
    const ask = async (): Promise<T> => {
      const wait = deadline(this.#timeout(now), signal);
      try {
        const response = await this.#link.get(path, query, wait, signal, about);
        const text = await this.#link.text(response, wait, signal);
        const answer = parse(json(text), response.headers);
        if (answer === undefined) throw notDocker(this.address, text);
        return answer;
      } finally {
        wait.release();
      }
    };
    return now ? ask() : this.#questions.run(ask, signal, { first });
  }

  get #anonymous(): EngineIdentity {
    return anonymousIdentity(this.#name, this.address);
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

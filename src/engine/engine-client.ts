import { DockspoolError } from "../errors.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { HeldBody } from "./body.ts";
import type { BodyEnd } from "./body.ts";
import { ByteDeadline } from "./byte-deadline.ts";
import type { Answer } from "./contact.ts";
import type { EngineClock } from "./engine-clock.ts";
import type { DetailsOptions } from "./details.ts";
import { EngineLink } from "./engine-link.ts";
import { connectTimeoutOf } from "./engine-options.ts";
import type { Engine } from "./engine-options.ts";
import type { SentEvent } from "./engine-event.ts";
import { EventRequests } from "./event-requests.ts";
import type { ContainerEvent } from "./events.ts";
import { Identification } from "./identification.ts";
import { DEFAULT_NAME } from "./identity.ts";
import type { EngineIdentity } from "./identity.ts";
import { parseInspection, withOwnInfo } from "./inspection.ts";
import { OwnInfoQuestion } from "./own-info.ts";
import type { Inspection } from "./inspection.ts";
import type { Listed } from "./list.ts";
import { k8sFileBytes } from "./log-file-size.ts";
import { Questions, awaitHead } from "./questions.ts";
import type { EventHandlers } from "./read-events.ts";
import { readLog } from "./read-log.ts";
import type { LogHandlers } from "./read-log.ts";
import { ServiceRequests } from "./service-requests.ts";
import { traitsOf } from "./traits.ts";
import { TailBounds } from "./tail-bound.ts";
import type { EngineTraits } from "./traits.ts";

export type { EventHandlers } from "./read-events.ts";
export type { LogHandlers } from "./read-log.ts";

/** Always both streams: the engine filters after `tail`, and a position must outlive a choice of streams. */
export interface LogQuery {
  readonly follow: boolean;
  /** The last so many entries, or "all". */
  readonly tail: number | "all";
  /** The container may be about to start, which the answer waits for. */
  readonly starting?: boolean;
}

export interface ClientOptions {
  /** Names an engine that has no stable id of its own, for keys that outlive the process; default `name`. */
  readonly nameInKeys?: string | undefined;
  /** What containers say they are of; default "default". */
  readonly name?: string;
  /** Short questions on their way at once; default: no limit. Log streams and events do not count. */
  readonly questionsAtOnce?: number;
  /** Containers' infos have these. */
  readonly details?: DetailsOptions | undefined;
  /** Inspections tell where the engine keeps its data. Default: false. */
  readonly asksDataRoot?: boolean;
  /** Logs are asked for with their lines' attributes, of engines that have them. */
  readonly attributes?: boolean;
}

/** Podman's own API, in the oldest version that all of its releases since 4.0 answer. */
const LIBPOD = "/v4.0.0/libpod";
const WHOLE_ID = /^[0-9a-f]{64}$/;

/** What we ask of an engine, over docker-modem. */
export class EngineClient {
  /** What containers say they are of. */
  readonly name: string;
  /** Of a swarm's manager. */
  readonly services: ServiceRequests;
  /** What is known of its logs' tails. */
  readonly tailBounds: TailBounds = new TailBounds();
  readonly #link: EngineLink;
  readonly #timeoutMs: number;
  readonly #details: DetailsOptions | undefined;
  readonly #wantsAttributes: boolean;
  readonly #questions: Questions;
  readonly #identification: Identification;
  /** For details, and where it keeps its data. */
  readonly #own: OwnInfoQuestion | undefined;
  readonly #events: EventRequests;

  constructor(engine: Engine = {}, options: ClientOptions = {}) {
    this.#timeoutMs = connectTimeoutOf(engine);
    this.#link = new EngineLink(engine, this.#timeoutMs);
    this.name = options.name ?? DEFAULT_NAME;
    this.#details = options.details;
    this.#wantsAttributes = options.attributes ?? false;
    const atOnce = options.questionsAtOnce ?? Infinity;
    this.#questions = new Questions(this.#link, this.#timeoutMs, atOnce);
    this.services = new ServiceRequests(this.#link, this.#questions, this.#timeoutMs);
    this.#events = new EventRequests(this.#link, this.#questions, this.#timeoutMs);
    if (this.#details !== undefined || options.asksDataRoot === true)
      this.#own = new OwnInfoQuestion(this.#link, this.#questions);
    this.#identification = new Identification(
      this.#link,
      this.#questions,
      options.nameInKeys ?? this.name,
    );
  }

  /** How many sockets are open; 0 where the caller's own agent holds them. */
  get sockets(): number {
    return this.#link.sockets;
  }

  /** How long an answer may take to begin, and how long it may be silent. */
  get connectTimeoutMs(): number {
    return this.#timeoutMs;
  }

  /** Containers' infos have details, of which a start changes some. */
  get givesDetails(): boolean {
    return this.#details !== undefined;
  }

  /** Where the engine keeps its data, by its own path, as far as it was asked. */
  get dataRoot(): string | undefined {
    return this.#own?.known.dataRoot;
  }

  /** Logs of such an engine come with their lines' attributes. */
  givesAttributes({ givesAttributes }: EngineTraits): boolean {
    return this.#wantsAttributes && givesAttributes;
  }

  /** Where it connects to, for people. */
  get address(): string {
    return this.#link.address;
  }

  /** The engine has answered as an engine does. Since then all that goes wrong may pass, and is a transient error. */
  get wasReached(): boolean {
    return this.#link.contact.answers > 0;
  }

  /** The engine's clock, as far as its answers tell. */
  get clock(): EngineClock {
    return this.#link.contact.clock;
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
    const listed = await this.#questions.list(all ? { all: "1" } : {}, signal);
    // Before a container starts, which does not wait for it.
    await this.#own?.ask(signal);
    return listed;
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
    const asking = { first, now, about };
    const inspection = await this.#questions.ask(path, {}, signal, asking, (answer, headers) => {
      const read = parseInspection(answer, traitsOf(headers), this.name, this.#details);
      const isAnother = WHOLE_ID.test(container) && read?.info.id !== container;
      return isAnother ? undefined : read;
    });
    if (this.#own === undefined) return inspection;
    // Nothing keeps a container that is being started from being followed.
    if (!now) await this.#own.ask(signal);
    return withOwnInfo(inspection, this.#own.known);
  }

  /**
   * Who the engine is, for keys that outlive the process.
   *
   * @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE
   */
  identify(signal: AbortSignal): Promise<EngineIdentity> {
    return this.#identification.identify(signal);
  }

  /**
   * The size at which Podman begins the file of a `k8s-file` log anew: its own API alone says that. Undefined where it never does, or
   * does not say so.
   *
   * @throws the signal's reason
   */
  async logFileBytes(
    { id, name }: ContainerInfo,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const path = `${LIBPOD}/containers/${id}/json`;
    const about = { name, id };
    try {
      const told = await this.#questions.ask(path, {}, signal, { about }, (answer) => ({
        bytes: k8sFileBytes(answer),
      }));
      return told.bytes;
    } catch (error) {
      if (DockspoolError.is(error) && !signal.aborted) return undefined;
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
    handlers: LogHandlers,
    signal: AbortSignal,
    held?: HeldBody,
  ): Promise<BodyEnd> {
    const wait = new ByteDeadline(signal);
    const isPatient = query.follow && traits.headersWithFirstLine;
    if (!isPatient) awaitHead(wait, this.#timeoutMs, query.starting);
    const silence = handlers.mayBeSilent ?? (query.follow ? undefined : () => false);
    try {
      const answer = held?.take() ?? (await this.#getLogs(container, query, traits, wait, signal));
      wait.within(undefined, "");
      await handlers.opened();
      const reader = { ...handlers, mayBeSilent: silence };
      return await readLog(this.#link, answer, container, reader, wait, this.#timeoutMs, signal);
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
    const wait = new ByteDeadline(signal);
    awaitHead(wait, this.#timeoutMs, true);
    try {
      const query = { follow: true, tail: "all" } as const;
      const { traits } = this.#link.contact;
      const answer = await this.#getLogs({ id, name: id }, query, traits, wait, signal);
      return new HeldBody(answer, this.givesAttributes(traits));
    } finally {
      wait.release();
    }
  }

  /** @throws as `EventRequests.follow` */
  readEvents(
    container: string | undefined,
    handlers: EventHandlers,
    signal: AbortSignal,
    patience?: { readonly patient?: boolean },
  ): Promise<void> {
    return this.#events.follow(container, handlers, signal, patience);
  }

  /** @throws as `EventRequests.past` */
  pastEvents(container: string, since: number, signal: AbortSignal): Promise<ContainerEvent[]> {
    return this.#events.past(container, since, signal);
  }

  /** @throws as `EventRequests.followAll` */
  readAllEvents(
    since: string | undefined,
    handlers: EventHandlers<SentEvent>,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#events.followAll(since, handlers, signal);
  }

  /** Destroys what is still connected. Resolves when nothing of it is left, or soon; never rejects. */
  close(): Promise<void> {
    return this.#link.close();
  }

  #getLogs(
    container: Pick<ContainerInfo, "id" | "name">,
    { follow, tail }: LogQuery,
    traits: EngineTraits,
    wait: ByteDeadline,
    signal: AbortSignal,
  ): Promise<Answer> {
    // Both streams, since `tail` counts before the choice of streams. Never `since`: the engine reads the log from its start for
    // it, and drops lines (docs/maintainers/engines-quirks.md).
    const parameters = {
      follow: follow ? "1" : "0",
      stdout: "1",
      stderr: "1",
      timestamps: "1",
      tail: String(tail),
      ...(this.givesAttributes(traits) ? { details: "1" } : {}),
    };
    return this.#link.get(`/containers/${container.id}/logs`, parameters, wait, signal, container);
  }
}

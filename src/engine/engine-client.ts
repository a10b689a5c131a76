import { DockspoolError } from "../errors.ts";
import type { ContainerInfo } from "../wire/records.ts";
import type { HeldBody } from "./body.ts";
import type { BodyEnd } from "./body.ts";
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
import { LogRequests } from "./log-requests.ts";
import type { LogQuery } from "./log-requests.ts";
import { Questions } from "./questions.ts";
import type { EventHandlers } from "./read-events.ts";
import type { LogHandlers } from "./read-log.ts";
import { ServiceRequests } from "./service-requests.ts";
import { traitsOf } from "./traits.ts";
import { TailBounds } from "./tail-bound.ts";
import type { EngineTraits } from "./traits.ts";

export type { EventHandlers } from "./read-events.ts";
export type { LogQuery } from "./log-requests.ts";
export type { LogHandlers } from "./read-log.ts";

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
  readonly #questions: Questions;
  readonly #identification: Identification;
  /** For details, and where it keeps its data. */
  #own: OwnInfoQuestion | undefined;
  readonly #events: EventRequests;
  readonly #logs: LogRequests;

  constructor(engine: Engine = {}, options: ClientOptions = {}) {
    this.#timeoutMs = connectTimeoutOf(engine);
    this.#link = new EngineLink(engine, this.#timeoutMs);
    this.name = options.name ?? DEFAULT_NAME;
    this.#details = options.details;
    const atOnce = options.questionsAtOnce ?? Infinity;
    this.#questions = new Questions(this.#link, this.#timeoutMs, atOnce);
    this.services = new ServiceRequests(this.#link, this.#questions, this.#timeoutMs);
    this.#events = new EventRequests(this.#link, this.#questions, this.#timeoutMs);
    this.#logs = new LogRequests(this.#link, this.#timeoutMs, options.attributes ?? false);
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
  givesAttributes(traits: EngineTraits): boolean {
    return this.#logs.giveAttributes(traits);
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

  /** The same, with where the engine keeps its data. Later inspections tell that as well. */
  async withDataRoot(inspection: Inspection, signal: AbortSignal): Promise<Inspection> {
    this.#own ??= new OwnInfoQuestion(this.#link, this.#questions);
    await this.#own.ask(signal);
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

  /** @throws as `LogRequests.read` */
  readLogs(
    container: ContainerInfo,
    query: LogQuery,
    traits: EngineTraits,
    handlers: LogHandlers,
    signal: AbortSignal,
    held?: HeldBody,
  ): Promise<BodyEnd> {
    return this.#logs.read(container, query, traits, handlers, signal, held);
  }

  /** @throws as `LogRequests.open` */
  openLogs(id: string, signal: AbortSignal): Promise<HeldBody> {
    return this.#logs.open(id, signal);
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
}

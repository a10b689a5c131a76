import { createServer, type Server } from "node:http";
import type { EngineOptions } from "../engine/engine-options.ts";
import { Api } from "./api.ts";
import { checkClock, checkEngineOptions, checkEvent, checkFault, checkSpec } from "./arguments.ts";
import { Clock } from "./clock.ts";
import { type ContainerSurroundings, ScriptedContainer } from "./container.ts";
import { EventHub } from "./event-hub.ts";
import { Exchange } from "./exchange.ts";
import { Listener } from "./listener.ts";
import { Names } from "./names.ts";
import { OpenCounts } from "./open-counts.ts";
import { headersOf, type Profile, profileOf } from "./profile.ts";
import { parseTarget } from "./route.ts";
import { TextParts } from "./text-parts.ts";
import type {
  FakeContainer,
  FakeContainerSpec,
  FakeEngineOptions,
  FakeEvent,
  FakeOpen,
  FakeRequest,
  Fault,
} from "./types.ts";

const KEPT_REQUESTS = 10_000;

/**
 * A Docker Engine in the process, over a real socket: containers with scripted logs, and faults on demand.
 *
 * @example
 * await using fake = await FakeEngine.start();
 * const web = fake.create({ name: "web" });
 * web.write("hello");
 * // connect with fake.engine
 */
export class FakeEngine implements AsyncDisposable {
  /** Asked for each request: what goes wrong with it, if anything. Where it throws, or gives what is no fault, the answer is a 500. */
  fault: ((request: FakeRequest) => Fault | undefined) | undefined = undefined;
  readonly #listener: Listener;
  readonly #surroundings: ContainerSurroundings;
  readonly #api: Api;
  readonly #open = new OpenCounts();
  readonly #requests: FakeRequest[] = [];

  private constructor(profile: Profile, server: Server, listener: Listener, clock: Clock) {
    const surroundings: ContainerSurroundings = {
      profile,
      clock,
      parts: new TextParts(profile.partBytes),
      events: new EventHub(clock),
      names: new Names(),
    };
    this.#listener = listener;
    this.#surroundings = surroundings;
    this.#api = new Api({
      profile,
      clock,
      names: surroundings.names,
      events: surroundings.events,
      open: this.#open,
      sockets: () => listener.sockets,
    });
    const headers = Object.entries(headersOf(profile));
    server.on("request", (request, response) => {
      for (const [name, value] of headers) response.setHeader(name, value);
      response.setHeader("Date", new Date(clock.now()).toUTCString());
      const { method = "GET", url = "/" } = request;
      const seen: FakeRequest = { method, path: url };
      this.#requests.push(seen);
      if (this.#requests.length >= 2 * KEPT_REQUESTS) this.#requests.splice(0, KEPT_REQUESTS);
      request.resume();
      const exchange = new Exchange(parseTarget(method, url), request, response);
      this.#api.take(exchange, () => {
        const fault = this.fault?.(seen);
        checkFault(fault);
        return fault;
      });
    });
  }

  /**
   * Listens, by default on a unix socket in a temporary directory that `close()` removes.
   *
   * @throws Error where `port` is in use; DockspoolError INVALID_OPTION, as all of its functions.
   */
  static async start(options: FakeEngineOptions = {}): Promise<FakeEngine> {
    checkEngineOptions(options);
    // Never listens itself: connections are handed to it, so that the address can be left and taken again at once.
    const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
    server.on("clientError", (_error, socket) => void socket.destroy());
    const listener = await Listener.start(options.port, (socket) => {
      server.emit("connection", socket);
    });
    const clock = new Clock(options.clockAheadMs ?? 0);
    return new FakeEngine(profileOf(options), server, listener, clock);
  }

  /**
   * By how much its clock is ahead of this machine's, in milliseconds; may be set to step it. It shows in timestamps, events,
   * `Created` and `StartedAt`, `/info`, and the `Date` header of each answer; what was written before stays as it is.
   */
  get clockAheadMs(): number {
    return this.#surroundings.clock.aheadMs;
  }

  set clockAheadMs(aheadMs: number) {
    checkClock("clockAheadMs", aheadMs);
    this.#surroundings.clock.aheadMs = aheadMs;
  }

  /** Where it listens, as `engine` options and docker-modem take it. */
  get engine(): EngineOptions {
    return this.#listener.address;
  }

  /** Now open, and the most ever open at once, as of this moment. */
  get open(): FakeOpen {
    const { follows, reads, maxFollows, maxFollowsOfOneContainer } = this.#open;
    const { sockets } = this.#listener;
    return { follows, reads, sockets, maxFollows, maxFollowsOfOneContainer };
  }

  /** The last 10,000, oldest first, as of this moment. */
  get requests(): readonly FakeRequest[] {
    return this.#requests.slice(-KEPT_REQUESTS);
  }

  /**
   * Creates a container and starts it.
   *
   * @throws Error where the name is in use.
   */
  create(spec: FakeContainerSpec): FakeContainer {
    checkSpec(spec);
    return new ScriptedContainer(spec, this.#surroundings);
  }

  /** @throws Error where there is none, or none any more. */
  container(name: string): FakeContainer {
    const container = this.#surroundings.names.byName(name);
    if (container === undefined) throw new Error(`No such container: ${name}`);
    return container;
  }

  /** Tells whoever listens to its events, and keeps it with the latest 256 events. */
  event(event: FakeEvent): void {
    checkEvent(event);
    this.#surroundings.events.emitOther(event);
  }

  /** It keeps no event that has happened, as an engine that has started again. */
  forgetEvents(): void {
    this.#surroundings.events.forget();
  }

  /** Destroys the connections of the open /events requests. */
  cutEvents(): void {
    this.#api.cutEvents();
  }

  /** Refuses connections, and destroys those that there are, until `restore()`. */
  outage(): void {
    this.#listener.leave();
  }

  /** Listens on the same address again; without effect where there is no outage. */
  restore(): void {
    this.#listener.resume();
  }

  /** Cuts every connection, stops listening, and removes what it made on disk. May be called again. */
  close(): Promise<void> {
    return this.#listener.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

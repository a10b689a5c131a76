import { IncomingMessage } from "node:http";
import { DockspoolError } from "../errors.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { deadline } from "../lifetime/deadline.ts";
import type { Deadline } from "../lifetime/deadline.ts";
import { findAddress, showAddress } from "./address.ts";
import { readBody, readText } from "./body.ts";
import type { BodyEnd, TakeChunk } from "./body.ts";
import { DEFAULT_CONNECT_TIMEOUT_MS, isModem } from "./engine-options.ts";
import type { Engine } from "./engine-options.ts";
import { EventDecoder } from "./events.ts";
import type { ContainerEvent } from "./events.ts";
import { notDocker, refused, unreachable } from "./failures.ts";
import type { About } from "./failures.ts";
import { parseInspection, parseNames } from "./inspection.ts";
import type { Inspection } from "./inspection.ts";
import { connectLike, connectTo } from "./modem.ts";
import type { Connection } from "./modem.ts";
import { traitsOf } from "./traits.ts";
import type { EngineTraits } from "./traits.ts";

/** Always both streams: the engine filters after `tail`, and a position must outlive a choice of streams. */
export interface LogQuery {
  readonly follow: boolean;
  /** The last so many entries, or "all". */
  readonly tail: number | "all";
}

type Query = Readonly<Record<string, string>>;

const MAX_JSON_BYTES = 64 * 1024 * 1024;
/** docker-modem makes errors of other statuses and loses the headers with them; they are read here. */
const everyStatus: Readonly<Record<number, true>> = Object.fromEntries(
  Array.from({ length: 500 }, (_, index) => [index + 100, true]),
);

/** What we ask of an engine, over docker-modem. */
export class EngineClient {
  readonly #engine: Engine;
  readonly #timeoutMs: number;
  #connection: Connection | undefined;
  #address: string;
  #tried: readonly string[] = [];

  constructor(engine: Engine = {}) {
    this.#engine = engine;
    this.#address = isModem(engine) ? "the given modem's engine" : "the engine";
    this.#timeoutMs =
      (isModem(engine) ? undefined : engine.connectTimeoutMs) ?? DEFAULT_CONNECT_TIMEOUT_MS;
  }

  /** How many sockets are open; 0 where the caller's own agent holds them. */
  get sockets(): number {
    return this.#connection?.agent?.openSockets() ?? 0;
  }

  /** Where it connects to, for people. */
  get address(): string {
    return this.#address;
  }

  /**
   * The names of the running containers, the newest first.
   *
   * @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE
   */
  async list(signal: AbortSignal): Promise<string[]> {
    const wait = deadline(this.#timeoutMs, signal);
    try {
      const response = await this.#get("/containers/json", {}, wait, signal);
      const text = await this.#text(response, wait, signal);
      const names = parseNames(json(text));
      if (names === undefined) throw notDocker(this.#address, text);
      return names;
    } finally {
      wait.release();
    }
  }

  /** @throws DockspoolError CONTAINER_NOT_FOUND, ENGINE_UNREACHABLE, ENGINE_RESPONSE */
  async inspect(container: string, signal: AbortSignal): Promise<Inspection> {
    const wait = deadline(this.#timeoutMs, signal);
    try {
      const path = `/containers/${encodeURIComponent(container)}/json`;
      const response = await this.#get(path, {}, wait, signal, { name: container });
      const text = await this.#text(response, wait, signal);
      const inspection = parseInspection(json(text), traitsOf(response.headers), "default");
      if (inspection === undefined) throw notDocker(this.#address, text);
      return inspection;
    } finally {
      wait.release();
    }
  }

  /**
   * Reads a container's log. `opened` is awaited when the engine has answered; the result says how the body ended, after
   * response and socket are closed.
   *
   * @throws DockspoolError as `inspect`, and LOGS_UNREADABLE; what `take` throws; the signal's reason
   */
  async readLogs(
    container: ContainerInfo,
    query: LogQuery,
    traits: EngineTraits,
    handlers: { readonly opened: () => void | Promise<void>; readonly take: TakeChunk },
    signal: AbortSignal,
  ): Promise<BodyEnd> {
    const patient = query.follow && traits.headersWithFirstLine;
    const wait = deadline(patient ? undefined : this.#timeoutMs, signal);
    try {
      const path = `/containers/${container.id}/logs`;
      const parameters = {
        follow: query.follow ? "1" : "0",
        stdout: "1",
        stderr: "1",
        timestamps: "1",
        tail: String(query.tail),
      };
      const response = await this.#get(path, parameters, wait, signal, container);
      wait.met();
      await handlers.opened();
      return await readBody(response, handlers.take, wait.signal);
    } finally {
      wait.release();
    }
  }

  /** Hands over a container's events as they come, or those of a span of time. Resolves when the engine ends the stream. */
  async readEvents(
    container: string,
    handlers: { readonly opened: () => void; readonly event: (event: ContainerEvent) => void },
    signal: AbortSignal,
    span: { readonly since?: string; readonly until?: string } = {},
  ): Promise<void> {
    const wait = deadline(this.#timeoutMs, signal);
    try {
      const filters = JSON.stringify({ type: ["container"], container: [container] });
      const response = await this.#get("/events", { ...span, filters }, wait, signal);
      wait.met();
      handlers.opened();
      const decoder = new EventDecoder();
      await readBody(response, (chunk) => decoder.push(chunk).forEach(handlers.event), wait.signal);
    } finally {
      wait.release();
    }
  }

  /** Destroys what is still connected. */
  close(): void {
    this.#connection?.agent?.agent.destroy();
  }

  /** An answer with status 200. */
  async #get(
    path: string,
    query: Query,
    wait: Deadline,
    signal: AbortSignal,
    about?: About,
  ): Promise<IncomingMessage> {
    const response = await this.#dial(path, query, wait, signal);
    const status = response.statusCode ?? 200;
    if (status >= 200 && status < 300) return response;
    throw refused(this.#address, status, await this.#text(response, wait, signal), about);
  }

  async #dial(
    path: string,
    query: Query,
    wait: Deadline,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    signal.throwIfAborted();
    try {
      const { modem } = (this.#connection ??= await this.#connect());
      return await dial(modem, path, query, wait.signal);
    } catch (error) {
      await this.#connection?.agent?.closed();
      throw this.#failure(error, wait, signal);
    }
  }

  async #text(response: IncomingMessage, wait: Deadline, signal: AbortSignal): Promise<string> {
    try {
      return await readText(response, MAX_JSON_BYTES, wait.signal);
    } catch (error) {
      throw this.#failure(error, wait, signal);
    }
  }

  #failure(error: unknown, wait: Deadline, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    // The address may have been found too early, before the engine's socket was there.
    if (!isModem(this.#engine) && this.#engine.socketPath === undefined)
      this.#connection = undefined;
    if (!wait.expired) return unreachable(this.#address, error, this.#tried);
    const message = `no answer within ${this.#timeoutMs} ms`;
    return unreachable(this.#address, new Error(message, { cause: error }), this.#tried);
  }

  async #connect(): Promise<Connection> {
    if (isModem(this.#engine)) return connectLike(this.#engine);
    const address = await findAddress(this.#engine);
    this.#address = showAddress(address);
    this.#tried = address.kind === "socket" ? address.tried : [];
    return connectTo(address);
  }
}

function dial(
  modem: Connection["modem"],
  path: string,
  query: Query,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const hasQuery = Object.keys(query).length > 0;
    modem.dial(
      {
        path: hasQuery ? `${path}?` : path,
        method: "GET",
        isStream: true,
        statusCodes: everyStatus,
        options: { ...query },
        abortSignal: signal,
      },
      (error, result) => {
        if (error instanceof Error) reject(error);
        else if (result instanceof IncomingMessage) resolve(result);
        else
          reject(
            new DockspoolError("ENGINE_RESPONSE", "The modem's dial() gave no HTTP response."),
          );
      },
    );
  });
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import type { IncomingMessage } from "node:http";
import type { Deadline } from "../lifetime/deadline.ts";
import { findAddress, showAddress } from "./address.ts";
import { readText } from "./body.ts";
import { dial } from "./dial.ts";
import type { Query } from "./dial.ts";
import { isModem } from "./engine-options.ts";
import type { Engine } from "./engine-options.ts";
import { refused, unreachable } from "./failures.ts";
import type { About } from "./failures.ts";
import { addressOf, connectLike, connectTo } from "./modem.ts";
import type { Connection } from "./modem.ts";

const MAX_TEXT_BYTES = 64 * 1024 * 1024;

/** The way to an engine: finds its address when it is first asked, and again when it can't be reached there. */
export class EngineLink {
  readonly #engine: Engine;
  #connection: Connection | undefined;
  /** Given up, with sockets that may still be open. */
  #former: Connection[] = [];
  #address: string;
  #tried: readonly string[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#address = isModem(engine) ? addressOf(engine) : "the engine";
  }

  /** How many sockets are open; 0 where the caller's own agent holds them. */
  get sockets(): number {
    this.#former = this.#former.filter((connection) => openSockets(connection) > 0);
    return this.#former.reduce(
      (sum, connection) => sum + openSockets(connection),
      openSockets(this.#connection),
    );
  }

  /** Where it connects to, for people. */
  get address(): string {
    return this.#address;
  }

  /**
   * An answer with status 200.
   *
   * @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE, CONTAINER_NOT_FOUND, LOGS_UNREADABLE; the signal's reason
   */
  async get(
    path: string,
    query: Query,
    wait: Deadline,
    signal: AbortSignal,
    about?: About,
  ): Promise<IncomingMessage> {
    const response = await this.#dial(path, query, wait, signal);
    const status = response.statusCode ?? 200;
    if (status >= 200 && status < 300) return response;
    throw refused(this.#address, status, await this.text(response, wait, signal), about);
  }

  /** An answer's whole body. @throws DockspoolError ENGINE_UNREACHABLE; the signal's reason */
  async text(response: IncomingMessage, wait: Deadline, signal: AbortSignal): Promise<string> {
    try {
      return await readText(response, MAX_TEXT_BYTES, wait.signal);
    } catch (error) {
      throw this.#failure(error, wait, signal);
    }
  }

  /** Destroys what is still connected. */
  close(): void {
    this.#connection?.agent?.agent.destroy();
  }

  async #dial(
    path: string,
    query: Query,
    wait: Deadline,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    signal.throwIfAborted();
    try {
      const { modem, agent } = (this.#connection ??= await this.#connect());
      return await dial(modem, path, query, wait.signal, agent !== undefined);
    } catch (error) {
      await this.#connection?.agent?.closed();
      throw this.#failure(error, wait, signal);
    }
  }

  #failure(error: unknown, wait: Deadline, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    // The address may have been found too early, before the engine's socket was there.
    if (!isModem(this.#engine) && this.#engine.socketPath === undefined) this.#forget();
    const reason: unknown = wait.expired ? wait.signal.reason : error;
    return unreachable(this.#address, reason, this.#tried);
  }

  #forget(): void {
    if (openSockets(this.#connection) > 0 && this.#connection !== undefined)
      this.#former.push(this.#connection);
    this.#connection = undefined;
  }

  async #connect(): Promise<Connection> {
    if (isModem(this.#engine)) return connectLike(this.#engine);
    const address = await findAddress(this.#engine);
    this.#address = showAddress(address);
    this.#tried = address.kind === "socket" ? address.tried : [];
    return connectTo(address);
  }
}

function openSockets(connection: Connection | undefined): number {
  return connection?.agent?.openSockets() ?? 0;
}

import type { IncomingMessage } from "node:http";
import type { DockspoolError } from "../errors.ts";
import { onAbort } from "../lifetime/abort.ts";
import { findAddress, showAddress } from "./address.ts";
import { bodyOf, readText } from "./body.ts";
import type { ByteDeadline } from "./byte-deadline.ts";
import { Contact } from "./contact.ts";
import type { Answer } from "./contact.ts";
import { dial } from "./dial.ts";
import type { Query } from "./dial.ts";
import { isModem } from "./engine-options.ts";
import type { Engine } from "./engine-options.ts";
import { parseWord } from "./engine-word.ts";
import { notDocker, refused, tooLong, unreachable } from "./failures.ts";
import type { About, Peer } from "./failures.ts";
import { addressOf, connectLike, connectTo } from "./modem.ts";
import type { Connection } from "./modem.ts";

/** So much of an answer that says no is read. */
const MAX_REFUSAL_BYTES = 8 * 1024;

/** The way to an engine: finds its address when it is first asked, and again when it can't be reached there. */
export class EngineLink {
  readonly contact: Contact = new Contact();
  readonly #engine: Engine;
  readonly #timeoutMs: number;
  #connection: Connection | undefined;
  #connecting: Promise<Connection> | undefined;
  /** Given up, with sockets that may still be open. */
  #former: Connection[] = [];
  #isClosed = false;
  #address: string;
  #tried: readonly string[] = [];

  /** `timeoutMs`: for each piece of an answer that says no. */
  constructor(engine: Engine, timeoutMs: number) {
    this.#engine = engine;
    this.#timeoutMs = timeoutMs;
    this.#address = isModem(engine) ? addressOf(engine) : "the engine";
  }

  /** How many sockets are open; 0 where the caller's own agent holds them. */
  get sockets(): number {
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
   * An answer with status 2xx.
   *
   * @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE, CONTAINER_NOT_FOUND, LOGS_UNREADABLE; the signal's reason
   */
  async get(
    path: string,
    query: Query,
    wait: ByteDeadline,
    signal: AbortSignal,
    about?: About,
  ): Promise<Answer> {
    const sentAt = Date.now();
    const response = await this.#dial(path, query, wait, signal);
    const receivedAt = Date.now();
    const status = response.statusCode ?? 200;
    const answer = { headers: response.headers, body: bodyOf(response), sentAt, receivedAt };
    if (status >= 200 && status < 300) return answer;
    // However it ends, or does not: its status says enough.
    wait.within(this.#timeoutMs, "no end of a refusal");
    wait.atMost(this.#timeoutMs, "no end of a refusal");
    const { text } = await readText(answer.body, MAX_REFUSAL_BYTES, wait.signal, () => {});
    signal.throwIfAborted();
    throw this.#refusal(answer, status, text, about);
  }

  /** An answer's whole body. @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE; the signal's reason */
  async text(
    { body }: Answer,
    path: string,
    maxBytes: number,
    wait: ByteDeadline,
    signal: AbortSignal,
  ): Promise<string> {
    const { text, end } = await readText(body, maxBytes, wait.signal, () => wait.came());
    if (end === "complete") return text;
    signal.throwIfAborted();
    if (end === "too long") throw this.tooLong(path, maxBytes);
    throw this.failure(Object.assign(new Error("cut"), { code: "ECONNRESET" }), wait, signal);
  }

  /** An answer with status 200 that is not what was asked for: an error of the engine's, or somebody else's page. */
  unexpected(answer: Answer, body: string, about?: About): DockspoolError {
    const word = parseWord(body);
    if (word === undefined) return notDocker(this.#peer, body);
    return this.#refusal(answer, word.status ?? 500, body, about);
  }

  #refusal(answer: Answer, status: number, body: string, about?: About): DockspoolError {
    const error = refused(this.#peer, status, body, about);
    // These are in its own words.
    if (error.code !== "ENGINE_RESPONSE") this.contact.answered(answer);
    return error;
  }

  tooLong(path: string, maxBytes: number): DockspoolError {
    return tooLong(this.#peer, path, maxBytes);
  }

  /** No answer, or no whole one. */
  failure(error: unknown, wait: ByteDeadline, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    return unreachable(this.#peer, wait.expired ? wait.signal.reason : error);
  }

  /** Destroys what is still connected. Resolves when nothing of it is left, or soon; never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const agents = [this.#connection, ...this.#former].flatMap((one) => one?.agent ?? []);
    await Promise.all(agents.map((agent) => agent.end()));
  }

  async #dial(
    path: string,
    query: Query,
    wait: ByteDeadline,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    signal.throwIfAborted();
    let connection: Connection | undefined;
    try {
      connection = await orAbort(this.#connected(), wait.signal);
      const { modem, agent, pathPrefix } = connection;
      return await dial(modem, pathPrefix + path, query, wait.signal, agent !== undefined);
    } catch (error) {
      await connection?.agent?.closed();
      const failure = this.failure(error, wait, signal);
      // The address may have been found too early, before the engine's socket was there, and certificates may be new.
      if (!signal.aborted && connection !== undefined) this.#forget(connection);
      throw failure;
    }
  }

  get #peer(): Peer {
    const { contact } = this;
    return { address: this.#address, wasReached: contact.answers > 0, tried: this.#tried };
  }

  /** Others may have forgotten it meanwhile. */
  #forget(connection: Connection): void {
    const engine = this.#engine;
    const isFixed =
      isModem(engine) || (typeof engine === "object" && engine.socketPath !== undefined);
    if (isFixed || connection !== this.#connection) return;
    this.#connection = undefined;
    const { agent } = connection;
    if (agent === undefined) return;
    this.#former.push(connection);
    void agent.retire().then(() => {
      this.#former = this.#former.filter((former) => former !== connection);
    });
  }

  /** One for all who ask meanwhile. */
  async #connected(): Promise<Connection> {
    if (this.#connection !== undefined) return this.#connection;
    this.#connecting ??= this.#connect();
    try {
      this.#connection = await this.#connecting;
    } finally {
      this.#connecting = undefined;
    }
    return this.#connection;
  }

  async #connect(): Promise<Connection> {
    if (isModem(this.#engine)) return connectLike(this.#engine);
    const address = await findAddress(this.#engine);
    this.#address = showAddress(address);
    this.#tried = address.kind === "socket" ? address.tried : [];
    const connection = await connectTo(address);
    // Nobody would end it.
    if (this.#isClosed) await connection.agent?.end();
    return connection;
  }
}

/** @throws what `work` throws; the signal's reason where it aborts first */
function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const unlink = onAbort(signal, () => reject(signal.reason));
    work.finally(unlink).then(resolve, reject);
  });
}

function openSockets(connection: Connection | undefined): number {
  return connection?.agent?.openSockets() ?? 0;
}

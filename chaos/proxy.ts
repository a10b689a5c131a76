import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineOptions } from "../src/index.ts";
import type { NetworkFault } from "./plan.ts";
import { Connection } from "./proxy-connection.ts";
import { Random } from "./random.ts";
import type { Readers } from "./readers.ts";

/** Stands between the collector and the engine, counts the readers, and does to connections what the faults say. */
export class ChaosProxy implements AsyncDisposable {
  readonly readers: Readers;
  readonly random: Random;
  /** Those that are in force. */
  readonly faults: Set<NetworkFault> = new Set();
  readonly #target: string;
  readonly #transport: "unix" | "tcp";
  readonly #directory = mkdtempSync(join(tmpdir(), "dp-chaos-proxy-"));
  readonly #connections = new Set<Connection>();
  #server: Server | undefined;
  #port = 0;
  maxConnections = 0;

  private constructor(target: string, transport: "unix" | "tcp", seed: number, readers: Readers) {
    this.#target = target;
    this.#transport = transport;
    this.random = new Random(seed);
    this.readers = readers;
  }

  static async start(
    target: string,
    transport: "unix" | "tcp",
    seed: number,
    readers: Readers,
  ): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(target, transport, seed, readers);
    await proxy.#listen();
    return proxy;
  }

  get engine(): EngineOptions {
    if (this.#transport === "unix") return { socketPath: this.#socketPath };
    return { protocol: "http", host: "127.0.0.1", port: this.#port };
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Returns what ends it. */
  begin(fault: NetworkFault): () => Promise<void> {
    this.faults.add(fault);
    const refused = fault.kind === "refused" ? this.#refuse() : undefined;
    for (const connection of this.#connections) connection.begin(fault);
    return async () => {
      this.faults.delete(fault);
      await refused;
      if (fault.kind === "refused" && !this.#isRefused) await this.#listen();
      for (const connection of this.#connections) connection.end(fault);
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.readers.close();
    await this.#refuse();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #isRefused(): boolean {
    return [...this.faults].some(({ kind }) => kind === "refused");
  }

  get #socketPath(): string {
    return join(this.#directory, "docker.sock");
  }

  async #listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
    this.#server = server;
    if (this.#transport === "unix") server.listen(this.#socketPath);
    else server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (typeof address === "object" && address !== null) this.#port = address.port;
  }

  async #refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server && once(server, "close");
    server?.close();
    for (const connection of this.#connections) connection.cut();
    await closed;
  }

  #accept(client: Socket): void {
    const connection = new Connection(client, this.#target, this);
    this.#connections.add(connection);
    this.maxConnections = Math.max(this.maxConnections, this.#connections.size);
    client.once("close", () => this.#connections.delete(connection));
  }
}

import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineOptions } from "../engine/engine-options.ts";

const RETRY_MS = 20;
const SOCKET_BUFFER_BYTES = 64 * 1024;
/** A unix socket's path has room for 108 bytes, on macOS for 104. */
const LONGEST_SOCKET_PATH = 100;

/** Listens on one address, which can be left and taken again, and knows every connection. */
export class Listener {
  readonly #accept: (socket: Socket) => void;
  readonly #sockets = new Set<Socket>();
  #directory: string | undefined;
  #address: EngineOptions = {};
  #server: Server | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  private constructor(accept: (socket: Socket) => void) {
    this.#accept = accept;
  }

  /** `port`: on 127.0.0.1, 0 for any; undefined: a unix socket in a directory of its own. */
  static async start(
    port: number | undefined,
    accept: (socket: Socket) => void,
  ): Promise<Listener> {
    const listener = new Listener(accept);
    try {
      if (port === undefined) await listener.#makeDirectory();
      else listener.#address = { host: "127.0.0.1", port, protocol: "http" };
      await listener.#listenFirst();
    } catch (error) {
      await listener.close();
      throw error;
    }
    return listener;
  }

  get address(): EngineOptions {
    return { ...this.#address };
  }

  get sockets(): number {
    return this.#sockets.size;
  }

  /** Refuses connections, and destroys those that there are. */
  leave(): void {
    clearTimeout(this.#retry);
    const server = this.#server;
    this.#server = undefined;
    server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Listens again; without effect while it does, or once closed. */
  resume(): void {
    if (this.#server !== undefined || this.#closed !== undefined) return;
    clearTimeout(this.#retry);
    const server = this.#listen();
    server.on("error", () => {
      // The port may have been taken by somebody in the meantime.
      if (this.#server !== server || server.listening) return;
      this.#server = undefined;
      this.#retry = setTimeout(() => this.resume(), RETRY_MS);
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const server = this.#server;
    const gone = [...this.#sockets, ...(server === undefined ? [] : [server])].map(
      (handle) => new Promise<void>((resolve) => void handle.once("close", () => resolve())),
    );
    this.leave();
    await Promise.all(gone);
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }

  async #makeDirectory(): Promise<void> {
    if (process.platform === "win32") {
      const name = `dockspool-${randomBytes(8).toString("hex")}`;
      this.#address = { socketPath: `\\\\.\\pipe\\${name}` };
      return;
    }
    const prefix = join(tmpdir(), "dockspool-");
    const isShort = prefix.length + "XXXXXX/engine.sock".length <= LONGEST_SOCKET_PATH;
    this.#directory = await mkdtemp(isShort ? prefix : "/tmp/dockspool-");
    this.#address = { socketPath: join(this.#directory, "engine.sock") };
  }

  async #listenFirst(): Promise<void> {
    const server = this.#listen();
    await new Promise<void>((resolve, reject) => {
      server.once("listening", resolve).once("error", reject);
    });
    const bound = server.address();
    if (bound !== null && typeof bound === "object") this.#address.port = bound.port;
  }

  #listen(): Server {
    const server = createServer({
      allowHalfOpen: true,
      highWaterMark: SOCKET_BUFFER_BYTES,
      noDelay: true,
    });
    this.#server = server;
    server.on("error", () => {});
    // With a host, listen() takes effect a tick later, perhaps after close().
    server.on("listening", () => {
      if (this.#server !== server) server.close();
    });
    server.on("connection", (socket) => {
      socket.on("error", () => {});
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      if (this.#server === server) this.#accept(socket);
      else socket.destroy();
    });
    const { socketPath, host, port } = this.#address;
    if (socketPath === undefined) return server.listen({ host, port, backlog: 4096 });
    if (this.#directory !== undefined) rmSync(socketPath, { force: true });
    return server.listen({ path: socketPath, backlog: 4096 });
  }
}

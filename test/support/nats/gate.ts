import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { NetConnectOpts, Server, Socket } from "node:net";
import { freePort } from "../free-port.ts";

/** Stands before a server, on a port of its own, and lets nothing through while it is closed. */
export class Gate implements AsyncDisposable {
  readonly port: number;
  readonly #target: NetConnectOpts;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** "closed": connections are cut and refused. "silent": they stay, and nothing passes. */
  #state: "open" | "closed" | "silent" = "open";

  private constructor(port: number, target: NetConnectOpts) {
    this.port = port;
    this.#target = target;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(target: NetConnectOpts): Promise<Gate> {
    const gate = new Gate(await freePort(), target);
    gate.#server.listen(gate.port, "127.0.0.1");
    await once(gate.#server, "listening");
    return gate;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  close(): void {
    this.#state = "closed";
    for (const socket of this.#sockets) socket.destroy();
  }

  silence(): void {
    this.#state = "silent";
    for (const socket of this.#sockets) socket.pause();
  }

  open(): void {
    this.#state = "open";
    for (const socket of this.#sockets) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    if (this.#state === "closed") {
      client.destroy();
      return;
    }
    const server = connect(this.#target);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on("data", (bytes) => to.write(bytes));
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      if (this.#state === "silent") from.pause();
    }
  }
}

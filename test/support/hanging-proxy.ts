import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request as ask } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Stands before an engine's socket. While `hang()` lasts, requests for logs are accepted and not answered, and log streams that
 * are open are silent; all else works.
 */
export class HangingProxy implements AsyncDisposable {
  readonly socketPath: string;
  readonly #target: string;
  readonly #directory: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Log streams that are open: what makes each silent. */
  readonly #open = new Set<() => void>();
  #hangs = false;

  private constructor(target: string) {
    this.#target = target;
    this.#directory = mkdtempSync(join(tmpdir(), "dp-hanging-"));
    this.socketPath = join(this.#directory, "docker.sock");
    this.#server = createServer((request, response) => this.#pass(request, response));
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(target: string): Promise<HangingProxy> {
    const proxy = new HangingProxy(target);
    proxy.#server.listen(proxy.socketPath);
    await once(proxy.#server, "listening");
    return proxy;
  }

  hang(): void {
    this.#hangs = true;
    for (const silence of this.#open) silence();
  }

  /** Requests are answered again; streams that are silent stay so. */
  release(): void {
    this.#hangs = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? "/";
    const isLog = /\/containers\/[^/]+\/logs(\?|$)/.test(path);
    if (isLog && this.#hangs) return;
    const { method } = request;
    const up = ask({ socketPath: this.#target, path, method, agent: false });
    up.on("error", () => response.destroy());
    response.on("close", () => up.destroy());
    up.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      response.flushHeaders();
      answer.on("close", () => response.destroy());
      answer.pipe(response);
      if (!isLog) return;
      const silence = (): void => {
        answer.unpipe(response);
        answer.pause();
      };
      this.#open.add(silence);
      response.on("close", () => this.#open.delete(silence));
    });
    request.pipe(up);
  }
}

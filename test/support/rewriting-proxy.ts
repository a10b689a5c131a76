import { once } from "node:events";
import { createServer, request as ask } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { EngineOptions } from "../../src/index.ts";
import type { FakeEngine } from "../../src/testing.ts";

type Json = Record<string, unknown>;

/** Stands before an engine, and says something else than it in answers that are one JSON object. */
export class RewritingProxy implements AsyncDisposable {
  /** Asked for each such answer, by its path. */
  rewrite: (path: string, answer: Json) => Json = (_, answer) => answer;
  /** Added to each `Date` header. */
  dateAheadMs = 0;
  readonly #fake: FakeEngine;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(fake: FakeEngine) {
    this.#fake = fake;
    this.#server = createServer((request, response) => this.#pass(request, response));
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(fake: FakeEngine): Promise<RewritingProxy> {
    const proxy = new RewritingProxy(fake);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get engine(): EngineOptions {
    const address = this.#server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    return { protocol: "http", host: "127.0.0.1", port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? "/";
    const { socketPath } = this.#fake.engine;
    const up = ask({ socketPath, path, method: request.method, agent: false });
    up.on("error", () => response.destroy());
    response.on("close", () => up.destroy());
    up.on("response", (answer) => {
      const isObject =
        /\/(info|json|version)(\?|$)/.test(path) && !path.includes("containers/json");
      if (isObject) void this.#answer(path, answer, response);
      else {
        response.writeHead(answer.statusCode ?? 0, { ...answer.headers, ...this.#date() });
        response.flushHeaders();
        answer.on("close", () => response.destroy());
        answer.pipe(response);
      }
    });
    up.end();
  }

  #date(): { date: string } {
    return { date: new Date(Date.now() + this.dateAheadMs).toUTCString() };
  }

  async #answer(path: string, answer: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    answer.setEncoding("utf8");
    for await (const part of answer) text += String(part);
    const { "content-length": _, "transfer-encoding": __, ...headers } = answer.headers;
    response.writeHead(answer.statusCode ?? 0, { ...headers, ...this.#date() });
    response.end(JSON.stringify(this.rewrite(path, JSON.parse(text))));
  }
}

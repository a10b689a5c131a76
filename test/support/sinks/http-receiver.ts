import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

export interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An HTTP server that keeps what is posted, and answers as it is told. */
export class HttpReceiver implements AsyncDisposable {
  readonly received: Received[] = [];
  /** The next answers, or what decides on one; 200 once they are used up. */
  readonly replies: (Reply | ((received: Received) => Reply))[] = [];
  readonly #server = createServer((request, response) => {
    void buffer(request).then((bytes) => {
      const { url = "", headers } = request;
      const isGzip = headers["content-encoding"] === "gzip";
      const received = { url, headers, body: String(isGzip ? gunzipSync(bytes) : bytes) };
      this.received.push(received);
      const next = this.replies.shift() ?? { status: 200 };
      const { status, body, headers: more } = typeof next === "function" ? next(received) : next;
      response.writeHead(status, more).end(body);
    });
  });

  static async start(): Promise<HttpReceiver> {
    const receiver = new HttpReceiver();
    await once(receiver.#server.listen(0, "127.0.0.1"), "listening");
    return receiver;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  get bodies(): string[] {
    return this.received.map(({ body }) => body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

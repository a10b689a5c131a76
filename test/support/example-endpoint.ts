import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A request's lines, and how it was answered. */
export interface Post {
  readonly status: number;
  readonly records: readonly { readonly id: string; readonly line: string }[];
}

/** An HTTP endpoint that takes NDJSON, and answers as it is told. */
export class Endpoint implements AsyncDisposable {
  readonly posts: Post[] = [];
  /** The next answers; 200 once they are used up. */
  readonly answers: number[] = [];
  readonly #server = createServer((request, response) => {
    void text(request).then((body) => {
      const status = this.answers.shift() ?? 200;
      const lines = body.split("\n").slice(0, -1);
      this.posts.push({ status, records: lines.map((line) => JSON.parse(line)) });
      response.writeHead(status).end(`answer ${status}`);
    });
  });

  static async start(): Promise<Endpoint> {
    const endpoint = new Endpoint();
    await once(endpoint.#server.listen(0, "127.0.0.1"), "listening");
    return endpoint;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/logs`;
  }

  /** Texts of the lines that were accepted. */
  get accepted(): string[] {
    return this.posts
      .filter(({ status }) => status === 200)
      .flatMap(({ records }) => records.map(({ line }) => line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

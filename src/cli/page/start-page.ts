import { createServer } from "node:http";
import type { StreamPool } from "../../pool/stream-pool.ts";
import type { LogBatch } from "../../wire/records.ts";

export interface PageOptions {
  /** What is followed, for people: the engine's address, or "demo". */
  readonly label: string;
  /** Address to listen on; default "127.0.0.1". */
  readonly host?: string;
  /** TCP port; default 0: any that is free. */
  readonly port?: number;
  /** Names in `Host` that are answered besides loopback's and the address listened on. */
  readonly allowedHosts?: readonly string[];
}

/** A running page. Disposed, it leaves no timer, socket or listener. */
export interface Page extends AsyncDisposable {
  /** Where it can be opened in a browser. */
  readonly url: string;
  /** Shows these lines, which the consumer has taken from the pool. */
  add(records: LogBatch): void;
}

/** Serves the live page of a pool. Rejects where the address can't be listened on. */
export async function startPage(pool: StreamPool, options: PageOptions): Promise<Page> {
  const { host = "127.0.0.1", port = 0, label } = options;
  const server = createServer((_, response) => response.end(`${label}: ${pool.health().status}`));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, host, resolve);
  });
  const address = server.address();
  const open = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${open}/`,
    add: () => {},
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import type { LogBatch, StreamPool } from "../../index.ts";
import { readAssets } from "./assets.ts";
import { HISTORY_MS, SAMPLE_MS } from "./history.ts";
import { Listeners, eventText } from "./listeners.ts";
import { PoolWatch } from "./pool-watch.ts";
import { RecentLines } from "./recent-lines.ts";
import { handleRequest } from "./request-handler.ts";
import { shownText } from "./shown-text.ts";

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
  /** Shows these lines, too. */
  add(records: LogBatch): void;
}

/** Between two looks for new lines. */
const LINES_MS = 250;
/** Between two looks at the pool, at most, and as a multiple of what the look took. */
const LONGEST_SAMPLE_MS = 4_000;
const PAUSE_FACTOR = 25;
/** Connections: those of pages, and of browsers that load one. */
const MAX_CONNECTIONS = 128;
/** In which a request must have come. */
const REQUEST_MS = 10_000;

/** Serves the live page of a pool. Rejects where the address can't be listened on. */
export async function startPage(pool: StreamPool, options: PageOptions): Promise<Page> {
  const { host = "127.0.0.1", port = 0, label, allowedHosts = [] } = options;
  const assets = await readAssets();
  const listeners = new Listeners();
  const lines = new RecentLines();
  const server = createServer({ headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS });
  server.maxConnections = MAX_CONNECTIONS;
  const boundPort = await listen(server, host, port);

  const watch = new PoolWatch(pool);
  const open = (response: ServerResponse): void => {
    const listener = listeners.add(response);
    const { samples } = watch;
    listener.send("hello", { label: shownText(label), historyMs: HISTORY_MS, samples });
    listener.send("overview", watch.overview());
    const { lines: last } = lines.after(0);
    listener.send("lines", { lines: last, skipped: 0 });
    listener.seen = lines.count;
  };
  const isFull = (): boolean => listeners.isFull;
  const requests = { assets, allowedHosts: [host, ...allowedHosts], isFull, listen: open };
  server.on("request", (request, response) => handleRequest(request, response, requests));

  const look = (): void => {
    const begunAt = performance.now();
    const sample = watch.sample();
    if (listeners.size > 0) {
      const text = eventText("sample", sample) + eventText("overview", watch.overview());
      for (const listener of listeners.withRoom()) listener.sendText(text);
    }
    looking = setTimeout(look, pauseAfter(performance.now() - begunAt));
  };
  let looking = setTimeout(look, SAMPLE_MS);
  const showing = setInterval(() => {
    for (const listener of listeners.withRoom()) {
      if (listener.seen === lines.count) continue;
      listener.send("lines", lines.after(listener.seen));
      listener.seen = lines.count;
    }
  }, LINES_MS);

  return {
    url: `http://${shownHost(host)}:${boundPort}/`,
    add: (records) => lines.add(records),
    async [Symbol.asyncDispose]() {
      clearTimeout(looking);
      clearInterval(showing);
      watch.close();
      listeners.close();
      await close(server);
    },
  };
}

/** Between looks, so that those at thousands of containers take no more than a small part of the time. */
function pauseAfter(tookMs: number): number {
  return Math.min(LONGEST_SAMPLE_MS, Math.max(SAMPLE_MS, tookMs * PAUSE_FACTOR));
}

/** Resolves to the port. */
function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

/** "Every address" is none that can be opened. */
function shownHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

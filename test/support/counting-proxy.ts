import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RequestHeads } from "./request-heads.ts";

/** What one container's log requests were. A follow has follow=1, a read has not. */
export interface ReaderCounts {
  /** Open now. */
  readonly follows: number;
  readonly reads: number;
  /** The most ever open at once. */
  readonly maxFollows: number;
  /** Follows and reads together. */
  readonly maxReaders: number;
  /** Ever opened. */
  readonly totalFollows: number;
  readonly totalReads: number;
}

type Counts = { -readonly [name in keyof ReaderCounts]: ReaderCounts[name] };

/**
 * Stands before an engine's socket, passes on what comes either way, and counts the log requests that are open at the
 * engine: from their head until the engine's side of the connection is closed.
 */
export class CountingProxy implements AsyncDisposable {
  readonly socketPath: string;
  readonly #target: string;
  readonly #directory: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #counts = new Map<string, Counts>();
  readonly #total = noCounts();
  #maxConnections = 0;

  private constructor(target: string) {
    this.#target = target;
    this.#directory = mkdtempSync(join(tmpdir(), "dp-proxy-"));
    this.socketPath = join(this.#directory, "docker.sock");
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(target: string): Promise<CountingProxy> {
    const proxy = new CountingProxy(target);
    proxy.#server.listen(proxy.socketPath);
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** By the id or name that the requests named it with. */
  counts(container: string): ReaderCounts {
    return { ...this.#countsOf(container) };
  }

  /** Of all containers together. */
  get total(): ReaderCounts {
    return { ...this.#total };
  }

  /** The most readers of any one container that were open at once. */
  get mostReadersOfOne(): number {
    return Math.max(0, ...[...this.#counts.values()].map(({ maxReaders }) => maxReaders));
  }

  /** The most connections to the engine that were open at once. */
  get maxConnections(): number {
    return this.#maxConnections;
  }

  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Cuts every connection, in the middle of whatever is on its way. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #accept(client: Socket): void {
    const engine = connect(this.#target);
    const heads = new RequestHeads();
    const open: (() => void)[] = [];
    this.#sockets.add(client).add(engine);
    this.#maxConnections = Math.max(this.#maxConnections, this.connections);
    client.on("data", (chunk: Buffer) => {
      for (const target of heads.push(chunk)) {
        const close = this.#open(target);
        if (close !== undefined) open.push(close);
      }
    });
    // No client here half-closes: one that ends has gone.
    client.once("end", () => engine.destroy());
    client.on("error", () => engine.destroy());
    client.once("close", () => {
      this.#sockets.delete(client);
      engine.destroy();
    });
    engine.on("error", () => client.destroy());
    engine.once("close", () => {
      this.#sockets.delete(engine);
      for (const close of open) close();
      // What the engine sent before its end is still passed on.
      if (engine.readableEnded) client.end();
      else client.destroy();
    });
    client.pipe(engine);
    engine.pipe(client);
  }

  /** Counts a log request; gives what counts its end. */
  #open(target: string): (() => void) | undefined {
    const url = new URL(target, "http://engine");
    const container = /^(?:\/v[\d.]+)?\/containers\/([^/]+)\/logs$/.exec(url.pathname)?.[1];
    if (container === undefined) return undefined;
    const isFollow = ["1", "true", "True"].includes(url.searchParams.get("follow") ?? "");
    const all = [this.#countsOf(decodeURIComponent(container)), this.#total];
    for (const counts of all) {
      counts[isFollow ? "follows" : "reads"] += 1;
      counts[isFollow ? "totalFollows" : "totalReads"] += 1;
      counts.maxFollows = Math.max(counts.maxFollows, counts.follows);
      counts.maxReaders = Math.max(counts.maxReaders, counts.follows + counts.reads);
    }
    return () => {
      for (const counts of all) counts[isFollow ? "follows" : "reads"] -= 1;
    };
  }

  #countsOf(container: string): Counts {
    const known = this.#counts.get(container);
    if (known !== undefined) return known;
    const none = noCounts();
    this.#counts.set(container, none);
    return none;
  }
}

function noCounts(): Counts {
  return { follows: 0, reads: 0, maxFollows: 0, maxReaders: 0, totalFollows: 0, totalReads: 0 };
}

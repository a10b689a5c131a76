import { once } from "node:events";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { expect } from "vitest";
import type { DirectConnection } from "../../src/engine/direct-connection.ts";
import { DirectSocket } from "../../src/engine/direct-socket.ts";
import { turns } from "./fake-follow.ts";
import { RawPeer } from "./raw-peer.ts";

/** In turns of the loop: what is waited for here needs no clock, and the clock stands still. */
export async function until(test: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000; turn++) {
    if (test()) return;
    await turns();
  }
  throw new Error("never came");
}

/** Whatever is on its way has arrived. */
export const settled = (): Promise<void> => turns(50);

/** A follow, with both ends of it in hand. */
export class Line implements AsyncDisposable {
  readonly reads: string[] = [];
  readonly #peer: RawPeer;
  readonly #server: Socket;
  readonly #body: DirectConnection;

  private constructor(peer: RawPeer, server: Socket, body: DirectConnection, coalesce: boolean) {
    this.#peer = peer;
    this.#server = server;
    this.#body = body;
    const data = (bytes: Buffer): void => void this.reads.push(bytes.toString());
    const end = (): void => body.destroy();
    body.divert({ data, end, broken: end }, { coalesce });
  }

  static async open(coalesce: boolean): Promise<Line> {
    let server: Socket | undefined;
    const peer = await RawPeer.start((socket) => {
      server = socket;
      socket.write("HTTP/1.0 200 OK\r\n\r\n");
    });
    const { socketPath = "" } = peer.engine;
    const client = new DirectSocket((onread) => connect({ path: socketPath, onread }));
    const asking = request({ createConnection: () => client });
    asking.on("error", () => {});
    asking.end();
    const [response] = (await once(asking, "response")) as [IncomingMessage];
    response.on("error", () => {});
    if (server === undefined) throw new Error("nobody has asked");
    const body = client.takeBody();
    if (body === undefined) throw new Error("the connection is gone");
    return new Line(peer, server, body, coalesce);
  }

  async write(text: string): Promise<void> {
    await new Promise((resolve) => this.#server.write(text, resolve));
  }

  async has(reads: number): Promise<void> {
    await until(() => this.reads.length >= reads);
    await settled();
    expect(this.reads).toHaveLength(reads);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#body.destroy();
    await this.#peer[Symbol.asyncDispose]();
  }
}

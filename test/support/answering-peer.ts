import type { Socket } from "node:net";
import type { FakeEngine } from "../../src/testing.ts";
import { askFake } from "./log-peer.ts";
import { RawPeer } from "./raw-peer.ts";

/** Writes to a request's socket what it likes; false: the fake engine answers. */
export type Own = (socket: Socket, path: string) => false | void;

/** Stands before the fake engine, and answers some requests itself. */
export class AnsweringPeer implements AsyncDisposable {
  own: Own = () => false;
  readonly #peer: RawPeer;

  private constructor(peer: RawPeer) {
    this.#peer = peer;
  }

  static async start(fake: FakeEngine, own?: Own): Promise<AnsweringPeer> {
    let answer = (_socket: Socket, _path: string): void => {};
    const peer = new AnsweringPeer(await RawPeer.start((socket, path) => answer(socket, path)));
    if (own !== undefined) peer.own = own;
    answer = (socket, path) => {
      if (peer.own(socket, path) === false) askFake(fake, path, socket).pipe(socket);
    };
    return peer;
  }

  get engine(): RawPeer["engine"] {
    return this.#peer.engine;
  }

  get connections(): number {
    return this.#peer.connections;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#peer[Symbol.asyncDispose]();
  }
}

/** A whole answer, with no header but those given. */
export function respond(
  socket: Socket,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  socket.end(`HTTP/1.1 ${status} Something\r\n${length}${lines.join("")}\r\n${body}`);
}

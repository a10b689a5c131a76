import { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { DirectConnection } from "./direct-connection.ts";
import type { OnRead } from "./direct-connection.ts";

/**
 * What Node's HTTP client has of a connection until the response's head is there. Then `takeBody` ends it, and all that Node keeps of a
 * request goes with it: a follow may last for days.
 */
export class DirectSocket extends Duplex {
  #connection: DirectConnection | undefined;

  /** `connect` makes the socket beneath it, with these options for its reads. */
  constructor(connect: (onread: OnRead) => Socket) {
    super({ allowHalfOpen: false });
    this.#connection = new DirectConnection(connect, {
      head: (bytes) => this.push(bytes),
      ended: () => void this.push(null),
      failed: (error) => void this.destroy(error),
      closed: () => void this.destroy(),
    });
  }

  /** The connection, which goes on without this; undefined where it was taken before, or destroyed. */
  takeBody(): DirectConnection | undefined {
    const connection = this.#connection;
    if (connection === undefined || this.destroyed) return undefined;
    connection.detach();
    this.#connection = undefined;
    this.destroy();
    return connection;
  }

  override _read(): void {
    this.#connection?.resume();
  }

  override _write(
    chunk: Buffer,
    encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    if (this.#connection === undefined) callback();
    else this.#connection.socket.write(chunk, encoding, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (this.#connection === undefined) callback();
    else this.#connection.socket.end(callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const connection = this.#connection;
    if (connection === undefined || connection.socket.closed) return callback(error);
    connection.socket.once("close", () => callback(error));
    connection.destroy();
  }
}

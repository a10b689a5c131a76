import { connect as connectTcp, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ConnectionOptions } from "node:tls";
import { messageOf } from "../../errors.ts";
import { onAbort, unlessAborted } from "../../lifetime/abort.ts";

/** How long a server has to refuse us behind a handshake, at the least. */
const REFUSAL_MS = 300;
/** The same, in times that the handshake took. */
const REFUSAL_HANDSHAKES = 3;

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly tls: ConnectionOptions | undefined;
}

/** One connection, made when it is needed, and again where it was lost. It keeps no process alive while nothing is written. */
export class Connection {
  readonly #address: Address;
  #socket: Socket | undefined;

  constructor(address: Address) {
    this.#address = address;
  }

  /**
   * Resolves when the operating system has taken the text.
   *
   * @throws where there is no connection; the signal's reason. Then the connection is closed, since part of the text may have gone
   */
  async write(text: string, signal: AbortSignal): Promise<void> {
    const socket = await this.#connected(signal);
    const unlink = onAbort(signal, () => socket.destroy());
    socket.ref();
    try {
      await written(socket, text);
    } catch (error) {
      socket.destroy();
      signal.throwIfAborted();
      throw this.#failure(error);
    } finally {
      unlink();
      socket.unref();
    }
  }

  close(): void {
    this.#socket?.destroySoon();
    this.#socket = undefined;
  }

  async #connected(signal: AbortSignal): Promise<Socket> {
    signal.throwIfAborted();
    const known = this.#socket;
    if (known !== undefined && !known.destroyed && known.writable) return known;
    this.#socket = undefined;
    const { host, port, tls } = this.#address;
    // An address is no name of a server (RFC 6066).
    const named = isIP(host) === 0 ? { servername: host } : {};
    const socket =
      tls === undefined ? connectTcp({ host, port }) : connectTls({ ...named, ...tls, host, port });
    const unlink = onAbort(signal, () => socket.destroy());
    const begunAt = performance.now();
    try {
      await unlessAborted(opened(socket, tls === undefined ? "connect" : "secureConnect"), signal);
      if (tls !== undefined) await unlessAborted(accepted(socket, begunAt), signal);
    } catch (error) {
      socket.destroy();
      signal.throwIfAborted();
      throw this.#failure(error);
    } finally {
      unlink();
    }
    this.#keep(socket);
    return socket;
  }

  #keep(socket: Socket): void {
    socket.setKeepAlive(true, 30_000);
    // A server says nothing, but for its goodbye: a connection that it has ended would take a text and lose it.
    socket.resume();
    socket.once("end", () => socket.destroy());
    socket.unref();
    this.#socket = socket;
  }

  #failure(cause: unknown): Error {
    const { host, port } = this.#address;
    return new Error(`syslog at ${host}:${port}: ${messageOf(cause)}`, { cause });
  }
}

function opened(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, resolve);
    // Stays: an error that comes later is told by the close.
    socket.on("error", reject);
    socket.once("close", () => reject(new Error("the connection was closed")));
  });
}

/**
 * A server sees the client's certificate behind the handshake only (TLS 1.3), or checks its name then. All it can do is close the
 * connection, and what was written by then would be lost.
 */
async function accepted(socket: Socket, begunAt: number): Promise<void> {
  const ms = Math.max(REFUSAL_MS, REFUSAL_HANDSHAKES * (performance.now() - begunAt));
  let timer: NodeJS.Timeout | undefined;
  let closed: (() => void) | undefined;
  try {
    // Its end is seen by those who read.
    socket.resume();
    await new Promise<void>((resolve, reject) => {
      closed = () =>
        reject(new Error("the server ends the connection: does it want a certificate of ours?"));
      for (const event of ["end", "close"]) socket.once(event, closed);
      timer = setTimeout(resolve, ms);
    });
  } finally {
    clearTimeout(timer);
    if (closed !== undefined) for (const event of ["end", "close"]) socket.off(event, closed);
  }
}

/** Resolves when the operating system has taken all of it. */
async function written(socket: Socket, text: string): Promise<void> {
  let closed: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      closed = () => reject(new Error("the connection was closed"));
      socket.once("close", closed);
      socket.write(text, (error) => {
        if (error instanceof Error) reject(error);
        // Node.js calls a write of a socket that was destroyed meanwhile a success; its close tells.
        else if (!socket.destroyed) resolve();
      });
    });
  } finally {
    if (closed !== undefined) socket.off("close", closed);
  }
}

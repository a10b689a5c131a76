import type { ServerResponse } from "node:http";

/** A response's body; its socket is destroyed after `cutAfterBytes` bytes of it. */
export class Body {
  readonly #response: ServerResponse;
  #bytesLeft: number;

  constructor(response: ServerResponse, cutAfterBytes: number = Infinity) {
    this.#response = response;
    this.#bytesLeft = cutAfterBytes;
  }

  /** Sends the headers now. */
  begin(): void {
    this.#response.flushHeaders();
    if (this.#bytesLeft <= 0) this.#cutAfter(Buffer.alloc(0));
  }

  /** False: wait for "drain" of the response. */
  write(bytes: Uint8Array): boolean {
    if (this.#bytesLeft <= 0) return false;
    if (bytes.length < this.#bytesLeft) {
      this.#bytesLeft -= bytes.length;
      this.#cork();
      return this.#response.write(bytes);
    }
    this.#cutAfter(bytes.subarray(0, this.#bytesLeft));
    return false;
  }

  /** Without effect where it was cut. */
  end(): void {
    if (this.#bytesLeft > 0) this.#response.end();
  }

  /** Node.js 26 makes one chunk of all writes of a tick, unless the socket is held back already. */
  #cork(): void {
    const { socket } = this.#response;
    if (socket === null || socket.writableCorked > 0) return;
    socket.cork();
    process.nextTick(() => socket.uncork());
  }

  #cutAfter(bytes: Uint8Array): void {
    this.#bytesLeft = 0;
    this.#response.write(bytes, () => this.#response.socket?.destroy());
  }
}

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
      return this.#response.write(bytes);
    }
    this.#cutAfter(bytes.subarray(0, this.#bytesLeft));
    return false;
  }

  /** Without effect where it was cut. */
  end(): void {
    if (this.#bytesLeft > 0) this.#response.end();
  }

  #cutAfter(bytes: Uint8Array): void {
    this.#bytesLeft = 0;
    this.#response.write(bytes, () => this.#response.socket?.destroy());
  }
}

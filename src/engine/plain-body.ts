import type { IncomingMessage } from "node:http";
import type { Body, Given } from "./response-body.ts";
import { closeOf, soon } from "./closing.ts";

/** As Node's HTTP client hands it out. */
export class PlainBody implements Body {
  readonly #response: IncomingMessage;

  constructor(response: IncomingMessage) {
    this.#response = response;
    // What is wrong shows when it is read.
    response.on("error", () => response.destroy());
  }

  get isComplete(): boolean {
    return this.#response.complete;
  }

  read(given: Given, ended: () => void): void {
    const response = this.#response;
    response.on("data", (bytes: Buffer) => {
      const taking = given(bytes, [0, bytes.length]);
      if (taking === undefined) return;
      response.pause();
      void taking.then(() => response.resume());
    });
    response.once("end", ended);
    void closeOf(response).then(ended);
  }

  destroy(): void {
    this.#response.destroy();
  }

  /** A socket that the caller's agent keeps for another request is not ours to end, unless the body was given up. */
  async close(mayKeep: boolean): Promise<void> {
    const { socket, headers } = this.#response;
    await soon(closeOf(this.#response));
    if (mayKeep && this.isComplete && headers.connection !== "close") return;
    const closed = closeOf(socket);
    socket.destroy();
    await soon(closed);
  }
}

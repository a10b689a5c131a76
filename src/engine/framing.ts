import type { IncomingHttpHeaders } from "node:http";
import { ChunkedDecoder } from "../wire/chunked.ts";

/** How a response's body is framed (RFC 9112, section 6.3). */
export interface Framing {
  /** Adds to `spans` from where to where `bytes[from..to)` hold the body. @throws SyntaxError where they can't */
  push(bytes: Uint8Array, from: number, to: number, spans: number[]): void;
  /** All of the body has come, as far as its framing tells. */
  readonly isComplete: boolean;
  /** The connection's end is the body's. */
  readonly endsWithConnection: boolean;
}

export function framingOf(headers: IncomingHttpHeaders): Framing {
  const coding = headers["transfer-encoding"];
  if (coding !== undefined)
    return /(?:^|,)\s*chunked\s*$/i.test(coding) ? new Chunked() : untilClose;
  const length = headers["content-length"];
  return length === undefined ? untilClose : new Counted(Number(length));
}

class Chunked extends ChunkedDecoder implements Framing {
  readonly endsWithConnection = false;
}

class Counted implements Framing {
  readonly endsWithConnection = false;
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  get isComplete(): boolean {
    return this.#left === 0;
  }

  push(_bytes: Uint8Array, from: number, to: number, spans: number[]): void {
    const end = Math.min(to, from + this.#left);
    this.#left -= end - from;
    if (end > from) spans.push(from, end);
  }
}

const untilClose: Framing = {
  isComplete: false,
  endsWithConnection: true,
  push(_bytes, from, to, spans) {
    spans.push(from, to);
  },
};

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Body } from "./body.ts";
import type { Target } from "./route.ts";
import type { Fault } from "./types.ts";

/** One request, its answer, and what is to be taken back when either is over. */
export class Exchange {
  readonly target: Target;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly #releases: (() => void)[] = [];
  #isOver = false;

  constructor(target: Target, request: IncomingMessage, response: ServerResponse) {
    this.target = target;
    this.request = request;
    this.response = response;
    response.once("close", () => this.over());
    openOn(request.socket).add(this);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Calls `release` once the exchange is over, at once where it is. */
  onceOver(release: () => void): void {
    if (this.#isOver) release();
    else this.#releases.push(release);
  }

  body(fault: Fault | undefined): Body {
    const cut = fault !== undefined && "cutAfterBytes" in fault;
    return new Body(this.response, cut ? fault.cutAfterBytes : undefined);
  }

  json(status: number, value: unknown, fault?: Fault): void {
    const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
    this.send(status, "application/json", bytes, fault);
  }

  send(status: number, type: string, bytes: Buffer, fault?: Fault): void {
    this.response.writeHead(status, { "Content-Type": type, "Content-Length": bytes.length });
    const body = this.body(fault);
    body.begin();
    body.write(bytes);
    body.end();
  }

  /** The response is sent, or the client is gone. */
  over(): void {
    this.#isOver = true;
    openOn(this.request.socket).delete(this);
    for (const release of this.#releases.splice(0)) release();
  }
}

const open = new WeakMap<Socket, Set<Exchange>>();

/** The exchanges of a connection: a client may send its next request before it has the answer. */
function openOn(socket: Socket): Set<Exchange> {
  const known = open.get(socket);
  if (known !== undefined) return known;
  const exchanges = new Set<Exchange>();
  open.set(socket, exchanges);
  const over = (): void => {
    for (const exchange of exchanges) exchange.over();
  };
  // "end" besides "close": the client is gone as soon as it says so, before its next request is read. The socket
  // besides the response: a response that waits behind another one on its socket is never closed.
  socket.once("end", over).once("close", over);
  return exchanges;
}

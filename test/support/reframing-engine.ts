import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { EngineOptions } from "../../src/index.ts";
import type { FakeEngine } from "../../src/testing.ts";
import { RawPeer } from "./raw-peer.ts";
import type { Listening } from "./raw-peer.ts";

/** How a peer may frame an answer, or cut it into packets. */
export const framings = [
  "a chunk for each frame",
  "chunks with extensions, cut anywhere",
  "HTTP/1.0, until the connection closes",
  "a length, where the body has an end",
  "a head that comes byte by byte",
  "head, body and end in one packet, where the body has an end",
] as const;
export type Framing = (typeof framings)[number];

/** The fake engine's answers, framed as others frame theirs. */
export class ReframingEngine implements AsyncDisposable {
  readonly #peer: RawPeer;

  private constructor(peer: RawPeer) {
    this.#peer = peer;
  }

  static async start(
    fake: FakeEngine,
    framing: Framing,
    listening: Listening = "a unix socket",
  ): Promise<ReframingEngine> {
    const { socketPath = "" } = fake.engine;
    const peer = await RawPeer.start((socket, path) => {
      // As the client asks, the answer is the connection's last.
      const upstream = request({ socketPath, path, agent: false }, (response) => {
        response.on("error", () => socket.destroy());
        reframe(response, socket, framing, path.includes("follow=1") || path.includes("/events"));
      });
      upstream.on("error", () => socket.destroy());
      upstream.end();
      socket.once("close", () => upstream.destroy());
    }, listening);
    return new ReframingEngine(peer);
  }

  get engine(): EngineOptions {
    return this.#peer.engine;
  }

  get connections(): number {
    return this.#peer.connections;
  }

  /** Cuts every connection. */
  cut(): void {
    this.#peer.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]();
  }
}

function reframe(
  response: IncomingMessage,
  socket: Socket,
  framing: Framing,
  isLive: boolean,
): void {
  const server = `Server: ${String(response.headers.server)}\r\n`;
  const status = `${response.statusCode ?? 200} ${response.statusMessage ?? ""}\r\n${server}`;
  const isWhole = framing.includes("where the body has an end") && !isLive;
  if (isWhole) {
    const pieces: Buffer[] = [];
    response.on("data", (bytes: Buffer) => pieces.push(bytes));
    response.once("end", () => {
      const body = Buffer.concat(pieces);
      const head = Buffer.from(`HTTP/1.1 ${status}Content-Length: ${body.length}\r\n\r\n`);
      if (framing.startsWith("a length")) socket.write(head);
      socket.end(framing.startsWith("a length") ? body : Buffer.concat([head, body]));
    });
    return;
  }
  const untilClose = framing.startsWith("HTTP/1.0");
  const head = untilClose
    ? `HTTP/1.0 ${status}\r\n`
    : `HTTP/1.1 ${status}Transfer-Encoding: chunked\r\n\r\n`;
  if (framing.startsWith("a head")) for (const byte of head) socket.write(byte);
  else socket.write(head);
  const isOdd = framing.includes("extensions");
  let count = 0;
  response.on("data", (bytes: Buffer) => {
    count++;
    const size = `${bytes.length.toString(16)}\r\n`;
    const oddSize = `0${bytes.length.toString(16).toUpperCase()};a="b"\r\n`;
    const chunk = Buffer.concat([Buffer.from(isOdd ? oddSize : size), bytes, Buffer.from("\r\n")]);
    // Without a wait the kernel would join what is written in parts.
    const written = untilClose ? bytes : chunk;
    const cut = isOdd ? count % written.length : 0;
    if (cut > 0) socket.write(written.subarray(0, cut));
    if (!socket.write(written.subarray(cut))) {
      response.pause();
      socket.once("drain", () => response.resume());
    }
  });
  response.once("end", () =>
    socket.end(untilClose ? "" : isOdd ? "00;c\r\nA: b\r\n\r\n" : "0\r\n\r\n"),
  );
}

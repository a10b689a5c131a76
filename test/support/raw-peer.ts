import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { promisify } from "node:util";
import type { EngineOptions } from "../../src/index.ts";

export type Listening = "a unix socket" | "TCP" | "TLS";
export const listenings: readonly Listening[] = ["a unix socket", "TCP", "TLS"];

/** Answers a request by hand: writes whatever bytes it likes. `path` has its query. */
export type Answer = (socket: Socket, path: string) => void;

const HEAD_END = "\r\n\r\n";
const run = promisify(execFile);

/** A server that speaks HTTP as badly as its tests want: each byte of an answer is written by them. */
export class RawPeer implements AsyncDisposable {
  readonly #directory: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #engine: EngineOptions = {};

  private constructor(directory: string, server: Server) {
    this.#directory = directory;
    this.#server = server;
  }

  static async start(answer: Answer, listening: Listening = "a unix socket"): Promise<RawPeer> {
    const directory = await mkdtemp(join(tmpdir(), "dp-peer-"));
    const tls = listening === "TLS" ? await (certificate ??= makeCertificate()) : undefined;
    const server = tls === undefined ? createServer() : createTlsServer(tls);
    const peer = new RawPeer(directory, server);
    server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) =>
      peer.#accept(socket, answer),
    );
    if (listening === "a unix socket") {
      const socketPath = join(directory, "docker.sock");
      server.listen(socketPath);
      await once(server, "listening");
      peer.#engine = { socketPath };
    } else {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const own = tls === undefined ? { protocol: "http" as const } : { ca: tls.cert };
      peer.#engine = { host: "127.0.0.1", port, ...own };
    }
    return peer;
  }

  /** How to connect to it. */
  get engine(): EngineOptions {
    return this.#engine;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.cut();
    await closed;
    await rm(this.#directory, { recursive: true, force: true });
  }

  #accept(socket: Socket, answer: Answer): void {
    this.#sockets.add(socket);
    // One write is one packet, as far as that is in our hands.
    socket.setNoDelay(true);
    socket.once("close", () => this.#sockets.delete(socket));
    // A client may go at any moment.
    socket.on("error", () => {});
    let head = "";
    socket.on("data", (bytes: Buffer) => {
      if (head.includes(HEAD_END)) return;
      head += bytes.toString("latin1");
      if (head.includes(HEAD_END)) answer(socket, head.split(" ", 2)[1] ?? "/");
    });
  }
}

interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** One for all of a process's peers. */
let certificate: Promise<Certificate> | undefined;

/** For localhost, signed by itself. */
async function makeCertificate(): Promise<Certificate> {
  const directory = await mkdtemp(join(tmpdir(), "dp-cert-"));
  try {
    const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
    const names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const subject = ["-subj", "/CN=localhost", "-addext", names, "-days", "2"];
    await run("openssl", ["req", "-x509", ...curve, ...subject, "-keyout", key, "-out", cert]);
    return { key: await readFile(key), cert: await readFile(cert) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

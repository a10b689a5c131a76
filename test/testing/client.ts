import { once } from "node:events";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import type { FakeEngine } from "../../src/testing.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

/** Resolves with the response as soon as its headers are there. */
export async function open(
  fake: FakeEngine,
  path: string,
  method = "GET",
): Promise<IncomingMessage> {
  const { socketPath, host, port } = fake.engine;
  const address = socketPath === undefined ? { host, port } : { socketPath };
  const sent = request({ ...address, path, method, agent: false });
  return new Promise((resolve, reject) => {
    sent.once("response", resolve).on("error", reject).end();
  });
}

/** Reads a response to its end; rejects where it is cut. */
export async function drain(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function get(fake: FakeEngine, path: string, method = "GET"): Promise<Answer> {
  const response = await open(fake, path, method);
  const bytes = await drain(response);
  const { statusCode: status = 0, headers } = response;
  return { status, headers, bytes, text: bytes.toString() };
}

export async function getJson(fake: FakeEngine, path: string): Promise<unknown> {
  const json: unknown = JSON.parse((await get(fake, path)).text);
  return json;
}

/** A connection, without any HTTP on this side. */
export async function dial(fake: FakeEngine): Promise<Socket> {
  const { socketPath, port = 0 } = fake.engine;
  const socket = socketPath === undefined ? connect(port, "127.0.0.1") : connect(socketPath);
  await once(socket, "connect");
  return socket;
}

/** Collects what arrives, and waits for as much of it as is wanted. */
export class Incoming {
  #bytes: Buffer = Buffer.alloc(0);
  #chunks = 0;
  #look: () => void = () => {};
  /** How it ended; undefined while it is open. */
  #end: "clean" | "cut" | undefined;

  constructor(source: IncomingMessage | Socket) {
    source.on("data", (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#chunks += 1;
      this.#look();
    });
    source.once("end", () => this.#over("clean"));
    source.once("error", () => this.#over("cut"));
    source.once("close", () => this.#over("cut"));
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  get text(): string {
    return this.#bytes.toString("latin1");
  }

  get chunks(): number {
    return this.#chunks;
  }

  async until(test: (text: string) => boolean): Promise<string> {
    await this.#wait(() => test(this.text) || this.#end !== undefined);
    return this.text;
  }

  async ended(): Promise<"clean" | "cut"> {
    await this.#wait(() => this.#end !== undefined);
    return this.#end ?? "cut";
  }

  #over(how: "clean" | "cut"): void {
    this.#end ??= how;
    this.#look();
  }

  async #wait(test: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#look = () => {
        if (test()) resolve();
      };
      this.#look();
    });
  }
}

export interface Frame {
  readonly stream: number;
  readonly payload: string;
}

/** Takes a multiplexed stream apart; throws where a frame is incomplete. */
export function frames(bytes: Buffer): Frame[] {
  const found: Frame[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = bytes.readUInt32BE(at + 4);
    if (at + 8 + size > bytes.length) throw new Error("incomplete frame");
    const payload = bytes.toString("latin1", at + 8, at + 8 + size);
    found.push({ stream: bytes.readUInt8(at), payload });
    at += 8 + size;
  }
  return found;
}

/** The payloads of a whole log read. */
export async function payloads(fake: FakeEngine, path: string): Promise<string[]> {
  return frames((await get(fake, path)).bytes).map(({ payload }) => payload);
}

/** Polls something that cannot be awaited, such as a counter of the server's side. */
export async function eventually(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 1));
}
